#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the inputs under regressions/, each of which once broke what its name says: regressions.py [FOLDER]."""
import json
import struct
import sys
from pathlib import Path

here = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent / "regressions")


def put(harness, name, data):
    path = here / harness / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf8", "surrogateescape"))


def tokenizer(text, pattern=None, added=(), **model):
    pre = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    if pattern is not None:
        pre = {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}, pre]}
    vocab = {c: i for i, c in enumerate("abcdefghxyz0123456789STOP")}
    vocab.update({"ab": 25, "STOP": 26})
    tree = {"added_tokens": list(added), "normalizer": None, "pre_tokenizer": pre, "decoder": {"type": "ByteLevel"},
            "model": dict({"type": "BPE", "vocab": vocab, "merges": ["a b"]}, **model)}
    return "== tokenizer.json\n%s\n== text\n%s" % (json.dumps(tree), text)


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value


def pickle(key):
    """A dict of one tensor whose storage has this key."""
    return b"\0\x80\x02}(" + text(b"backbone.norm_f.weight") + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text(b"storage") + \
        b"ctorch\nFloatStorage\n" + key + text(b"cpu") + b"K\x04tQK\0(K\x04t(K\x01t\x89ccollections\nOrderedDict\n)RtRu."


put("config", "escape-in-an-error", "== config.json\n{\"a\": [\x1b[31m]}\n")
put("config", "c1-control-in-an-error", "== tokenizer_config.json\n{\"\u009b31m\": 1, \"\u009b31m\": 2}\n")
put("config", "no-limit-as-a-number", "== tokenizer_config.json\n{\"model_max_length\": 1000000000000000019884624838656, \"x\": 1e400}\n")
put("tokenizer", "control-in-an-error", "== tokenizer.json\n{\"model\": {\"type\": \"B\x12\"}}\n== text\na")
put("tokenizer", "hexadecimal-digits", tokenizer("xab yz 12F", r"\h+"))
put("tokenizer", "possessive-repeat", tokenizer("ab" * 4000, r"[^x]*+\d"))
put("tokenizer", "whole-word-is-special", tokenizer("STOP", "[A-Z]+", [{"id": 26, "content": "STOP", "special": True, "normalized": False,
                                                                     "single_word": False, "lstrip": False, "rstrip": False}], ignore_merges=True))
put("tokenizer", "byte-is-special", tokenizer("aSb", None, [{"id": 21, "content": "S", "special": True}]))
put("tokenizer", "empty-matches", tokenizer("xaab", "a|"))
put("torch", "key-is-the-lowest-number", pickle(b"\x8a\x08" + struct.pack("<q", -2**63)))
put("torch", "key-is-a-text", pickle(text(b"7")))
put("template", "no-arguments", "== template\n{{ raise_exception('a') }}\n")
put("template", "macro-without-arguments", "== template\n{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}{{ [] | join }}{{ ''.strip() }}\n")
put("template", "content-in-pieces", "== template\n{% for m in messages %}{{ m.content[:4] ~ m.content[4:] }}{{ m.content | upper | lower }}{% endfor %}\n")
put("template", "control-in-what-is-raised", "== template\n{{ raise_exception('a\x05\u009b') }}\n")
put("template", "nothing-in-a-list", "== tools\n[]\n== template\n{{ tools }}\n")
put("config", "nothing-is-rendered", "== chat_template.jinja\n{# nothing #}\n")
put("index", "a-part-elsewhere", "{\"weight_map\": {\"backbone.norm_f.weight\": \"../model-00002-of-00002.safetensors\"}}")
put("session", "stop-text-completed", bytes.fromhex(
    "8ae91794bf88cbcc1917e65bb0d835a4ef26bdea19f4cf5826ef8fc746093bc3f9e2d14e53990ed0ea98fa64291e199a749f500307c9dfdda221c6e0b3be631f"
    "d6ee754b06fdb3841cf1172a3ee2c758fac06162fde52c4ef2ed2b5a88860d77bb26"))
put("session", "stop-text-begun-before", bytes.fromhex(
    "8ae91e93637159000000000000007317e65bb0d835a4ef26bdea19f4cf5826ef8fc746093bc33d037a807d5f57903fd7f9e2"
    "d2e5ebbe0ffec25ed1fef9971b02f2ccfc4e53990ed0ea98fa64291e199a749f097bc30c500307c9dfdda221c6e0b3be631f"
    "8ae91794bf88cbcc1917e65bb0d835a4ef26bdea19f4cf5826ef8fc746093bc3f9e2d14e53990ed0783e39d75b427c6fea77"
    "ea98fa64291e199a749f500307c9dfea4f6bdda221c6e0b3be631ff29c85af64fe3436d6ee754b06fdb3841cf1172a3ee2c7"
    "58fac06162ef26bdea19f4cf5826ef8fc746093bc3f9e2d14e53990ed0783e39d75b427c6ff29c85af64fe3933958486afb8"
    "06ffea77ea98fa64291e199a749f500307c9dfdda221c61b4cbe631ff29c85af64fe3436d6ee754b06fdb3841cf117ffffff"
    "7335946fac2a3ee2c758fac06162fde52c4ef2ed2b5a88860d77ee754b06fdceb348332309b9bb2eb999a88426fde52c4ef2"
    "ed2b5a888886860d77bb260d77bb26"))
