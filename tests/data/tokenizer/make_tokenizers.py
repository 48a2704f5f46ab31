"""Trains the small tokenizers of this folder, one for each pipeline that Mamba-family models use.

usage: make_tokenizers.py            (needs the package `tokenizers`; reads $DATA, writes <name>/tokenizer.json)

demo/tokenizer.json belongs to the demo model and is only copied here.
"""
import json
import lzma
import os
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ["DATA"])  # see README.md

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
ALPHABET = pre_tokenizers.ByteLevel.alphabet()

# A little of many scripts, repeated, so that merges inside and across multi-byte characters exist.
MANY_SCRIPTS = [
    "日本語の文章です。東京に行きます。 中文字符测试，你好世界！ 한국어 문장입니다 안녕하세요.",
    "مرحبا بالعالم كيف حالك  שלום עולם מה שלומך  नमस्ते दुनिया कैसे हो  Привет, мир! Γειά σου Κόσμε",
    "😀😃👍🏽👩‍👩‍👧‍👦🇫🇷❤️ café naïve Ångström déjà vu … “quoted” ‘single’ — dash",
    "def f(x):\n    return x\n\n    if x:\n        y = 10\n\t\tz = 20\r\n\r\nend 1234567 2024 3.14",
]


def corpus(limit=2_500_000):
    text = lzma.open(DATA / "stories/train.txt.xz", "rt", encoding="utf8").read(limit)
    docs = text.split("\n\n") + MANY_SCRIPTS * 60
    return docs


def save(name, tokenizer, edit=None):
    (HERE / name).mkdir(exist_ok=True)
    tree = json.loads(tokenizer.to_str()) if isinstance(tokenizer, Tokenizer) else tokenizer
    if edit:
        edit(tree)
    path = HERE / name / "tokenizer.json"
    path.write_text(json.dumps(tree, ensure_ascii=False, indent=1) + "\n", encoding="utf8")
    print(name, Tokenizer.from_file(str(path)).get_vocab_size(), path.stat().st_size)


def byte_level(size, specials, pre, normalizer=None):
    t = Tokenizer(models.BPE())
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, initial_alphabet=ALPHABET, show_progress=False))
    return t


def template(bos, id_):
    return {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": bos, "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {bos: {"id": bos, "ids": [id_], "tokens": [bos]}}}


def added(id_, content, special, **options):
    row = {"id": id_, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
           "normalized": not special, "special": special}
    row.update(options)
    return row


def make_tiny():
    """NeoX's pipeline in 320 entries: small enough to be embedded in the GGUF files."""
    t = byte_level(314, ["<|endoftext|>", "<|padding|>"], pre_tokenizers.ByteLevel(add_prefix_space=False),
                   normalizers.NFC())

    def edit(tree):
        n = len(tree["model"]["vocab"])
        for i, run in enumerate((6, 5, 4, 3, 2)):
            tree["added_tokens"].append(added(n + i, " " * run, False))
        tree["model"]["merges"] = [" ".join(m) for m in tree["model"]["merges"]]  # the older spelling
        del tree["model"]["ignore_merges"], tree["model"]["byte_fallback"], tree["pre_tokenizer"]["use_regex"]
    save("tiny", t, edit)


def make_llama3():
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t = byte_level(1500, [], pre)

    def edit(tree):
        vocab = tree["model"]["vocab"]
        # whole pre-tokens that no chain of merges reaches: only ignore_merges finds them
        for word in ("Ġzyzzyva", "Ġqwertyuiop", "xkcdxkcd", "987", "æ¼¢åŃĹ", "!?!?!?"):
            vocab[word] = len(vocab)
        tree["model"]["ignore_merges"] = True
        n = len(vocab)
        names = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
        tree["added_tokens"] = [added(n + i, s, True) for i, s in enumerate(names)]
        tree["post_processor"] = {"type": "Sequence", "processors": [
            {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
            template("<|begin_of_text|>", n)]}
    save("llama3", t, edit)


def make_falcon():
    pre = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    names = [">>TITLE<<", ">>ABSTRACT<<", ">>INTRODUCTION<<", ">>SUMMARY<<", ">>COMMENT<<", ">>ANSWER<<",
             ">>QUESTION<<", ">>DOMAIN<<", ">>PREFIX<<", ">>SUFFIX<<", ">>MIDDLE<<", "<|endoftext|>"]
    t = byte_level(1500, names, pre)

    def edit(tree):
        n = len(tree["model"]["vocab"])
        tree["added_tokens"] += [added(n, "<|im_start|>", True), added(n + 1, "<|im_end|>", True)]
    save("falcon", t, edit)


def make_sentencepiece():
    """Codestral's vocabulary layout in the two spellings found on the hub."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    text = corpus()
    t.train_from_iterator(text, trainers.BpeTrainer(vocab_size=1000, show_progress=False, limit_alphabet=160))
    tree = json.loads(t.to_str())
    names = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"]
    pieces = names + ["<0x%02X>" % b for b in range(256)]
    merges = [["▁" * a, "▁" * b] for a, b in ((1, 1), (2, 2), (2, 1), (4, 4), (4, 1), (4, 2), (4, 3))]
    spaces = [a + b for a, b in merges]
    old = sorted(tree["model"]["vocab"], key=tree["model"]["vocab"].get)
    pieces += spaces + [p for p in old if p not in spaces]
    vocab = {p: i for i, p in enumerate(pieces)}
    merges += [m for m in tree["model"]["merges"] if m not in merges]
    model = dict(tree["model"], unk_token="<unk>", fuse_unk=True, byte_fallback=True, vocab=vocab, merges=merges)
    decoder = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    legacy = dict(tree, model=model, decoder=decoder, pre_tokenizer=None,
                  added_tokens=[added(i, s, True) for i, s in enumerate(names)],
                  post_processor=template("<s>", 1))
    save("spm-legacy", legacy)
    meta = dict(legacy, normalizer=None, pre_tokenizer={"type": "Metaspace", "replacement": "▁",
                                                         "prepend_scheme": "first", "split": False})
    save("spm-metaspace", meta)
    # No full byte alphabet: byte_fallback cannot help, neighbouring unknown characters become one <unk>.
    short = {p: i for i, p in enumerate(p for p in pieces if not p.startswith("<0x"))}
    unk = dict(meta, model=dict(model, vocab=short, byte_fallback=False),
               pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True})
    save("spm-unk", unk)


def make_options():
    """Every option of an added token, a prefix space, NFKC + lower case, and a Split that removes."""
    pre = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t = byte_level(900, ["<pad>", "<s>"], pre, normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]))

    def edit(tree):
        n = len(tree["model"]["vocab"])
        rows = [("<left>", True, {"lstrip": True}), ("<right>", True, {"rstrip": True}),
                ("<both>", True, {"lstrip": True, "rstrip": True}), ("word", False, {"single_word": True}),
                ("<|a", False, {"normalized": False}), ("<|ab|>", False, {"normalized": False}),
                ("Ｗide", False, {"normalized": True}), ("née", False, {"normalized": True}),
                ("<mask>", True, {"lstrip": True, "normalized": True}),
                ("İstanbul", False, {"normalized": False, "single_word": True})]
        tree["added_tokens"] += [added(n + i, s, sp, **o) for i, (s, sp, o) in enumerate(rows)]
    save("options", t, edit)


def make_gpt4():
    """GPT-4's split (possessive quantifiers), digits one by one afterwards, NFD normaliser, Removed/With* behaviours."""
    gpt4 = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(gpt4), "removed", invert=True),
                                   pre_tokenizers.Digits(individual_digits=True),
                                   pre_tokenizers.Split("-", "merged_with_previous"),
                                   pre_tokenizers.Split(Regex("[=#]+"), "merged_with_next"),
                                   pre_tokenizers.Punctuation("isolated"),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t = byte_level(1100, ["<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"], pre, normalizers.NFD())
    save("gpt4", t)


if __name__ == "__main__":
    make_tiny()
    make_llama3()
    make_falcon()
    make_sentencepiece()
    make_options()
    make_gpt4()
