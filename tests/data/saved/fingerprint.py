# SPDX-License-Identifier: Apache-2.0
"""The fingerprint of a model, from its description alone (the head of lib/model/fingerprint.c)."""
import struct

import torch
import xxhash

USUAL_EPS = 1e-5


def sample(tensor):
    values = tensor.float().flatten()
    if len(values) <= 1024:
        return values
    step = (len(values) - 256) // 3
    return torch.cat([values[i * step:i * step + 256] for i in range(4)])


def fingerprint(state, tied, config):
    """`state`: a state dict with the names of transformers; `config`: of transformers too."""
    hashed = xxhash.xxh3_128()
    tensors = {name.replace("backbone.embeddings.", "backbone.embedding."): tensor for name, tensor in state.items()}
    if tied:
        tensors.pop("lm_head.weight", None)
    for name in sorted(tensors, key=str.encode):
        tensor = tensors[name]
        hashed.update(name.encode() + b"\0" + struct.pack("<I", tensor.dim()))
        hashed.update(struct.pack("<%dQ" % tensor.dim(), *tensor.shape))
        values = sample(tensor).tolist()
        hashed.update(struct.pack("<%df" % len(values), *values))
    low, high = getattr(config, "time_step_limit", (0.0, float("inf")))
    groups, eps = getattr(config, "n_groups", 1), config.layer_norm_epsilon
    if groups > 1 or eps != USUAL_EPS or low > 0 or high != float("inf"):
        part = struct.pack("<IIffff", groups, 0, eps, eps, low, high)
        hashed.update(b"arithmetic\0" + part * config.num_hidden_layers + struct.pack("<f", eps))
    return hashed.hexdigest()
