#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a random Mamba-1 checkpoint in the two layouts in which such models are published, with the same weights in both.

    make_checkpoint.py FOLDER                       a model of the shape of mamba-130m, f16
    make_checkpoint.py FOLDER --width 64 --layers 2 --vocab 300 --dtype f32 --shards 3

FOLDER/original: config.json + pytorch_model.bin, as mamba_ssm's save_pretrained writes with torch.save: a zip of stored records
at multiples of 64 bytes, sizes in data descriptors, zip64 end record, a pickled OrderedDict with _metadata, and the tied head as
the same storage a second time. FOLDER/hub: config.json + safetensors, as transformers writes: no tied head, perhaps in shards.

Weights are small finite numbers (a random block, repeated), norm weights lie around 1, A_log and D are float32 as published.
Python's standard library only; the weights depend on the arguments alone.
"""
import argparse
import collections
import io
import json
import math
import pickle
import random
import struct
import sys
import types
import zlib
from pathlib import Path

SIZES = {"f32": 4, "f16": 2, "bf16": 2}
STORAGES = {"f32": "FloatStorage", "f16": "HalfStorage", "bf16": "BFloat16Storage"}
NAMES = {"f32": "F32", "f16": "F16", "bf16": "BF16"}
BLOCK = 1 << 20  # elements


class Values:
    """Random numbers as bytes. The upper byte of each element comes from a table of those that make small numbers."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.blocks = {}
        self.turn = 0

    def plane(self, table):
        return self.random.randbytes(BLOCK).translate(bytes(table))

    def block(self, dtype, kind):
        any_byte = range(256)
        if dtype == "f16":  # sign, 5 bits of exponent, 2 of fraction: 2^-8 to 2^-5, or 1 to 1.25
            top = [b & 0x83 | (7 + (b >> 2) % 3) << 2 for b in any_byte] if kind == "small" else [0x3C] * 256
            planes = [any_byte, top]
        else:  # sign, 7 bits of exponent; the next byte begins with its last bit: 2^-9 to 2^-5, or 1 to 1.25
            if kind == "small":
                top, second = [b & 0x80 | 59 + b % 2 for b in any_byte], any_byte
            else:
                top, second = [0x3F] * 256, [0x80 | b & 0x1F for b in any_byte]
            planes = [second, top] if dtype == "bf16" else [any_byte, any_byte, second, top]
        out = bytearray(BLOCK * len(planes))
        for i, table in enumerate(planes):
            out[i::len(planes)] = self.plane(table)
        return bytes(out)

    def take(self, dtype, kind, count):
        if (dtype, kind) not in self.blocks:
            self.blocks[dtype, kind] = self.block(dtype, kind)
        block, size = self.blocks[dtype, kind], SIZES[dtype]
        self.turn += 7919
        at = self.turn % BLOCK * size
        need = count * size
        return (block * (2 + need // len(block)))[at:at + need]


def weights(o, values):
    """(name in the original layout, dtype, shape, bytes) in the order of state_dict()."""
    inner, rank = o.width * o.expand, o.rank or math.ceil(o.width / 16)
    rows = math.ceil(o.vocab / o.pad) * o.pad

    def small(name, *shape):
        return name, o.dtype, shape, values.take(o.dtype, "small", math.prod(shape))

    def ones(name, *shape):
        return name, o.dtype, shape, values.take(o.dtype, "one", math.prod(shape))

    a_log = struct.pack("<%df" % o.state, *(math.log(1 + i) for i in range(o.state))) * inner
    yield small("backbone.embedding.weight", rows, o.width)
    for i in range(o.layers):
        mixer = "backbone.layers.%d.mixer." % i
        yield mixer + "A_log", "f32", (inner, o.state), a_log
        yield mixer + "D", "f32", (inner,), struct.pack("<f", 1) * inner
        yield small(mixer + "in_proj.weight", 2 * inner, o.width)
        yield small(mixer + "conv1d.weight", inner, 1, o.conv)
        yield small(mixer + "conv1d.bias", inner)
        yield small(mixer + "x_proj.weight", rank + 2 * o.state, inner)
        yield small(mixer + "dt_proj.weight", inner, rank)
        yield small(mixer + "dt_proj.bias", inner)
        yield small(mixer + "out_proj.weight", o.width, inner)
        yield ones("backbone.layers.%d.norm.weight" % i, o.width)
    yield ones("backbone.norm_f.weight", o.width)


# ---- the original layout ---------------------------------------------------------------

class Storage:
    def __init__(self, dtype, key, data):
        self.dtype, self.key, self.data = dtype, str(key), data


class Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, shape

    def __reduce_ex__(self, protocol):
        stride = tuple(math.prod(self.shape[i + 1:]) for i in range(len(self.shape)))
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (self.storage, 0, self.shape, stride, False, collections.OrderedDict())


class StateDict(collections.OrderedDict):
    """What torch's state_dict() gives: an OrderedDict with an attribute, which pickle writes with BUILD."""

    def __reduce__(self):
        return collections.OrderedDict, (), {"_metadata": self._metadata}, None, iter(self.items())


def stand_ins():
    """pickle writes a function or class by its name, and checks that the module has it."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        raise NotImplementedError
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2, torch._utils = _rebuild_tensor_v2, utils
    sys.modules.update({"torch": torch, "torch._utils": utils})


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        kind = getattr(sys.modules["torch"], STORAGES[value.dtype])
        return "storage", kind, value.key, "cpu", len(value.data) // SIZES[value.dtype]


class Zip:
    """Stored records whose data begin at multiples of 64, as torch's writer lays them out."""

    def __init__(self, file, folder):
        self.file, self.folder, self.central, self.count = file, folder, b"", 0

    def add(self, name, data):
        name, at = (self.folder + "/" + name).encode(), self.file.tell()
        fill = -(at + 30 + len(name) + 4) % 64
        extra = struct.pack("<HH", 0x4246, fill) + b"Z" * fill
        flags = 0x0808 if data else 0x0800
        crc = zlib.crc32(data)
        self.file.write(struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 0, flags, 0, 0, 0, 0, 0, 0, len(name), len(extra)) + name + extra)
        self.file.write(data)
        if data:
            self.file.write(struct.pack("<4sIII", b"PK\7\10", crc, len(data), len(data)))
        more, place = b"", at
        if at >= 0xFFFFFFFF:
            more, place = struct.pack("<HHQ", 1, 8, at), 0xFFFFFFFF
        self.central += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 0, 0, flags, 0, 0, 0, crc, len(data), len(data),
                                    len(name), len(more), 0, 0, 0, 0, place) + name + more
        self.count += 1

    def close(self):
        start, size = self.file.tell(), len(self.central)
        self.file.write(self.central)
        self.file.write(struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0x031E, 45, 0, 0, self.count, self.count, size, start))
        self.file.write(struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1))
        short = min(self.count, 0xFFFF)
        self.file.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, short, short, size, min(start, 0xFFFFFFFF), 0))


def write_original(folder, o, tensors):
    state = StateDict()
    state._metadata = collections.OrderedDict()
    for key, (name, dtype, shape, data) in enumerate(tensors):
        state[name] = Tensor(Storage(dtype, key, data), shape)
        parts = name.split(".")
        for n in range(len(parts)):
            state._metadata.setdefault(".".join(parts[:n]), {"version": 1})
    state["lm_head.weight"] = Tensor(state["backbone.embedding.weight"].storage, state["backbone.embedding.weight"].shape)
    state._metadata["lm_head"] = {"version": 1}
    stand_ins()
    text = io.BytesIO()
    Pickler(text, protocol=2).dump(state)
    with open(folder / "pytorch_model.bin", "wb") as file:
        archive = Zip(file, "pytorch_model")
        archive.add("data.pkl", text.getvalue())
        archive.add("byteorder", b"little")
        for storage in sorted({t.storage.key: t.storage for t in state.values()}.values(), key=lambda s: s.key):
            archive.add("data/" + storage.key, storage.data)
        archive.add("version", b"3\n")
        archive.close()
    ssm = {k: v for k, v, default in (("d_state", o.state, 16), ("d_conv", o.conv, 4), ("expand", o.expand, 2), ("dt_rank", o.rank, None)) if v != default}
    config = {"d_model": o.width, "n_layer": o.layers, "vocab_size": o.vocab, "ssm_cfg": ssm, "rms_norm": True, "residual_in_fp32": True,
              "fused_add_norm": True, "pad_vocab_size_multiple": o.pad}
    (folder / "config.json").write_text(json.dumps(config, indent=4))


# ---- the hub's layout ------------------------------------------------------------------

def write_safetensors(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    tensors = sorted(tensors, key=lambda t: (-SIZES[t[1]], t[0]))
    for name, dtype, shape, data in tensors:
        header[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors:
            file.write(tensor[3])
    return at


def write_hub(folder, o, tensors):
    tensors = [(name.replace("backbone.embedding.", "backbone.embeddings."), *rest) for name, *rest in tensors]
    if o.shards == 1:
        write_safetensors(folder / "model.safetensors", tensors)
    else:
        total, weight_map = 0, {}
        for shard in range(o.shards):
            name = "model-%05d-of-%05d.safetensors" % (shard + 1, o.shards)
            part = tensors[shard * len(tensors) // o.shards:(shard + 1) * len(tensors) // o.shards]
            total += write_safetensors(folder / name, part)
            weight_map.update((tensor[0], name) for tensor in part)
        index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    names = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}
    config = {"architectures": ["MambaForCausalLM"], "model_type": "mamba", "hidden_size": o.width, "intermediate_size": o.width * o.expand,
              "num_hidden_layers": o.layers, "n_layer": o.layers, "d_model": o.width, "state_size": o.state, "conv_kernel": o.conv, "expand": o.expand,
              "time_step_rank": o.rank or math.ceil(o.width / 16), "vocab_size": tensors[0][2][0], "hidden_act": "silu", "layer_norm_epsilon": 1e-05,
              "use_bias": False, "use_conv_bias": True, "rms_norm": True, "residual_in_fp32": True, "tie_word_embeddings": True,
              "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "torch_dtype": names[o.dtype]}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layout", choices=["both", "original", "hub"], default="both")
    parser.add_argument("--dtype", choices=sorted(SIZES), default="f16")
    for name, default in (("width", 768), ("layers", 24), ("vocab", 50277), ("pad", 8), ("state", 16), ("conv", 4), ("expand", 2), ("shards", 1), ("seed", 0)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--rank", type=int, help="of dt; default: width / 16")
    o = parser.parse_args()
    tensors = list(weights(o, Values(o.seed)))
    for layout, write in (("original", write_original), ("hub", write_hub)):
        if o.layout in ("both", layout):
            (o.folder / layout).mkdir(parents=True, exist_ok=True)
            write(o.folder / layout, o, tensors)


if __name__ == "__main__":
    main()
