#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""peers.py - krait beside llama.cpp and transformers, on one model and in turns.

peers.py make FOLDER            makes the model: the shape of mamba-130m with random weights, as transformers writes it
                                (FOLDER/f32, FOLDER/bf16), and as GGUF. Needs torch, transformers and gguf.
peers.py measure FOLDER         measures each that is here, in turns, every time in a process of its own. Prints one JSON
                                object a line, and a table of medians at the end.
peers.py transformers FOLDER TYPE    one pass of transformers alone, f32 or bf16; the others have programs for it.

$KRAIT is the command (krait), $LLAMA_BENCH llama.cpp's llama-bench with all that stands before it, such as a chroot.
$ENGINES names some of krait,transformers,llama.cpp. $ROUNDS (5), $THREADS (2), $PROMPT (256) and $TOKENS (32) are numbers. A pass reads the prompt and generates three times,
and its fastest counts.
"""
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

THREADS = int(os.environ.get("THREADS", 2))
PROMPT = int(os.environ.get("PROMPT", 256))
TOKENS = int(os.environ.get("TOKENS", 32))
ROUNDS = int(os.environ.get("ROUNDS", 5))
TYPES = ("f32", "bf16")


def make(folder):
    import torch
    import transformers
    torch.manual_seed(1)
    config = transformers.MambaConfig(num_hidden_layers=24)
    model = transformers.MambaForCausalLM(config).float()
    model.save_pretrained(os.path.join(folder, "f32"))
    weights = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    model.to(torch.bfloat16).save_pretrained(os.path.join(folder, "bf16"))
    for kind in TYPES:
        make_gguf(os.path.join(folder, kind + ".gguf"), config, weights, kind)


# The tensors of a block: the published name, GGUF's, and whether GGUF stores it in the file's own type.
BLOCK = (("norm.weight", "attn_norm.weight", False), ("mixer.in_proj.weight", "ssm_in.weight", True),
         ("mixer.conv1d.weight", "ssm_conv1d.weight", False), ("mixer.conv1d.bias", "ssm_conv1d.bias", False),
         ("mixer.x_proj.weight", "ssm_x.weight", True), ("mixer.dt_proj.weight", "ssm_dt.weight", True),
         ("mixer.dt_proj.bias", "ssm_dt.bias", False), ("mixer.A_log", "ssm_a", False), ("mixer.D", "ssm_d", False),
         ("mixer.out_proj.weight", "ssm_out.weight", True))


def make_gguf(path, config, weights, kind):
    import gguf
    import numpy
    writer = gguf.GGUFWriter(path, "mamba")
    writer.add_name("random mamba-130m")
    writer.add_context_length(1 << 20)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_ssm_conv_kernel(config.conv_kernel)
    writer.add_ssm_inner_size(config.intermediate_size)
    writer.add_ssm_state_size(config.state_size)
    writer.add_ssm_time_step_rank(config.time_step_rank)
    writer.add_layer_norm_rms_eps(config.layer_norm_epsilon)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("none")
    writer.add_file_type(32 if kind == "bf16" else 0)

    def add(name, value, stored):
        if stored and kind == "bf16":
            halves = gguf.quants.quantize(value, gguf.GGMLQuantizationType.BF16)
            writer.add_tensor(name, halves, raw_dtype=gguf.GGMLQuantizationType.BF16)
        else:
            writer.add_tensor(name, numpy.ascontiguousarray(value, dtype=numpy.float32))

    add("token_embd.weight", weights["backbone.embeddings.weight"], True)
    add("output_norm.weight", weights["backbone.norm_f.weight"], False)
    for i in range(config.num_hidden_layers):
        for ours, theirs, stored in BLOCK:
            value = weights[f"backbone.layers.{i}.{ours}"]
            if theirs == "ssm_a":
                value = -numpy.exp(value)
            add(f"blk.{i}.{theirs}", value.squeeze(1) if "conv1d.weight" in ours else value, stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def run(command):
    """What a command printed, and the most memory it had, in bytes."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{shlex.join(command)}: exit status {process.returncode}")
    return text, usage.ru_maxrss * 1024


def krait(folder, kind):
    command = [os.environ.get("KRAIT", "krait"), "bench", "--json", "-m", os.path.join(folder, kind), "--threads", str(THREADS)]
    text, _ = run(command + ["--batch", "1", "--prompt", str(PROMPT), "--tokens", str(TOKENS)])
    rows = {row["work"]: row for row in map(json.loads, text.splitlines())}
    # The buffer that the ceilings are measured with is none of a model's: memory is a pass of its own.
    text, _ = run(command + ["--memory"])
    memory = next(row for row in map(json.loads, text.splitlines()) if row["work"] == "memory")
    return {"prompt": rows["prefill"]["tokens_per_second"], "decode": rows["decode"]["tokens_per_second"],
            "state": rows["snapshot"]["state_bytes"], "memory": memory["peak_bytes"]}


def llama(folder, kind):
    command = shlex.split(os.environ["LLAMA_BENCH"]) + ["-m", os.path.join(folder, kind + ".gguf"), "-t", str(THREADS), "-r", "3", "-o", "json"]
    text, memory = run(command + ["-p", str(PROMPT), "-n", str(TOKENS), "-ngl", "0"])
    best = {("prompt" if row["n_prompt"] else "decode"): max(row["samples_ts"]) for row in json.loads(text)}
    return {**best, "memory": memory, "build": f"{json.loads(text)[0]['build_number']}"}


def transformers(folder, kind):
    text, memory = run([sys.executable, __file__, "transformers", folder, kind])
    return {**json.loads(text.splitlines()[-1]), "memory": memory}


def bytes_of(part):
    """The bytes of all tensors in a value, however it holds them."""
    if hasattr(part, "numel"):
        return part.numel() * part.element_size()
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, (list, tuple)) else ()
    return sum(map(bytes_of, parts))


def transformers_pass(folder, kind):
    import torch
    from transformers import MambaForCausalLM
    torch.set_num_threads(THREADS)
    model = MambaForCausalLM.from_pretrained(os.path.join(folder, kind), dtype=getattr(torch, {"f32": "float32", "bf16": "bfloat16"}[kind]))
    ids = torch.tensor([[(i * 7919 + 13) % 50000 for i in range(PROMPT)]])
    prompt, decode = [], []
    with torch.inference_mode():
        model(ids[:, :4])
        for _ in range(3):
            start = time.perf_counter()
            answer = model(ids, use_cache=True)
            prompt.append(PROMPT / (time.perf_counter() - start))
            # Version 5.24 calls it by another name.
            past = "cache" if hasattr(answer, "cache") else "cache_params"
            cache, token = answer[past], answer.logits[:, -1:].argmax(-1)
            start = time.perf_counter()
            for _ in range(TOKENS):
                answer = model(token, **{past: cache}, use_cache=True)
                token = answer.logits[:, -1:].argmax(-1)
            decode.append(TOKENS / (time.perf_counter() - start))
    state = sum(bytes_of(vars(layer)) for layer in cache.layers)
    print(json.dumps({"prompt": max(prompt), "decode": max(decode), "state": state}))


def measure(folder):
    engines = {"krait": krait, "transformers": transformers}
    if "LLAMA_BENCH" in os.environ:
        engines["llama.cpp"] = llama
    chosen = os.environ.get("ENGINES", ",".join(engines)).split(",")
    engines = {name: engine for name, engine in engines.items() if name in chosen}
    rows = []
    for turn in range(ROUNDS):
        for kind in TYPES:
            for name, engine in engines.items():
                row = {"engine": name, "weights": kind, "round": turn, **engine(folder, kind)}
                print(json.dumps(row), flush=True)
                rows.append(row)
    print(f"{'':14}{'weights':10}{'decode':>10}{'prompt':>10}{'memory':>12}{'state':>12}   tokens/s, MiB; medians of {ROUNDS}")
    for name in engines:
        for kind in TYPES:
            mine = [row for row in rows if row["engine"] == name and row["weights"] == kind]
            middle = {key: statistics.median(row.get(key, 0) for row in mine) for key in ("decode", "prompt", "memory", "state")}
            print(f"{name:14}{kind:10}{middle['decode']:10.1f}{middle['prompt']:10.1f}"
                  f"{middle['memory'] / 2 ** 20:12.0f}{middle['state'] / 2 ** 20:12.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"] and len(sys.argv) == 3:
        make(sys.argv[2])
    elif sys.argv[1:2] == ["measure"] and len(sys.argv) == 3:
        measure(sys.argv[2])
    elif sys.argv[1:2] == ["transformers"] and len(sys.argv) == 4:
        transformers_pass(*sys.argv[2:])
    else:
        sys.exit(__doc__)
