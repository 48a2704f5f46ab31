"""Writes hostile and odd files, byte by byte: safetensors/ and torch/, each with a MANIFEST.json.

usage: make_bad.py           (Python's standard library only)

Nothing here is ever unpickled: pickles are put together from opcodes. A reader that runs one would create a file named `pwned` in
the current directory. In a MANIFEST, `expect` is `refused` (an error, no crash, no big allocation, quickly) or `loads`.
"""
import json
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Folder:
    def __init__(self, path, title):
        self.path, self.title, self.rows = path, title, []
        path.mkdir(parents=True, exist_ok=True)
        for old in path.iterdir():
            if old.is_file():
                old.unlink()

    def add(self, name, data, why, expect="refused", **more):
        assert name not in [r["file"] for r in self.rows], name
        (self.path / name).write_bytes(data)
        self.rows.append(dict(file=name, expect=expect, why=why, **more))

    def close(self):
        text = ",\n  ".join(json.dumps(r) for r in self.rows)
        (self.path / "MANIFEST.json").write_text('{"about": %s,\n "files": [\n  %s\n ]}\n' % (json.dumps(self.title), text))
        print(self.path.name, len(self.rows), sum(r["expect"] == "loads" for r in self.rows), "of them load")


# ================================================================== safetensors

def st(header, data=b"\0" * 32, length=None):
    header = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(begin, end, shape=None, dtype="F32"):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]}


def safetensors_files(f):
    two = {"a": entry(0, 16), "b": entry(16, 32)}
    raw = '{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}'
    s = "%s.safetensors"
    f.add(s % "ok", st(two), "the file that all others spoil", "loads")
    f.add(s % "ok-metadata", st(dict({"__metadata__": {"format": "pt"}}, **two)), "with metadata", "loads")
    f.add(s % "ok-padded", st(raw + "   \n"), "white space after the JSON", "loads")
    f.add(s % "ok-unaligned", st(raw + " " * ((1 - len(raw)) % 8)), "data at an odd address", "loads")
    f.add(s % "ok-empty-and-scalar", st({"e": entry(0, 0, [0, 7]), "s": entry(0, 4, []), "e2": entry(4, 4, [3, 0])}, b"\0\0\x80\x3f"), "tensors of no elements and of rank 0", "loads")
    f.add(s % "ok-none", st({}, b""), "no tensors at all", "loads")
    f.add(s % "ok-unsorted", st({"b": entry(16, 32), "a": entry(0, 16)}), "header order is not data order", "loads")
    f.add(s % "empty", b"", "no bytes")
    f.add(s % "seven-bytes", b"\1\0\0\0\0\0\0", "shorter than the length field")
    for name, n in (("0", 0), ("past-end", 4096), ("100MB", 100_000_000), ("100MB-plus-1", 100_000_001), ("2^63", 1 << 63), ("2^64-1", (1 << 64) - 1), ("wraps", (1 << 64) - 8)):
        f.add(s % ("header-length-" + name), st(two, length=n), "header length %s" % name)
    f.add(s % "not-json", st("this is not JSON, really"), "header is no JSON")
    f.add(s % "not-utf8", st(b'{"\xff":' + json.dumps(entry(0, 32)).encode() + b"}"), "header is not UTF-8")
    f.add(s % "byte-order-mark", st(b"\xef\xbb\xbf" + raw.encode()), "byte order mark before the header")
    f.add(s % "header-is-array", st("[" + raw + "]"), "header is an array")
    f.add(s % "trailing-garbage", st(raw + "{}"), "a second JSON value in the header")
    f.add(s % "trailing-comma", st(raw[:-1] + ",}"), "trailing comma")
    f.add(s % "comment", st("/*x*/" + raw), "a comment in the JSON")
    f.add(s % "single-quotes", st(raw.replace('"', "'")), "single quotes")
    f.add(s % "cut-json", st(raw[:-10]), "header ends inside a value")
    f.add(s % "deep", st("[" * 30000), "30,000 nested arrays")
    f.add(s % "deep-objects", st('{"a":' * 5000), "5,000 nested objects")
    f.add(s % "duplicate-tensor", st(raw[:-1] + ',"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}'), "the same tensor name twice")
    f.add(s % "duplicate-field", st(raw.replace('"shape":[4],', '"shape":[4],"shape":[4],', 1)), "the same field twice")
    f.add(s % "overlap", st({"a": entry(0, 20), "b": entry(16, 32)}), "ranges overlap")
    f.add(s % "same-range", st({"a": entry(0, 32), "b": entry(0, 32)}), "two tensors on one range")
    f.add(s % "hole", st({"a": entry(0, 12), "b": entry(16, 32)}), "bytes that no tensor owns")
    f.add(s % "hole-at-start", st({"a": entry(4, 32)}), "data does not begin at 0")
    f.add(s % "end-before-begin", st({"a": entry(0, 16), "b": {"dtype": "F32", "shape": [4], "data_offsets": [32, 16]}}), "end before begin")
    f.add(s % "short-data", st(two, b"\0" * 31), "file one byte short")
    f.add(s % "long-data", st(two, b"\0" * 33), "file one byte long")
    f.add(s % "offsets-past-end", st({"a": entry(0, 16), "b": entry(16, 4096)}), "data beyond the file")
    f.add(s % "shape-too-big", st({"a": entry(0, 16, [5]), "b": entry(16, 32)}), "shape says more than the range")
    f.add(s % "shape-wraps", st({"a": entry(0, 0, [1 << 32, 1 << 32]), "b": entry(0, 32)}), "2^32 * 2^32 elements wrap round to 0")
    f.add(s % "shape-bytes-wrap", st({"a": entry(0, 0, [1 << 62]), "b": entry(0, 32)}), "2^62 * 4 bytes wrap round to 0")
    f.add(s % "shape-2^64", st(raw.replace("[4]", "[18446744073709551616]", 1)), "a size of 2^64")
    f.add(s % "shape-with-0-wraps", st({"a": entry(0, 0, [1 << 40, 1 << 40, 0]), "b": entry(0, 32)}), "overflow before the factor 0 (an error, or no elements; no crash)", "either")
    for name, v in (("negative", "-4"), ("negative-zero", "-0"), ("fraction", "4.0"), ("exponent", "4e0"), ("leading-zero", "04"), ("plus", "+4"), ("hex", "0x4"), ("text", '"4"'), ("null", "null"), ("nan", "NaN"), ("true", "true")):
        f.add(s % ("size-" + name), st(raw.replace("[4]", "[%s]" % v, 1)), "a size written %s" % v)
    f.add(s % "offset-negative", st(raw.replace("[0,16]", "[-16,0]")), "negative offsets")
    f.add(s % "offset-fraction", st(raw.replace("[0,16]", "[0,16.0]")), "an offset that is a fraction")
    f.add(s % "offset-one", st(raw.replace("[0,16]", "[0]")), "one offset")
    f.add(s % "offset-three", st(raw.replace("[0,16]", "[0,16,32]")), "three offsets")
    f.add(s % "offset-2^64", st(raw.replace("[16,32]", "[16,18446744073709551648]")), "an offset of 2^64 + 32")
    f.add(s % "dtype-unknown", st(raw.replace("F32", "F33", 1)), "unknown dtype")
    f.add(s % "dtype-lower", st(raw.replace("F32", "f32", 1)), "dtype in lower case")
    f.add(s % "dtype-number", st(raw.replace('"F32"', "7", 1)), "dtype is a number")
    f.add(s % "dtype-missing", st(raw.replace('"dtype":"F32",', "", 1)), "no dtype")
    f.add(s % "shape-missing", st(raw.replace('"shape":[4],', "", 1)), "no shape")
    f.add(s % "entry-is-text", st(raw[:-1] + ',"c":"x"}'), "an entry that is no object")
    f.add(s % "metadata-number", st(dict({"__metadata__": {"a": 1}}, **two)), "metadata with a number")
    f.add(s % "metadata-tensor", st({"__metadata__": entry(0, 16), "b": entry(16, 32)}), "metadata shaped like a tensor")
    f.add(s % "name-nul", st({"a\0b": entry(0, 16), "b": entry(16, 32)}), "NUL in a name")
    f.add(s % "name-lone-surrogate", st(raw.replace('"a"', '"\\ud800"')), "lone surrogate in a name")
    f.add(s % "rank-5000", st({"a": entry(0, 16, [1] * 5000 + [4]), "b": entry(16, 32)}), "5,000 dimensions")


# ================================================================== torch

def text(s):
    s = s.encode() if isinstance(s, str) else s
    return b"X" + struct.pack("<I", len(s)) + s


def num(n):
    if 0 <= n < 256:
        return b"K" + bytes([n])
    if -(1 << 31) <= n < 1 << 31:
        return b"J" + struct.pack("<i", n)
    size = (n.bit_length() + 8) // 8
    return b"\x8a" + bytes([size]) + n.to_bytes(size, "little", signed=True)


def glob(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def tup(*items):
    return b"(" + b"".join(items) + b"t"


EMPTY_ODICT = glob("collections", "OrderedDict") + b")R"


def pid(key="0", kind=("torch", "FloatStorage"), numel=6, parts=None):
    return tup(*(parts or [text("storage"), glob(*kind), text(key), text("cpu"), num(numel)])) + b"Q"


def tensor(size=(2, 3), stride=(3, 1), offset=0, storage=None, hooks=EMPTY_ODICT, function=("torch._utils", "_rebuild_tensor_v2")):
    args = [storage or pid(), num(offset), tup(*map(num, size)), tup(*map(num, stride)), b"\x89", hooks]
    return glob(*function) + tup(*args) + b"R"


def state(*pairs, root=b"}", end=b"."):
    return b"\x80\x02" + root + b"(" + b"".join(text(k) + v for k, v in pairs) + b"u" + end


def zipfile(entries, comment=b"", zip64=False, descriptors=False, mangle=None, prefix="archive"):
    """entries: (name, data[, options]). options: method, flags, crc, cd_size, cd_offset, local_name, extra64, signature."""
    out, cd, count = b"", b"", 0
    for name, data, *rest in entries:
        o = rest[0] if rest else {}
        name = (prefix + "/" + name if prefix else name).encode() if isinstance(name, str) else name
        packed = data
        if o.get("method") == 8:
            z = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = z.compress(data) + z.flush()
        crc, method = o.get("crc", zlib.crc32(data)), o.get("method", 0)
        flags = o.get("flags", 0x0808 if descriptors else 0x0800)
        at = o.get("at", len(out))
        local_name = o.get("local_name", name)
        sizes = (0, 0, 0) if descriptors else (crc, len(packed), len(data))
        fill = -(len(out) + 30 + len(local_name) + 4) % 64
        extra = struct.pack("<HH", 0x4246, fill) + b"Z" * fill
        if "at" not in o:
            out += struct.pack("<4sHHHHHIIIHH", o.get("signature", b"PK\3\4"), 0, flags, method, 0, 0, *sizes, len(local_name), o.get("extra_len", len(extra)))
            out += local_name + extra + packed
            if descriptors:
                out += struct.pack("<4sIII", b"PK\7\x08", crc, len(packed), len(data))
        csize, usize, offset, more = o.get("cd_size", len(packed)), o.get("cd_size", len(data)), o.get("cd_offset", at), b""
        if o.get("extra64"):
            more = struct.pack("<HHQQQ", 1, 24, usize, csize, offset)
            csize = usize = offset = 0xFFFFFFFF
        elif o.get("ones"):
            csize = usize = 0xFFFFFFFF
        cd += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 0, 0, flags, method, 0, 0, crc, csize & 0xFFFFFFFF, usize & 0xFFFFFFFF, len(name), len(more), 0, 0, 0, 0, offset) + name + more
        count += 1
    start = len(out)
    end = b""
    if zip64:
        end += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(cd), start)
        end += struct.pack("<4sIQI", b"PK\6\7", 0, start + len(cd), 1)
    m = mangle or {}
    end += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, m.get("count", count) & 0xFFFF, m.get("count", count) & 0xFFFF, m.get("cd_size", len(cd)), m.get("cd_offset", start), len(comment)) + comment
    if m.get("locator"):
        end = struct.pack("<4sIQI", b"PK\6\7", 0, m["locator"], 1) + end
    return out + cd + end


SIX = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
VERSION = ("version", b"3\n")


def saved(pickle, *records, **options):
    return zipfile([("data.pkl", pickle)] + list(records or [("data/0", SIX)]) + [VERSION], **options)


def call(function, *args):
    return function + tup(*args) + b"R"


TOUCH = text("touch pwned")


def torch_files(f):
    good = state(("w", tensor()))
    n = "%s.bin"

    def hostile(name, value, why):
        f.add(n % name, saved(state(("w", tensor()), ("x", value))), why + ": never executed")
    f.add(n % "ok", saved(good), "the file that all others spoil", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    f.add(n % "ok-data-descriptors", saved(good, descriptors=True, zip64=True), "as torch writes it: sizes only in the central directory and in data descriptors", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    f.add(n % "ok-zip64-end", saved(good, zip64=True), "zip64 end record and locator present", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    f.add(n % "ok-zip64-entry", saved(good, ("data/0", SIX, {"extra64": True}), zip64=True), "sizes and offset of a record only in its zip64 extra field", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    f.add(n % "ok-zip64-all-ones", saved(good, zip64=True, mangle={"count": 0xFFFF, "cd_size": 0xFFFFFFFF, "cd_offset": 0xFFFFFFFF}), "the classic end record is all ones", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    f.add(n % "ok-other-prefix", saved(good, prefix="pytorch_model"), "another folder inside the archive", "loads")
    f.add(n % "ok-comment", saved(good, comment=b"PK\5\6 a comment that looks like an end record\0\0\0\0"), "archive comment with the signature of an end record in it", "either")
    f.add(n % "ok-transposed", saved(state(("w", tensor((3, 2), (1, 3))))), "a transposed view (load it right or refuse it)", "either", tensors={"w": [[1, 4], [2, 5], [3, 6]]})
    f.add(n % "ok-tied", saved(state(("w", tensor()), ("v", tensor((3,), (1,), 3)))), "two tensors in one storage", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]], "v": [4, 5, 6]})
    meta = text("_metadata") + EMPTY_ODICT
    f.add(n % "ok-ordered-dict", saved(b"\x80\x02" + EMPTY_ODICT + b"(" + text("w") + tensor() + b"u" + b"}" + meta + b"sb."), "OrderedDict with BUILD of _metadata, as state_dict() gives", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    f.add(n % "ok-parameter", saved(state(("w", glob("torch._utils", "_rebuild_parameter") + tup(tensor(), b"\x88", EMPTY_ODICT) + b"R"))), "a Parameter", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    f.add(n % "ok-memo", saved(b"\x80\x02}q\x00(" + text("w") + b"q\x01" + tensor() + b"r\x02\x00\x00\x00u."), "memo opcodes", "loads", tensors={"w": [[1, 2, 3], [4, 5, 6]]})
    # --- calls
    hostile("call-os-system", call(glob("os", "system"), TOUCH), "GLOBAL os.system, REDUCE")
    hostile("call-posix-system", call(glob("posix", "system"), TOUCH), "GLOBAL posix.system, REDUCE")
    hostile("call-nt-system", call(glob("nt", "system"), TOUCH), "GLOBAL nt.system, REDUCE")
    hostile("call-subprocess", call(glob("subprocess", "call"), b"](" + text("touch") + text("pwned") + b"e"), "subprocess.call")
    code = text("open('pwned','w')")
    hostile("call-eval", call(glob("builtins", "eval"), code), "builtins.eval")
    hostile("call-eval-python2", call(glob("__builtin__", "eval"), code), "__builtin__.eval")
    hostile("call-exec", call(glob("builtins", "exec"), code), "builtins.exec")
    hostile("call-open", call(glob("io", "open"), text("pwned"), text("w")), "io.open for writing")
    hostile("call-getattr", call(glob("builtins", "getattr"), glob("os", "path"), text("join")), "builtins.getattr")
    hostile("call-import", call(glob("builtins", "__import__"), text("antigravity")), "builtins.__import__")
    hostile("call-hub", call(glob("torch.hub", "load"), text("x/y"), text("z")), "torch.hub.load")
    hostile("call-torch-load", call(glob("torch", "load"), text("pwned")), "torch.load inside torch.load")
    hostile("call-numpy", call(glob("numpy.core.multiarray", "_reconstruct"), glob("numpy", "ndarray"), tup(num(0)), text("b")), "numpy's _reconstruct")
    hostile("call-codecs", call(glob("_codecs", "encode"), text("x"), text("latin1")), "_codecs.encode (harmless, not on the list)")
    hostile("call-inst", b"(" + TOUCH + b"ios\nsystem\n", "INST os.system")
    hostile("call-obj", b"(" + glob("os", "system") + TOUCH + b"o", "OBJ os.system")
    hostile("call-stack-global", call(text("os") + text("system") + b"\x93", TOUCH), "STACK_GLOBAL os.system")
    hostile("call-stack-global-allowed", text("collections") + text("OrderedDict") + b"\x93)R", "STACK_GLOBAL of an allowed name: the opcode is not accepted")
    hostile("call-newobj", glob("os", "system") + tup(TOUCH) + b"\x81", "NEWOBJ")
    hostile("call-newobj-ex", glob("os", "system") + tup(TOUCH) + b"}\x92", "NEWOBJ_EX")
    hostile("call-build-setstate", EMPTY_ODICT + b"}" + text("__setstate__") + glob("os", "system") + b"sb" + TOUCH + b"b", "BUILD that plants __setstate__ = os.system, then BUILD with the command")
    hostile("call-persid-text", b"Pos.system\n", "PERSID in text form")
    hostile("call-ext", b"\x82\x01", "EXT1")
    hostile("call-string-function", call(text("os.system"), TOUCH), "REDUCE of a string")
    hostile("call-tensor-as-function", call(tensor(), TOUCH), "REDUCE of a tensor")
    hostile("call-dtype-as-function", call(glob("torch", "FloatStorage"), num(6)), "REDUCE of a storage class")
    hostile("name-with-space", glob("torch._utils", "_rebuild_tensor_v2 ") + b")R", "allowed name with a trailing space")
    hostile("name-with-cr", glob("collections", "OrderedDict\r") + b")R", "allowed name with a carriage return")
    hostile("name-dotted", call(glob("torch._utils", "os.system"), TOUCH), "a dotted path behind an allowed module")
    hostile("name-long", glob("os." * 10000, "x"), "a name of 30,000 bytes")
    hostile("name-without-end", b"cos", "GLOBAL that never ends")
    hostile("name-v1", tensor(function=("torch._utils", "_rebuild_tensor")), "_rebuild_tensor, which is not on the list")
    hostile("hooks-call", tensor(hooks=call(glob("os", "system"), TOUCH)), "os.system where backward_hooks belong")
    hostile("storage-type-call", tensor(storage=pid(kind=("os", "system"))), "os.system where the storage class belongs")
    # --- the machine
    def machine(name, pickle, why, expect="refused"):
        f.add(n % name, saved(pickle), why, expect)
    head = b"\x80\x02"
    machine("memo-index-2^32-1", head + b"}r\xff\xff\xff\xff.", "LONG_BINPUT 2^32-1: no allocation by the index (an empty dict is what it holds)", "either")
    machine("memo-unset", head + b"h\x05.", "BINGET of an empty slot")
    laugh = b"](K\x01K\x01eq\x00" + b"".join(b"](" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(64))
    machine("memo-bomb", head + b"}" + text("x") + laugh + b"s.", "64 lists, each twice the one before: 2^64 elements if expanded")
    machine("memo-cycle", head + b"}q\x00" + text("x") + b"h\x00s.", "a dict that holds itself")
    machine("deep-lists", head + b"]" * 20000 + b"a" * 19999 + b".", "20,000 nested lists")
    machine("deep-tuples", head + b")" + b"\x85" * 20000 + b".", "20,000 nested tuples")
    machine("marks", head + b"(" * 30000 + b".", "30,000 marks")
    machine("stack-empty-reduce", head + b"R.", "REDUCE on an empty stack")
    machine("stack-empty-setitems", head + b"}u.", "SETITEMS without a mark")
    machine("tuple-without-mark", head + b"t.", "TUPLE without a mark")
    machine("setitems-odd", head + b"}(" + text("w") + b"u.", "SETITEMS with a key and no value")
    machine("setitem-on-tensor", head + tensor() + text("w") + num(1) + b"s.", "SETITEM on a tensor")
    machine("setitem-on-tuple", head + b")" + text("w") + num(1) + b"s.", "SETITEM on a tuple")
    machine("append-on-dict", head + b"}K\x01a.", "APPEND on a dict")
    machine("build-on-tensor", head + b"}(" + text("w") + tensor() + b"}" + text("data") + num(1) + b"sb" + b"u.", "BUILD on a tensor")
    machine("no-stop", state(("w", tensor()), end=b""), "no STOP")
    machine("after-stop", good + call(glob("os", "system"), TOUCH) + b".", "bytes after STOP (ignored or refused, never run)", "either")
    machine("stop-on-empty", head + b".", "STOP on an empty stack")
    machine("opcode-unknown", head + b"\xff.", "a byte that is no opcode")
    machine("protocol-4-frame", b"\x80\x04\x95" + struct.pack("<Q", len(good)) + good[2:], "protocol 4 with a frame")
    machine("protocol-0", b"(dp0\n.", "protocol 0 text opcodes")
    machine("root-is-list", head + b"](" + tensor() + b"e.", "the root is a list")
    machine("root-is-tensor", head + tensor() + b".", "the root is a bare tensor")
    machine("key-is-number", head + b"}(" + num(1) + tensor() + b"u.", "a key that is no string")
    machine("key-twice", state(("w", tensor()), ("w", tensor((3,), (1,)))), "the same name twice")
    machine("string-length-2^32-1", head + b"}(X\xff\xff\xff\xffabc.", "string of 4 GiB announced")
    machine("string-not-utf8", head + b"}(" + text(b"\xff\xfe") + tensor() + b"u.", "a name that is not UTF-8")
    machine("string-nul", head + b"}(" + text("a\0b") + tensor() + b"u.", "NUL in a name")
    machine("long-255-bytes", head + b"\x8a\xff" + b"\x7f" * 255 + b".", "an integer of 255 bytes")
    machine("cut-pickle", good[:-20], "pickle cut short")
    machine("empty-pickle", b"", "data.pkl of no bytes")
    # --- tensors
    for name, t, why in (
            ("size-negative", tensor((-2, 3)), "negative size"), ("stride-negative", tensor(stride=(3, -1)), "negative stride"), ("offset-negative", tensor(offset=-1), "negative offset"),
            ("offset-past-end", tensor(offset=6), "offset at the end of the storage"), ("view-past-end", tensor((3, 3)), "view longer than the storage"), ("stride-past-end", tensor(stride=(300, 1)), "stride leads out of the storage"),
            ("size-product-wraps", tensor((1 << 32, 1 << 32), (0, 0)), "2^32 * 2^32 elements with stride 0"), ("stride-wraps", tensor((2, 2), (1 << 62, 1 << 62)), "size * stride wraps round"), ("expanded-huge", tensor((1 << 30, 6), (0, 1)), "2^30 rows of one row by stride 0"),
            ("size-2^63", tensor((1 << 63, 1), (1, 1)), "a size beyond int64"), ("rank-mismatch", tensor((2, 3), (1,)), "size and stride of different length"), ("rank-65", tensor((1,) * 65, (1,) * 65), "65 dimensions"),
            ("storage-longer-than-record", tensor((4, 3), storage=pid(numel=12)), "storage announces 12 elements, the record holds 6"), ("storage-shorter-than-record", tensor(storage=pid(numel=5)), "storage announces 5 elements, the record holds 6"),
            ("storage-numel-negative", tensor(storage=pid(numel=-6)), "negative number of elements"), ("storage-numel-2^62", tensor(storage=pid(numel=1 << 62)), "2^62 elements of 4 bytes wrap round"),
            ("storage-missing", tensor(storage=pid(key="7")), "no such record"), ("storage-key-path", tensor(storage=pid(key="../data.pkl")), "a path as storage key"), ("storage-key-empty", tensor(storage=pid(key="")), "empty storage key"),
            ("storage-type-unknown", tensor(storage=pid(kind=("torch", "QInt8Storage"))), "unknown storage class"), ("storage-pid-short", tensor(storage=pid(parts=[text("storage"), text("0")])), "persistent id of two parts"),
            ("storage-pid-not-tuple", tensor(storage=text("0") + b"Q"), "persistent id that is a string"), ("storage-pid-module", tensor(storage=pid(parts=[text("module"), glob("torch", "FloatStorage"), text("0"), text("cpu"), num(6)])), "persistent id that does not begin with storage")):
        machine(name, state(("w", t)), why)
    f.add(n % "two-types-one-storage", saved(state(("w", tensor()), ("v", tensor((3,), (1,), storage=pid(kind=("torch", "HalfStorage"), numel=12))))), "one record under two storage classes (refused, or read as asked)", "either")
    # --- the archive
    whole = saved(good)
    f.add(n % "zip-cut-half", whole[:len(whole) // 2], "second half missing")
    f.add(n % "zip-cut-end-record", whole[:-4], "end record cut")
    f.add(n % "zip-cut-start", whole[64:], "first 64 bytes missing: every offset is wrong")
    f.add(n % "zip-empty", b"", "no bytes")
    f.add(n % "zip-end-record-only", b"PK\5\6" + b"\0" * 18, "an archive without entries")
    f.add(n % "zip-record-deflated", saved(good, ("data/0", SIX, {"method": 8})), "compressed storage record")
    f.add(n % "zip-record-deflate-bomb", saved(state(("w", tensor((1 << 22,), (1,), storage=pid(numel=1 << 22)))), ("data/0", b"\0" * (1 << 24), {"method": 8})), "16 MiB of zeros in a compressed record")
    f.add(n % "zip-pickle-deflated", zipfile([("data.pkl", good, {"method": 8}), ("data/0", SIX), VERSION]), "compressed data.pkl (inflate it or refuse it)", "either")
    f.add(n % "zip-method-99", zipfile([("data.pkl", good), ("data/0", SIX, {"method": 99}), VERSION]), "unknown compression method")
    f.add(n % "zip-encrypted", zipfile([("data.pkl", good), ("data/0", SIX, {"flags": 0x0801}), VERSION]), "encryption flag")
    f.add(n % "zip-record-past-end", zipfile([("data.pkl", good), ("data/0", SIX, {"cd_size": 1 << 30}), VERSION]), "record size beyond the file")
    f.add(n % "zip-offset-past-end", zipfile([("data.pkl", good), ("data/0", SIX, {"cd_offset": 0x7FFFFFFF}), VERSION]), "local header offset beyond the file")
    f.add(n % "zip-local-signature", zipfile([("data.pkl", good), ("data/0", SIX, {"signature": b"PK\3\5"}), VERSION]), "wrong signature of a local header")
    f.add(n % "zip-local-name", zipfile([("data.pkl", good), ("data/0", SIX, {"local_name": b"archive/data/1"}), VERSION]), "local header names another file")
    f.add(n % "zip-local-extra", zipfile([("data.pkl", good), ("data/0", SIX, {"extra_len": 0xFFFF}), VERSION]), "extra field of a local header runs past the file")
    f.add(n % "zip-overlap", zipfile([("data.pkl", good), ("data/0", SIX), ("data/1", SIX, {"at": 0}), VERSION]), "two entries on the same bytes")
    f.add(n % "zip-two-pickles", zipfile([("data.pkl", good), ("data/0", SIX), ("data.pkl", state(("w", call(glob("os", "system"), TOUCH)))), VERSION]), "two data.pkl, the second with os.system")
    f.add(n % "zip-two-records", zipfile([("data.pkl", good), ("data/0", SIX), ("data/0", SIX[::-1]), VERSION]), "the same record twice")
    f.add(n % "zip-no-pickle", zipfile([("data/0", SIX), VERSION]), "no data.pkl")
    f.add(n % "zip-name-dotdot", zipfile([("data.pkl", good), ("data/0", SIX), ("../../pwned", b"x"), VERSION]), "an entry named ../../pwned: never written (refused, or ignored)", "either")
    f.add(n % "zip-torchscript", zipfile([("data.pkl", good), ("constants.pkl", b"\x80\x02)."), ("data/0", SIX), VERSION]), "a TorchScript archive")
    f.add(n % "zip-big-endian", zipfile([("data.pkl", good), ("byteorder", b"big"), ("data/0", SIX), VERSION]), "byteorder big")
    f.add(n % "zip-version-99", zipfile([("data.pkl", good), ("data/0", SIX), ("version", b"99\n")]), "unknown version")
    f.add(n % "zip-crc-pickle", zipfile([("data.pkl", good, {"crc": 1}), ("data/0", SIX), VERSION]), "wrong CRC of data.pkl (refused if checked)", "either")
    f.add(n % "zip-count-huge", saved(good, mangle={"count": 0xFFFE}), "65,534 entries announced")
    f.add(n % "zip-cd-past-end", saved(good, mangle={"cd_offset": 0x7FFFFFFF}), "central directory beyond the file")
    f.add(n % "zip-cd-size-huge", saved(good, mangle={"cd_size": 0x7FFFFFFF}), "central directory larger than the file")
    f.add(n % "zip-locator-outside", saved(good, mangle={"count": 0xFFFF, "cd_size": 0xFFFFFFFF, "cd_offset": 0xFFFFFFFF, "locator": 1 << 62}), "zip64 locator points outside")
    f.add(n % "zip-all-ones-no-locator", saved(good, mangle={"count": 0xFFFF, "cd_size": 0xFFFFFFFF, "cd_offset": 0xFFFFFFFF}), "all ones without a zip64 record")
    f.add(n % "zip-ones-no-extra", zipfile([("data.pkl", good), ("data/0", SIX, {"ones": True}), VERSION]), "sizes all ones without a zip64 extra field")
    f.add(n % "legacy-stream", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + b"\x80\x02M\xe9\x03." + b"\x80\x02}." + good, "the stream format of torch before 1.6")
    f.add(n % "bare-pickle-call", head + call(glob("os", "system"), TOUCH) + b".", "no archive, a bare pickle with os.system: never executed")
    f.add(n % "tar", (b"pickle" + b"\0" * 251 + b"ustar\x0000").ljust(1024, b"\0"), "the tar format")


def main():
    for build, path, title in ((safetensors_files, HERE / "safetensors", "safetensors files spoiled in one place each"),
                               (torch_files, HERE / "torch", "torch archives: hostile pickles, wrong tensors, wrong archives; none may create a file named pwned")):
        folder = Folder(path, title + "; `either`: both outcomes are right, a crash is not")
        build(folder)
        folder.close()


if __name__ == "__main__":
    main()
