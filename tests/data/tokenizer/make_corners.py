"""Writes corners.jsonl with the package `tokenizers`: small tokenizers, each with something that is easily read otherwise.

The first line is a tokenizer.json of the 256 bytes; each further line has what is put into it in place of its own
("changes": fields of the root, "model": fields of its model), and texts with their ids. `plain_ids`, where they differ, are the ids
when special tokens in the text count as text.
"""
import copy
import json
from pathlib import Path

from tokenizers import Tokenizer

PLAIN = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
REST = [b for b in range(256) if b not in PLAIN]
SPELLING = {b: chr(b) if b in PLAIN else chr(0x100 + REST.index(b)) for b in range(256)}
BYTES = {SPELLING[b]: b for b in range(256)}
BASE = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
        "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": BYTES, "merges": []}}

# A cut shows in the ids where a merge goes across it, so every pair of neighbouring bytes of a text has a merge.
PATTERNS = [
    (r"\h+", "xab yz 12Fg"), (r"\H+", "xab yz 12Fg"), (r"[\h]+", "xab1 q"), (r"[^\h]+", "xab1 q"), (r"[\H_]+", "xyab1_q"),
    (r"\s+", "a \u180e\u0085b\x1cc\u3000"), (r"\S+", "a\u180eb c\u00a0d"), (r"[\s,]+", "a , b\u2028,c"), (r"[^\S\n]+", "a  \n b\u00a0"),
    (r"\w+", "e\u0301a½Ⓐ_‿ x²-y"), (r"\W+", "a e\u0301 ½--"), (r"[\w']+", "e\u0301a'½Ⓐ_‿ x²"), (r"\b", "ab e\u0301c ½"), (r"\B", "ab e\u0301c"),
    (r"\d+", "1٣½2"), (r"[\D]+", "a٣½1b"),
    (r"[[:alpha:]]+", "a\u0345bⅧ1"), (r"[[:alnum:]_]+", "a\u0345٣½_"), (r"[[:upper:]]+", "AⅧⒶa"), (r"[[:lower:]]+", "aªⓐA"),
    (r"[[:blank:]]+", "a \t\u00a0\u3000b\u180e\n"), (r"[[:cntrl:]]+", "a\x01\u0085\u200bb"), (r"[[:space:]x]+", "a \u180ex\x1c\u2028"),
    (r"[[:xdigit:]]+", "xab１2"), (r"[[:digit:]]+", "1٣½"), (r"[[:word:]]+", "a_‿½"),
    (r"\p{Hiragana}+", "あーい、う"), (r"\p{Han}+", "日々〆、本"), (r"\p{^Han}+", "日々〆、本"), (r"\P{Han}+", "日々〆、本"),
    (r"[\p{Han}あ]+", "日あ、本"), (r"\p{Letter}+", "a1bc"), (r"\p{Alpha}+", "a\u03451"), (r"\p{Lu}\p{Ll}+", "aBcDe"), (r"\p{Space}", "a b"),
    (r"[]a]+", "]a]b"), (r"[^]a]+", "b]a]bb"), (r"[a-c-e]+", "abc-e-d"), (r"[-a]+", "-a-b"), (r"[a\-z]+", "a-zbz"), (r"[a&]+", "a&b&"), (r"[\b\v]+", "a\b\x0bc"),
    (r"\v", "a\x0bb\nc"), (r"\R", "a\r\nb\u2028c\x0bd"), (r"\u3042+", "ああb"), (r"\x41\x{3042}\012", "xAあ\nA"),
    (r"\p{N}{1,3}+", "1234567a"), (r"\p{N}{1,3}", "1234567a"), (r"\p{N}{1,3}?", "1234a"), (r"a{2}?", "aaaaab"), (r"a{,2}", "aaaab{,2}"), (r"a{2}{2}", "aaaaaaa"),
    (r"{a}", "b{a}a{"), (r"a++b|a+", "aabaac"), (r"(?m).+", "a\nb"), (r".+", "a\nb\rc\u2028d"), (r"^.", "ab\ncd\n"), (r".$", "ab\ncd\n"),
    (r"(?i)b|c", "ABCb"), (r"(?i-m:ab)", "aABb"), (r"(?<n>a)b", "abb"), (r"(?>a+)b", "aabab"), (r"(?<=a)b(?!c)", "abbabc"), (r"(a|b)+c", "ababcc"),
]

# What matches nothing, with everything that a Split does with what it finds.
EMPTY = [("a|", "xaay"), ("b*", "abba"), ("(?=a)", "xaab"), ("", "ab")]
BEHAVIOURS = ["Isolated", "Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext"]


def split(pattern, behaviour="Isolated", invert=False):
    return {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": pattern}, "behavior": behaviour, "invert": invert},
                                                  BASE["pre_tokenizer"]]}


def token(number, content, special=False, normalized=False, **options):
    return dict({"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": normalized,
                 "special": special}, **options)


def merges_of(*texts):
    """A vocabulary with every two neighbouring bytes of the texts, and the merges that make them."""
    vocab, merges = dict(BYTES), []
    for text in texts:
        chars = [SPELLING[b] for b in text.encode("utf8")]
        for left, right in zip(chars, chars[1:]):
            if left + right not in vocab:
                vocab[left + right] = len(vocab)
                merges.append([left, right])
    return {"vocab": vocab, "merges": merges}


def rows():
    for pattern, text in PATTERNS:
        yield "pattern " + pattern, {"pre_tokenizer": split(pattern, "Isolated")}, merges_of(text), [text]
    for pattern, text in EMPTY:
        for behaviour in BEHAVIOURS:
            for invert in (False, True):
                if pattern:
                    yield "split %s %s %s" % (pattern, behaviour, invert), {"pre_tokenizer": split(pattern, behaviour, invert)}, merges_of(text), [text]
    hole = {"vocab": {"a": 0, "b": 1, "c": 7, "d": 9}, "merges": []}
    yield "ids count on from the number of pieces", {"added_tokens": [token(10, "<x>"), token(11, "d"), token(12, "<y>")]}, hole, ["<x>d<y>cab"]
    yield "an added token with an id that is too large", {"added_tokens": [token(300, "<x>"), token(290, "<y>")]}, {}, ["<x>a<y>"]
    yield "a special token hides what lies in it", {"added_tokens": [token(256, "<s>x<t>", True), token(257, "<t>")]}, {}, ["a<s>x<t>b<t>"]
    yield "lstrip reaches up to the token before", {"added_tokens": [token(256, " \n"), token(257, "<l>", lstrip=True), token(258, "  ")]}, {}, \
        ["a \n<l>b \n <l>", "  <l>   <l>\t<l>"]
    yield "rstrip and a token of white space", {"added_tokens": [token(256, " \n"), token(257, "<r>", rstrip=True)]}, {}, ["<r> \n \nb<r>  <r>"]
    for fuse in (False, True):
        few = {"vocab": {"a": 0, "b": 1, "u": 2, "ab": 3, "uu": 4}, "merges": [["a", "b"], ["u", "u"]], "unk_token": "u", "fuse_unk": fuse}
        yield "unknown bytes, fused: %s" % fuse, {}, few, ["axxbab", "axxxbxab" * 20, "x" * 50, "x"]
    odd = {"vocab": dict(BYTES, **{"日": 256, "本": 257, "日本": 258, "ab": 259, "日a": 260}), "merges": ["日 本", "a b", "日 a"]}
    yield "merges of pieces that are no spelling of bytes", {}, odd, ["日本ab日a"]
    whole = {"vocab": dict(BYTES, xyz=256, xy=257), "merges": [["x", "y"]], "ignore_merges": True}
    yield "a whole word that no merges reach", {"pre_tokenizer": split("[a-z]+")}, whole, ["xyz xyzz xy"]
    yield "no type", {}, {"type": ..., "vocab": dict(BYTES, ab=256), "merges": [["a", "b"]]}, ["abab"]


def build(changes, model):
    tree = copy.deepcopy(BASE)
    tree.update(changes)
    tree["model"].update(model)
    tree["model"] = {k: v for k, v in tree["model"].items() if v is not ...}
    return Tokenizer.from_str(json.dumps(tree))


def main():
    with open(Path(__file__).resolve().parent / "corners.jsonl", "w", encoding="utf8") as f:
        f.write(json.dumps(BASE, ensure_ascii=False) + "\n")
        for what, changes, model, texts in rows():
            tok, cases = build(changes, model), []
            for text in texts:
                case = {"text": text, "ids": tok.encode(text, add_special_tokens=False).ids}
                tok.encode_special_tokens = True
                plain = tok.encode(text, add_special_tokens=False).ids
                tok.encode_special_tokens = False
                if plain != case["ids"]:
                    case["plain_ids"] = plain
                cases.append(case)
            if len(model.get("vocab", {})) > 256:       # written as what is more than the 256 bytes
                model = dict(model, more={k: v for k, v in model["vocab"].items() if v > 255})
                del model["vocab"]
            row = {"what": what, "changes": changes, "model": {k: v for k, v in model.items() if v is not ...}, "cases": cases}
            if ... in model.values():
                row["without"] = [k for k, v in model.items() if v is ...]
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
