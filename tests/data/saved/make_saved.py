#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes small checkpoints as transformers itself saves them, and what transformers computes from them.

    make_saved.py [--out DIR] [--only NAME…]

Run once with transformers 4 and once with transformers 5: each makes the cases whose names end in its number, so that
the files are those of that release. Needs torch, transformers, tokenizers, safetensors, xxhash; a minute of one thread.

Everything that is stored beside a checkpoint comes from loading it again from its files: logits of a float64 forward,
greedy tokens, what generate() does with the saved generation_config.json, ids and chats of the saved tokenizer."""
import argparse
import collections
import copy
import json
import os
import shutil

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
import transformers
from safetensors.torch import save_file

from fingerprint import fingerprint
from texts import BLOCKS, CHATML, bytes_tokenizer, chats, encodings, letters_tokenizer

N_TOKENS, N_GREEDY, MARGIN = 19, 16, 1e-3
RELEASE = int(transformers.__version__.split(".")[0])
HERE = os.path.dirname(os.path.abspath(__file__))

IDS = dict(bos_token_id=0, eos_token_id=0, pad_token_id=0)
MAMBA = dict(IDS, hidden_size=22, state_size=7, num_hidden_layers=2, time_step_rank=3, expand=2, conv_kernel=3,
             layer_norm_epsilon=1e-3)
MAMBA2 = dict(IDS, hidden_size=21, state_size=11, num_hidden_layers=2, num_heads=3, head_dim=14, n_groups=1, expand=2,
              conv_kernel=4, chunk_size=8, layer_norm_epsilon=2e-3)
TIED, UNTIED = dict(tie_word_embeddings=True), dict(tie_word_embeddings=False)
ROUNDED = dict(use_bias=True, residual_in_fp32=False, **TIED)
BIASED = dict(use_bias=True, use_conv_bias=False, **TIED)
WIDE = dict(expand=3, layer_norm_epsilon=4e-3, **UNTIED)
LIMITED = dict(time_step_limit=(0.004, 0.07), **UNTIED)
GROUPS = dict(num_heads=6, head_dim=7, n_groups=3)
ORIGINAL = dict(layer_norm_epsilon=1e-5, conv_kernel=4, **TIED)         # what the original package has no field for
OLDEST = dict(ORIGINAL, time_step_rank=2, state_size=16)
# name: kind of model, type, tokenizer, template, rows beside the tokenizer's (None: to a multiple of 8), other fields.
CASES = {
    "mamba-tied-f32-4": ("mamba", "float32", "letters", CHATML, 6, BIASED),
    "mamba-tied-f32-5": ("mamba", "float32", "letters", CHATML, 6, BIASED),
    "mamba-untied-bf16-4": ("mamba", "bfloat16", "bytes", BLOCKS, 5, WIDE),
    "mamba-untied-bf16-5": ("mamba", "bfloat16", "bytes", BLOCKS, 5, WIDE),
    "mamba-pickled-bf16-4": ("mamba", "bfloat16", "letters", None, 0, ROUNDED),
    "mamba2-untied-f16-4": ("mamba2", "float16", "letters", BLOCKS, 4, LIMITED),
    "mamba2-untied-f16-5": ("mamba2", "float16", "letters", BLOCKS, 4, LIMITED),
    "mamba2-pickled-f32-4": ("mamba2", "float32", "bytes", CHATML, 3, BIASED),
    "mamba2-groups-f32-5": ("mamba2", "float32", "bytes", CHATML, 3, {**BIASED, **GROUPS}),
    "mamba2-eps-bf16-5": ("mamba2", "bfloat16", "letters", None, 0, dict(TIED, layer_norm_epsilon=7e-3)),
    "mamba-original-f16-5": ("mamba", "float16", "letters", None, None, OLDEST),
    "mamba2-original-bf16-5": ("mamba2", "bfloat16", "bytes", None, None, ORIGINAL),
}
SHARDED = {"mamba-tied-f32": "30KB", "mamba-pickled-bf16": "15KB", "mamba2-groups-f32": "40KB"}
# What generation_config.json gets; a number behind "ends" is a place in the greedy text, whose token is to end it, or
# whose text, or is suppressed. Others keep what the library makes of the model's configuration.
GENERATION = {
    "mamba-tied-f32": dict(max_new_tokens=13, repetition_penalty=2.4, suppress_tokens=["ends", 0, 9], temperature=None,
                           top_k=None, top_p=None, eos_token_id=[0, 3], bos_token_id=0, pad_token_id=0),
    "mamba-untied-bf16": dict(do_sample=True, temperature=0.7, top_k=13, top_p=0.85, min_p=0.05, typical_p=0.9,
                              max_new_tokens=9, stop_strings=["\n\n", "END"], eos_token_id=[282, 283],
                              pad_token_id=282),
    "mamba-pickled-bf16": dict(max_new_tokens=12, eos_token_id=["ends", 5], pad_token_id=0),
    "mamba2-untied-f16": dict(max_new_tokens=16, stop_strings=["~~", "ends 5"], eos_token_id=0, pad_token_id=0),
    "mamba2-pickled-f32": dict(max_new_tokens=11, no_repeat_ngram_size=3, begin_suppress_tokens=[4], eos_token_id=282,
                               pad_token_id=282),
}
UNLIKE = {"mamba-untied-bf16", "mamba2-pickled-f32"}    # sampled, or with settings that krait names and leaves out
TYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def fill(model, n_ids, seed):
    """Weights in which every tensor matters: no bias of 0, no norm of 1, steps between 0.001 and 0.1; and rows of the
    head that pad the vocabulary and would win, if somebody let them."""
    random = torch.Generator().manual_seed(seed)
    normal = lambda tensor, std, mean=0.0: mean + std * torch.randn(tensor.shape, generator=random, dtype=torch.float64)
    for name, tensor in sorted(model.named_parameters()):
        last = name.rsplit(".", 2)
        if name.endswith("A_log"):
            places = torch.arange(1, tensor.shape[-1] + 1, dtype=torch.float64)
            value = torch.log(places).expand(tensor.shape) + normal(tensor, 0.3)
        elif name.endswith(".D"):
            value = normal(tensor, 0.3, 1)
        elif name.endswith("dt_bias") or name.endswith("dt_proj.bias"):
            step = torch.exp(-6.9 + 4.6 * torch.rand(tensor.shape, generator=random, dtype=torch.float64))
            value = step + torch.log(-torch.expm1(-step))
        elif "norm" in last[-2]:
            value = 0.7 + 0.6 * torch.rand(tensor.shape, generator=random, dtype=torch.float64)
        elif "conv1d" in name:
            value = normal(tensor, 0.55 if tensor.dim() > 1 else 0.3)
        elif "embeddings" in name or "lm_head" in name:
            value = normal(tensor, 0.15)
            value[n_ids:] *= 4
        else:
            value = normal(tensor, tensor.shape[-1] ** -0.5 if tensor.dim() > 1 else 0.2)
        tensor.data.copy_(value)


def build(name, vocab, n_ids, seed):
    kind, dtype, _, _, _, fields = CASES[name]
    config = (transformers.MambaConfig if kind == "mamba" else transformers.Mamba2Config)(
        vocab_size=vocab, **{**(MAMBA if kind == "mamba" else MAMBA2), **fields})
    model = (transformers.MambaForCausalLM if kind == "mamba" else transformers.Mamba2ForCausalLM)(config)
    fill(model, n_ids, seed)
    return model.to(TYPES[dtype])


def logits_of(model, tokens):
    with torch.no_grad():
        return model(torch.tensor([tokens]), use_cache=False).logits[0]


def greedy(model, tokens, n_ids):
    """The best of the ids that the tokenizer has, by whole forward passes; and the smallest lead of one."""
    out, least = [], 1e9
    for _ in range(N_GREEDY):
        best = torch.topk(logits_of(model, tokens + out)[-1][:n_ids], 2)
        least = min(least, float(best.values[0] - best.values[1]))
        out.append(int(best.indices[0]))
    return out, least


class KnownIds(transformers.LogitsProcessor):
    def __init__(self, n_ids):
        self.n_ids = n_ids

    def __call__(self, input_ids, scores):
        scores[:, self.n_ids:] = -float("inf")
        return scores


def generated(model, tokenizer, tokens, n_ids):
    """What generate() makes with the saved settings, and the stop token that ended it, or -1."""
    known = transformers.LogitsProcessorList([KnownIds(n_ids)])
    out = model.generate(torch.tensor([tokens]), attention_mask=torch.ones(1, len(tokens), dtype=torch.long),
                         use_cache=False, tokenizer=tokenizer, logits_processor=known)
    out = out[0, len(tokens):].tolist()
    stops = model.generation_config.eos_token_id
    stops = stops if isinstance(stops, list) else [stops]
    return (out[:-1], out[-1]) if out[-1] in stops else (out, -1)


def prompt(n_ids, seed):
    return torch.randint(4, n_ids - 4, (N_TOKENS,), generator=torch.Generator().manual_seed(seed)).tolist()


def settle_ends(settings, model, tokenizer, tokens):
    """Puts a token or a text of what the model would say in the place of each "ends"."""
    settings = copy.deepcopy(settings)
    best, _ = greedy(copy.deepcopy(model).double().eval(), tokens, len(tokenizer))
    if isinstance(settings.get("eos_token_id"), list) and settings["eos_token_id"][0] == "ends":
        settings["eos_token_id"] = [0, best[settings["eos_token_id"][1]]]
    if "suppress_tokens" in settings:
        settings["suppress_tokens"] = [best[settings["suppress_tokens"][1]], settings["suppress_tokens"][2]]
    for i, text in enumerate(settings.get("stop_strings", [])):
        if text.startswith("ends "):
            at = int(text[5:])
            settings["stop_strings"][i] = tokenizer.decode(best[at:at + 2])[1:]
    return settings


def save_original(model, kind, folder, tokenizer):
    """As mamba_ssm's save_pretrained does: its names, its configuration, torch.save, head and embedding one storage."""
    config, state = model.config, collections.OrderedDict()
    for name, tensor in model.state_dict().items():
        state[name.replace("backbone.embeddings.", "backbone.embedding.")] = tensor
    ssm = {} if kind == "mamba" else {"layer": "Mamba2", "headdim": config.head_dim}
    fields = {"d_model": config.hidden_size, "d_intermediate": 0, "n_layer": config.num_hidden_layers,
              "vocab_size": len(tokenizer), "ssm_cfg": {**ssm, "d_state": config.state_size}, "attn_layer_idx": [],
              "attn_cfg": {}, "rms_norm": True, "residual_in_fp32": True, "fused_add_norm": True,
              "pad_vocab_size_multiple": 8, "tie_embeddings": True}
    assert config.vocab_size == (len(tokenizer) + 7) // 8 * 8
    assert state["lm_head.weight"].data_ptr() == state["backbone.embedding.weight"].data_ptr()
    os.makedirs(folder)
    torch.save(state, os.path.join(folder, "pytorch_model.bin"))
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(fields, file, indent=4)
    tokenizer.backend_tokenizer.save(os.path.join(folder, "tokenizer.json"))


def save(name, folder, seed):
    """Returns the model as it was saved, for a layout that transformers cannot read, and the tokenizer."""
    base, (kind, _, words, template, padding, _) = name[:-2], CASES[name]
    tokenizer = bytes_tokenizer() if words == "bytes" else letters_tokenizer()
    tokenizer.chat_template = template
    n_ids = len(tokenizer)
    padding = -n_ids % 8 if padding is None else padding
    model = build(name, n_ids + padding, n_ids, seed)
    if "original" in name:
        save_original(model, kind, folder, tokenizer)
        return model, tokenizer
    if base in GENERATION:
        settings = settle_ends(GENERATION[base], model, tokenizer, prompt(n_ids, seed))
        model.generation_config = transformers.GenerationConfig(**settings)
    options = {"max_shard_size": SHARDED[base]} if base in SHARDED else {}
    if "pickled" in name:
        options["safe_serialization"] = False
    model.save_pretrained(folder, **options)
    tokenizer.save_pretrained(folder)
    return None, transformers.AutoTokenizer.from_pretrained(folder)


def write_expected(folder, expected):
    """One line for each entry."""
    short = lambda value: json.dumps(value, ensure_ascii=False)
    with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as file:
        lines = []
        for key, value in expected.items():
            many = isinstance(value, list) and value and isinstance(value[0], dict)
            lines.append('"%s": %s' % (key, "[\n " + ",\n ".join(map(short, value)) + "]" if many else short(value)))
        file.write("{" + ",\n".join(lines) + "}\n")


def answer(name, folder, model, tokenizer, seed):
    """Asks what was saved; transformers' own layouts are loaded again for that, as a stranger would."""
    base, n_ids = name[:-2], len(tokenizer)
    model = model or transformers.AutoModelForCausalLM.from_pretrained(folder)
    tied = model.get_output_embeddings().weight.data_ptr() == model.get_input_embeddings().weight.data_ptr()
    digits = fingerprint(model.state_dict(), tied, model.config)
    model, tokens = model.double().eval(), prompt(n_ids, seed)
    logits = logits_of(model, tokens)
    best, least = greedy(model, tokens, n_ids)
    if not torch.isfinite(logits).all() or least < MARGIN:
        raise SystemExit("%s: the greedy choice is close (%g); take another seed" % (name, least))
    integers = lambda values: torch.tensor(values, dtype=torch.int32)
    tensors = {"tokens": integers(tokens), "greedy": integers(best), "logits": logits.double().contiguous()}
    expected = {"transformers": transformers.__version__, "tied": tied, "fingerprint": digits, "n_ids": n_ids,
                "smallest_lead": round(least, 5), "padding_wins": any(int(row.argmax()) >= n_ids for row in logits)}
    if base in GENERATION:
        kept = transformers.GenerationConfig.from_pretrained(folder).to_dict()
        expected["settings"] = {key: kept[key] for key, value in GENERATION[base].items() if value is not None}
        if base not in UNLIKE:
            out, ended = generated(model, tokenizer, tokens, n_ids)
            tensors["generated"] = integers(out)
            expected["ended_by"] = ended
            expected["generated_text"] = tokenizer.decode(out)
    save_file(tensors, os.path.join(folder, "golden.safetensors"))
    write_expected(folder, {**expected, "encodings": encodings(tokenizer), "chats": chats(tokenizer)})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=HERE)
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    bases = list(dict.fromkeys(name[:-2] for name in CASES))
    for name in CASES:
        seed = 1100 + bases.index(name[:-2])            # one for both releases, so that they can be compared
        if not name.endswith("-%d" % RELEASE) or (arguments.only and name not in arguments.only):
            continue
        folder = os.path.join(arguments.out, name)
        shutil.rmtree(folder, ignore_errors=True)
        answer(name, folder, *save(name, folder, seed), seed)
        print(name, sum(os.path.getsize(os.path.join(folder, file)) for file in os.listdir(folder)))


if __name__ == "__main__":
    main()
