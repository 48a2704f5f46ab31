"""Writes <name>.jsonl, <name>.long.jsonl and <name>.stream.jsonl for every tokenizer of this folder, with the package `tokenizers`.

usage: make_vectors.py [--seed N] [--out FOLDER] [--random-only] [--lines 400]
"""
import argparse
import codecs
import json
import random
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

import cases

HERE = Path(__file__).resolve().parent
FILES = {"neox": HERE / "neox/tokenizer.json", "demo": HERE.parent.parent.parent / "models/demo/tokenizer.json"}
FILES.update({p.parent.name: p for p in sorted(HERE.glob("*/tokenizer.json"))})


def byte_alphabet():
    plain = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    rest = [b for b in range(256) if b not in plain]
    table = {chr(b): b for b in plain}
    table.update({chr(0x100 + i): b for i, b in enumerate(rest)})
    return table


ALPHABET = byte_alphabet()


def runs(ids, longest=60):
    """Codes a list as [[ids, times], ...]: at each place the period that covers most."""
    out, at = [], 0
    while at < len(ids):
        best, cover = 1, 1
        for period in range(1, longest + 1):
            end = at + period
            while end < len(ids) and ids[end] == ids[end - period]:
                end += 1
            times = (end - at) // period
            if times > 1 and times * period > cover:
                best, cover = period, times * period
        if cover == 1 and out and out[-1][1] == 1:
            out[-1][0].append(ids[at])
        else:
            out.append([ids[at:at + best], cover // best])
        at += cover
    assert sum((r * n for r, n in out), []) == ids
    return out


class Bench:
    """One tokenizer and what the vectors ask of it."""

    def __init__(self, path):
        self.tree = json.loads(Path(path).read_text(encoding="utf8"))
        self.tok = Tokenizer.from_file(str(path))
        self.specials = [a["content"] for a in self.tree["added_tokens"]]
        self.byte_level = self.tree["decoder"]["type"] == "ByteLevel"
        self.added = {self.tok.token_to_id(c): c for c in self.specials}

    def row(self, kind, text):
        plain = self.tok.encode(text, add_special_tokens=False).ids
        row = {"kind": kind, "text": text, "ids": plain, "decoded": self.tok.decode(plain, skip_special_tokens=False)}
        skip = self.tok.decode(plain, skip_special_tokens=True)
        if skip != row["decoded"]:
            row["decoded_skip_special"] = skip
        full = self.tok.encode(text, add_special_tokens=True).ids
        if full != plain and kind in ("ascii", "specials", "slice"):
            row["ids_with_template"] = full
        self.tok.encode_special_tokens = True
        raw = self.tok.encode(text, add_special_tokens=False).ids
        self.tok.encode_special_tokens = False
        if raw != plain:
            row["ids_no_special_parsing"] = raw
        return row

    def long_row(self, unit, count):
        """A long text in short: ids_runs is a list of [ids, times]."""
        text = unit * count
        ids = self.tok.encode(text, add_special_tokens=False).ids
        return {"kind": "long", "unit": unit, "count": count, "n_ids": len(ids), "ids_runs": runs(ids),
                "decoded_is_text": self.tok.decode(ids, skip_special_tokens=False) == text}

    def id_bytes(self, i):
        """The bytes that one id of a byte-level tokenizer stands for."""
        token = self.tok.id_to_token(i)
        if token is None:
            return b""
        if i not in self.added and all(c in ALPHABET for c in token):
            return bytes(ALPHABET[c] for c in token)
        return token.encode("utf8")

    def stream(self, kind, ids):
        row = {"kind": kind, "ids": ids, "decoded": self.tok.decode(ids, skip_special_tokens=False)}
        if self.byte_level:
            decoder = codecs.getincrementaldecoder("utf8")("replace")
            row["pieces"] = [decoder.decode(self.id_bytes(i)) for i in ids]
            row["flush"] = decoder.decode(b"", True)
            if "".join(row["pieces"]) + row["flush"] != row["decoded"]:
                row["note"] = "pieces follow krait's rule (added tokens verbatim); `tokenizers` decodes them differently"
        hf, pieces = DecodeStream(skip_special_tokens=False), []
        try:
            for i in ids:
                pieces.append(hf.step(self.tok, i))
            row["hf_pieces"] = pieces
        except Exception as e:  # the package gives up on some invalid streams
            row["hf_error"] = str(e)[:80]
        return row


STREAM_TEXTS = ["Hi 😀!", "👨‍👩‍👧‍👦 family", "日本語のテキスト", "क्षत्रिय", "مرحبا", "naïve café", "🇫🇷🇩🇪", "👍🏽", "𠮷野家", "a\u0000b", " leading", "  two", "\n\n😀\n", "é😀日", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\ufffd real", "x\ufffd",
                "Ω≈ç√∫˜µ≤≥÷", "ASCII only, nothing held back.", "ሰላም ᏣᎳᎩ 𐌀𐌁"]


def stream_rows(bench, rng):
    vocab = bench.tok.get_vocab_size()
    for text in STREAM_TEXTS:
        yield bench.stream("whole", bench.tok.encode(text, add_special_tokens=False).ids)
    for text in STREAM_TEXTS[:12]:
        ids = bench.tok.encode(text, add_special_tokens=False).ids
        if len(ids) > 2:
            yield bench.stream("cut-end", ids[:-1])
            yield bench.stream("cut-start", ids[1:])
            at = rng.randrange(1, len(ids))
            special = next((i for i, c in bench.added.items() if c.strip()), None)
            if special is not None:
                yield bench.stream("special-inside", ids[:at] + [special] + ids[at:])
            yield bench.stream("unknown-id-inside", ids[:at] + [vocab + 1000] + ids[at:])
    for _ in range(30):
        yield bench.stream("random-ids", [rng.randrange(vocab) for _ in range(rng.randrange(2, 14))])
    single = [i for i in range(vocab) if len(bench.tok.id_to_token(i) or "") == 1 and i not in bench.added] if bench.byte_level else \
             [bench.tok.token_to_id("<0x%02X>" % b) for b in range(256) if bench.tok.token_to_id("<0x%02X>" % b) is not None]
    if single:
        for _ in range(40):
            yield bench.stream("random-bytes", [rng.choice(single) for _ in range(rng.randrange(2, 12))])
        by_byte = {}
        if bench.byte_level:
            by_byte = {bench.id_bytes(i)[0]: i for i in single if len(bench.id_bytes(i)) == 1}
        else:
            by_byte = {b: bench.tok.token_to_id("<0x%02X>" % b) for b in range(256)}
        for hexes in ("f09f9880", "f09f98", "f09f41", "e28082", "e280", "eda080", "edb080", "c0af", "c1bf", "f4908080", "f8888080", "f0808080", "e08080", "80", "bf80", "c3", "c3c3a9", "f09f9880f09f9880", "f09ff09f9880", "e282ac41", "41f0", "fffe", "efbfbd", "efbfbe",
                      "c3a9e282acf09f9880", "e2c3a9", "f0909041", "f48fbfbf", "edbfbf", "ed9fbf"):
            b = bytes.fromhex(hexes)
            if all(x in by_byte for x in b):
                row = bench.stream("bytes", [by_byte[x] for x in b])
                row["bytes_hex"] = hexes
                yield row


INVALID = ["ff", "80", "c3", "c328", "e28241", "e282", "f09f98", "f09f9841", "eda080", "edb080eda080", "c0af", "f4908080", "f8888080", "61c3", "61ff62", "e08080", "f0808080", "6162e2", "20e29c", "f09ff09f9880", "efbfbf", "00ff00",
           "3c7c656e646f66746578747cff3e", "cc81ff", "65ff cc81", "2020ff2020", "e280ff", "fefeffff", "c3a9c3", "f1808041"]


def write(path, rows):
    with open(path, "w", encoding="utf8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--seed", type=int, default=20240531)
    args.add_argument("--out", type=Path, default=HERE)
    args.add_argument("--lines", type=int, default=400)
    args.add_argument("--random-only", action="store_true")
    args = args.parse_args()
    for name, path in FILES.items():
        bench = Bench(path)
        rng = random.Random("%s-%d" % (name, args.seed))
        seen, rows = set(), []
        fixed = [] if args.random_only else cases.fixed_cases(bench.specials)
        for kind, text in fixed:
            if text not in seen:
                seen.add(text)
                rows.append(bench.row(kind, text))
        left = max(args.lines - len(rows), 120)
        for kind, text in cases.random_cases(rng, bench.specials):
            if left == 0:
                break
            if text not in seen:
                seen.add(text)
                rows.append(bench.row(kind, text))
                left -= 1
        write(args.out / (name + ".jsonl"), rows)
        if not args.random_only:
            write(args.out / (name + ".long.jsonl"), [bench.long_row(u, n) for u, n in cases.long_cases()])
        stream = list(stream_rows(bench, rng))
        write(args.out / (name + ".stream.jsonl"), stream)
        print(name, len(rows), "vectors", len(stream), "streams",
              sum("note" in r for r in stream), "noted", sum("hf_error" in r for r in stream), "hf errors",
              sum(r["text"] != r["decoded"] for r in rows), "not round-trip")
    if not args.random_only:
        bench, rows = Bench(FILES["demo"]), []
        for hexes in INVALID:
            text = bytes.fromhex(hexes).decode("utf8", "replace")
            rows.append({"bytes_hex": hexes.replace(" ", ""), "text": text, "ids": bench.tok.encode(text, add_special_tokens=False).ids,
                         "expect": "policy: U+FFFD for each maximal ill-formed subpart, then as the text"})
        write(args.out / "demo.invalid-utf8.jsonl", rows)


if __name__ == "__main__":
    main()
