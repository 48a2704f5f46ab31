"""The texts of the tokenizer vectors: a fixed list of edge cases and a generator of random mixtures.

A case is (kind, text). `specials` are the contents of the added tokens of the tokenizer at hand.
"""
import json
import lzma
import os
import random
from pathlib import Path

DATA = Path(os.environ["DATA"])  # a folder with stories/, wikitext-2/ and chat/, see README.md

FAMILY = "👨‍👩‍👧‍👦"
SCRIPTS = {
    "cjk": ["日本語", "日本語の文章です。", "漢字かな交じり文、カタカナ！", "中文字符测试，你好世界！", "繁體中文「引號」", "안녕하세요 세계",
            "ｶﾀｶﾅ ﾊﾝｶｸ", "全角ＡＢＣ１２３", "𠮷野家 𩸽 𪚥", "日本 語 ", "漢字", "㍿ ㌔ ㍻", "〇一二三 百 ３０"],
    "arabic": ["مرحبا بالعالم", "السَّلَامُ عَلَيْكُمْ", "العدد ١٢٣٤٥ و 678", "لا إله ﷺ ﷽", "ﻻ ﻼ", "abc مرحبا def"],
    "hebrew": ["שלום עולם", "בְּרֵאשִׁית בָּרָא", "א״ב ג׳", "ש\u05c1\u05b0", "שּׁ"],
    "devanagari": ["नमस्ते दुनिया", "हिन्दी में १२३", "क्षत्रिय ज्ञान", "क़ ख़ \u0958", "\u0915\u093c"],
    "other-scripts": ["Привет, мир! Ёлка ё", "Γειά σου Κόσμε ΐ Σίσυφος ς", "สวัสดีชาวโลก", "ሰላም ልዑል", "ᏣᎳᎩ", "𐌀𐌁𐌂", "𞤀𞤣𞤤𞤢𞤥",
                      "İstanbul ıI iİ", "ßẞ ﬁ ﬂ ſ", "თბილისი ᲗᲑᲘᲚᲘᲡᲘ", "Ⅷ ⅷ ½ ² ₃ ①⑳ 𝟙𝟚 ௧௨ ၁၂"],
    "emoji": ["😀", "😀😃😄", FAMILY, "👩‍👩‍👧", "👍🏽 👍🏿", "🏳️‍🌈 🏴‍☠️", "🇫🇷🇩🇪🇯", "❤️ ❤ ☺️", "1️⃣ #️⃣ *️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "a😀b😀 c", "🧑🏻‍❤️‍💋‍🧑🏿",
              "🫠🫨🪿", "😀\u200d", "\u200d😀", "👨\u200d", "😀 😀  😀"],
    "combining": ["e\u0301", "\u00e9", "cafe\u0301 caf\u00e9", "A\u030a \u00c5 \u212b", "a\u0300\u0316", "a\u0316\u0300", "q\u0323\u0307 q\u0307\u0323",
                  "\u1e9b\u0323", "\u2126 \u03a9", "\uac00\u11a8 \u1100\u1161\u11a8 각", "\u0301", "\u0301abc", " \u0301 \u0301", "n\u0303o\u0308u\u0308",
                  "Z\u0351\u036b\u0343\u0313\u0306\u0312\u0300\u0324A\u0327\u0308L\u0337G\u0321O\u035c", "\u0344 \u0308\u0301", "\u1100\u1161", "o\u0302\u0323 ộ",
                  "<|endoftext|>\u0301e", "e<|endoftext|>\u0301", "ﬁ ﬀ ™ ① Å", "\u0f73 \u0f71\u0f72", "\U0001d15e \U0001d157\U0001d165", "\u2adc",
                  "a" + "\u0301" * 40 + "b"],
}

SPACES = [" ", "  ", "   ", " " * 7, " " * 23, " " * 24, " " * 25, " " * 49 + "x", "a" + " " * 30 + "b", " a", "  a", "   a", "a ", "a  ", "a   b", " a  b   c ",
          "\n", "\n\n", "\n\n\n", "\n" * 9, "a\nb", "a\n\nb", "a\n \nb", "a \n b", "  \n", "\n  ", "x   \n  y", "\t", "\t\t", "a\tb", "\t a", " \t", "a\t\tb \t c",
          "\r\n", "\r\n\r\n", "a\r\nb\r\n\r\nc", "\r", "a\rb", "\n\r", "a \r\n b", " \r\n\r\n  x", "a\n\n\r\nb", "\x0b\x0c", "a\x0bb\x0cc", "a\u00a0b", "a\u00a0\u00a0b",
          "\u2003\u2003x", "a\u2028b\u2029c", "a\u3000b\u3000\u3000c", "a\u202fb\u205f\u205fc\u1680d", "a\u0085b", "\u180e\u180ea", "a\u200bb\u200b", "\ufeffa\ufeff",
          " \n \n \n", "  \t\n\t  ", "a   \n\n\n   b", "    indent\n        more\n\tback"]

CONTRACTIONS = ["I'm you're he's we'll they've I'd don't", "I'M YOU'RE HE'S WE'LL THEY'VE I'D DON'T", "'s't're've'm'll'd", " 's 't 're 've 'm 'll 'd", "it's's", "''s", "'", "''",
                "'sa 'ta 'rest", "I\u2019m don\u2019t", "rock'n'roll o'clock y'all'd've", "'S 'T 'RE", "a'b'c", "'\u017f 'ſ", "he'S she'LL i'Ve", "x 's y", "'d\n'm", "l'été d'accord"]

DIGITS = ["0", "1", "12", "123", "1234", "12345", "123456", "1234567", "1234567890123456789012", " 1 22 333 4444", "3.14159 1,000,000.00", "a1b22c333d4444", "1a 2b", "٣٤٥ १२३ ४५६७",
          "½¼¾ ²³ Ⅷ ⅻ", "1 234 567", "0x1F 0b101 1e-9", "2024-05-31T12:34:56Z", "100% $5.00 #1", "१२३4५६", "1\n2\n3", "00000000", "12½34", "９９９９ 9999"]

ASCII = ["", "a", "Hello world", "Hello  world", " Hello world", "Hello world ", "The quick brown fox jumps over the lazy dog.", "ALL CAPS HERE", "camelCaseAndPascalCase snake_case kebab-case",
         "!", "!!!", "...", "?!?!?!", "a.b,c;d:e", "(a)[b]{c}<d>", "http://example.com/a?b=c&d=e#f", "user@example.com", "C++ C# F# .NET", "def f(x):\n    return x\n\n        y",
         "#include <stdio.h>\nint main(void) { return 0; }\n", "{\"a\": [1, 2.5, null], \"b\": \"c\\n\"}", "<html><body>x</body></html>", "a=b==c===d", "--- *** ___ ~~~", "`code` ``` fence ```", "\\n \\t \\\\",
         "a/b\\c|d", "$x = \"y\";", "x^2 + y_1 - z*w", " .", ". ", " . ", "a . b", "\"quoted\" 'single' “curly” ‘single’", "em—dash en–dash … ellipsis", "•bullet ·dot", "a-b -c d- -", "=== ### =#=", "word-", "x=#y",
         "zyzzyva zyzzyva qwertyuiop xkcdxkcd !?!?!?", "987 987987", "<|a", "<|ab|>", "<|ab|", "<|a b|>", "word words sword word. word-word (word) _word word_", "wordword word", "Ｗide wide Ｗ", "née nÉe NÉE ne\u0301e née.",
         "İstanbul xİstanbul İstanbulx", "<left> <right> <both> <mask>", "a   <left>   b   <right>   c   <both>   d", "<unk> <s> </s>", "<pad><pad> <pad>", "[INST] Hello [/INST] Hi</s>",
         "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", "<|user|>\nHi<|endoftext|>\n<|assistant|>\n", "<0x41> <0x0A>", "▁", "▁▁a ▁b", "a▁b", " ▁ ", "Ġ Ċ ĠĠ", "Ā ġ"]

CONTROL = ["\u0000", "a\u0000b", "\u0000\u0000", " \u0000 ", "\u0001\u0002\u001f", "\u007f", "\u0080\u009f", "a\u001cb\u001db\u001eb\u001fb", "\u001b[31mred\u001b[0m", "\u0008\u0007", "\ufffd", "a\ufffdb\ufffd\ufffd",
           "\ufffe\uffff", "\ud7ff\ue000", "\U0010ffff\U0010fffe", "\U00010000", "\uffff\U00010000", "\ue000\uf8ff", "\U000f0000", "\ufdd0\ufdef", "\u00ad", "a\u00adb", "\u2060\u200e\u200f", "\u202aabc\u202c",
           "\U000e0001\U000e0061"]

NEW_LETTERS = ["\u1c89\u1c8a", "\ua7cb\ua7da x", "\U00010d4a\U00010d50", "\U0001e5d0\U0001e5f1", "\U000105c0", "\U00016d63\U00016d40"]

ATOMS = ["the", " and", " of", "Rabbit", "'s", "'ll", "n't", " 're", "I", " I'm", "0", "12", "345", "6789", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", ".", ",", "!", "?", "...", "\"", "'", "(", ")", "{", "}", "[", "]", "<", ">",
         "|", "<|", "|>", "-", "--", "_", "=", "==", "/", "\\", "@", "#", "$", "%", "^", "&", "*", "+", "~", "`", "é", "e\u0301", "ñ", "ü", "ß", "Å", "\u212b", "日", "本", "語", "あ", "カ", "한", "글", "ع", "ل", "ש", "ם", "न", "\u094d", "म",
         "ё", "Ж", "Ω", "\u2126", "😀", "👍🏽", FAMILY, "❤️", "\u200d", "\ufe0f", "\u0301", "\u0316", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b", "\ufeff", "\u0000", "\u001f", "½", "Ⅷ", "²", "٣", "१", "𝟙", "𠮷", "\U0010ffff", "▁", "Ġ",
         "x", "Q", "zz", "ing", "ed", "un", "word"]


def long_cases():
    """(unit, count): the text is the unit, count times."""
    mix = "".join(chr(97 + (i * i * i // 7 + i) % 26) for i in range(2000))
    return [(mix, 1), (" " + mix[::-1] + " tail", 1), ("é", 2000), ("日本", 1000), ("😀", 500), ("1234567890", 200), ("ab ", 700),
            ("e\u0301", 1500), ("a", 10000), (" ", 10000), ("\n", 10000), ("!", 10000), ("-=", 5000), ("7", 10000), ("\r\n", 5000),
            ("x  ", 3000), ("'s", 3000), ("\u0301", 3000), ("日", 10000), ("\u0000", 3000)]


def fixed_cases(specials):
    for group, kind in ((ASCII, "ascii"), (SPACES, "spaces"), (CONTRACTIONS, "contractions"), (DIGITS, "digits"), (CONTROL, "control"), (NEW_LETTERS, "new-letters")):
        for text in group:
            yield kind, text
    for kind, group in SCRIPTS.items():
        for text in group:
            yield kind, text
    for s in specials[:14]:
        if len(s.strip()) == 0:
            continue
        for text in (s, "a" + s + "b", "a " + s + " b", s + s, "x  " + s + "\n\n" + s + "  y", s[:-1], s + "\u0301", s.upper()):
            yield "specials", text
    yield "specials", "".join(specials)
    yield "specials", " ".join(specials)
    yield "specials", "text".join(reversed(specials))


def corpora():
    stories = lzma.open(DATA / "stories/valid.txt.xz", "rt", encoding="utf8").read()
    wiki = (DATA / "wikitext-2/test.txt").read_text(encoding="utf8")
    chat = []
    for line in open(DATA / "chat/ultrachat_small.jsonl", encoding="utf8"):
        row = json.loads(line)
        chat.append("".join("<|%s|>\n%s<|endoftext|>\n" % (m["role"], m["content"]) for m in (row.get("messages", row) if isinstance(row, dict) else row)))
    return [stories, wiki, "\n".join(chat)]


def random_cases(rng, specials):
    """An endless stream: slices of real text, mixtures of atoms, and both with special tokens sprinkled in."""
    texts = corpora()
    while True:
        what = rng.random()
        if what < 0.35:
            source = rng.choice(texts)
            at = rng.randrange(len(source) - 700)
            yield "slice", source[at:at + rng.randrange(5, 300)]
        elif what < 0.8:
            yield "mixture", "".join(rng.choice(ATOMS) for _ in range(rng.randrange(2, 30)))
        elif what < 0.92 and specials:
            parts = [rng.choice(specials) if rng.random() < 0.3 else rng.choice(ATOMS) for _ in range(rng.randrange(3, 20))]
            yield "mixture-specials", "".join(parts)
        else:
            points = []
            while len(points) < rng.randrange(3, 25):
                c = rng.randrange(0x20, rng.choice([0x80, 0x250, 0x3000, 0xFFFF, 0x1FFFF]))
                if not 0xD800 <= c <= 0xDFFF:
                    points.append(chr(c))
            yield "random-points", "".join(points)
