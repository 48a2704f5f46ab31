#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes published.json: what configurations of published models say, field by field, and what has to come of them.

    make_published.py

Each row is made anew from facts: names of fields, sizes, counts of parameters, sizes of states. No file of a repository
is in it. `runs` is what krait has to find out; `family` what it has to call a model of which no more is known; `refused` are
words that its refusal has to hold."""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
INFINITY = float("inf")
END = "<|endoftext|>"
NEOX = {"tokenizer_class": "GPTNeoXTokenizer", "bos_token": END, "eos_token": END, "unk_token": END,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": True, "model_max_length": 1000000000000000019884624838656}
LLAMA = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
         "pad_token": None,
         "add_bos_token": True, "add_eos_token": False}
ORIGINAL, CONVERTED = dict(layout="original", stops=[]), dict(layout="transformers", stops=[0])
FROM_CONFIG = {"_from_model_config": True, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}

# name, d_model, layers, millions of parameters, MiB of ssm state, MiB of the last three inputs of each convolution
MAMBA = [("130m", 768, 24, "129.1", "2.25", "0.42"), ("370m", 1024, 48, "371.5", "6.0", "1.1"),
         ("790m", 1536, 48, "793.2", "9.0", "1.7"), ("1.4b", 2048, 48, "1372", "12.0", "2.25"), ("2.8b", 2560, 64,
                                                                                                 "2768", "20.0",
                                                                                                 "3.75")]
MAMBA2 = [("130m", 768, 24, "128.989632", "18", "0.5"), ("370m", 1024, 48, "368", "48", "1.3"),
          ("780m", 1536, 48, "780", "72", "1.8"), ("1.3b", 2048, 48, "1344", "96", "2.4"), ("2.7b", 2560, 64, "2703",
                                                                                            "160", "3.9")]


def row(name, config, runs=None, refused=None, family=None, generation=None, tokenizer=None):
    """The files are kept as texts: not everything that Python writes into one is JSON."""
    files = {"config.json": config, "generation_config.json": generation, "tokenizer_config.json": tokenizer}
    entry = dict(name=name, files={file: json.dumps(value, indent=2) for file,
                                   value in files.items() if value is not None})
    if refused:
        return dict(entry, refused=refused)
    if family:
        return dict(entry, family=family, n_layers=config.get("num_hidden_layers", config.get("n_layer")))
    return dict(entry, runs=dict(runs, untied=False in (config.get("tie_word_embeddings"),
                                                        config.get("tie_embeddings")),
                                 eos_token=(tokenizer or {}).get("eos_token")))


def expected(family, d_model, layers, vocab, parameters, ssm, conv, **more):
    return dict(family=family, d_model=d_model, n_layers=layers, vocab_size=vocab, parameters=parameters, ssm=ssm,
                conv=conv, **more)


def original(d_model, layers, ssm_cfg, pad, **more):
    fields = dict(d_model=d_model, n_layer=layers, vocab_size=50277, ssm_cfg=ssm_cfg, rms_norm=True,
                  residual_in_fp32=True,
                  fused_add_norm=True, pad_vocab_size_multiple=pad)
    return {**fields, **more}


def original2(d_model, layers, **more):
    """With the fields that the package's later releases add; `more` in their place."""
    fields = dict(ssm_cfg={"layer": "Mamba2"}, pad=16, d_intermediate=0, attn_layer_idx=[], attn_cfg={},
                  tie_embeddings=True)
    return original(d_model, layers, **{**fields, **more})


def transformers(model_type, architecture, width, layers, vocab, **more):
    fields = dict(architectures=[architecture], model_type=model_type, hidden_size=width, num_hidden_layers=layers,
                  vocab_size=vocab, hidden_act="silu", layer_norm_epsilon=1e-05, residual_in_fp32=True, use_bias=False,
                  use_conv_bias=True, conv_kernel=4, expand=2, initializer_range=0.1, rescale_prenorm_residual=False,
                  use_cache=True, time_step_min=0.001, time_step_max=0.1, time_step_floor=0.0001, bos_token_id=0,
                  eos_token_id=0, pad_token_id=0)
    return {**fields, **more}


def mamba_hf(d_model, layers, **more):
    """Among what is meant stands what the original package called things; of that d_inner need not be true."""
    stale = dict(d_model=d_model, n_layer=layers, d_inner=160, ssm_cfg={}, rms_norm=True, fused_add_norm=True,
                 pad_vocab_size_multiple=8)
    fields = dict(intermediate_size=2 * d_model, state_size=16, time_step_rank=-(-d_model // 16),
                  time_step_init_scheme="random", time_step_scale=1.0, torch_dtype="float32",
                  transformers_version="4.39.0.dev0")
    return transformers("mamba", "MambaForCausalLM", d_model, layers, 50280, **{**stale, **fields, **more})


def mamba2_hf(d_model, layers, vocab, **more):
    fields = dict(num_heads=2 * d_model // 64, head_dim=64, state_size=128, n_groups=1, chunk_size=256, rms_norm=True,
                  time_step_rank=256, time_step_limit=[0.0, INFINITY], torch_dtype="float32",
                  transformers_version="4.44.0.dev0", tie_word_embeddings=True)
    return transformers("mamba2", "Mamba2ForCausalLM", d_model, layers, vocab, **{**fields, **more})


def running():
    for size, d_model, layers, parameters, ssm, conv in MAMBA:
        found = expected("mamba", d_model, layers, 50280, parameters, ssm, conv)
        yield row("state-spaces/mamba-" + size, original(d_model, layers, {}, 8), {**found, **ORIGINAL})
        yield row("state-spaces/mamba-%s-hf" % size, mamba_hf(d_model, layers), {**found, **CONVERTED},
                  generation=FROM_CONFIG, tokenizer=NEOX)
    slim = expected("mamba", 2560, 64, 50280, "2768", "20.0", "3.75", **ORIGINAL)
    yield row("state-spaces/mamba-2.8b-slimpj", original(2560, 64, {}, 8), slim)
    yield row("havenhq/mamba-chat", original(2560, 64, {}, 8), slim, tokenizer=NEOX)
    yield row("only what cannot be left out", dict(d_model=2560, n_layer=64), slim)
    for size, d_model, layers, parameters, ssm, conv in MAMBA2:
        found = expected("mamba2", d_model, layers, 50288, parameters, ssm, conv)
        yield row("state-spaces/mamba2-" + size, original2(d_model, layers), {**found, **ORIGINAL})
        yield row("AntonV/mamba2-%s-hf" % size, mamba2_hf(d_model, layers, 50288), {**found, **CONVERTED},
                  generation=FROM_CONFIG, tokenizer=NEOX)
    # release 5 writes infinity as a thing that JSON knows
    limit = [0.0, {"__float__": "Infinity"}]
    yield row("mamba2-130m as transformers 5 writes it", mamba2_hf(768, 24, 50288, time_step_limit=limit,
                                                                   dtype="float32"),
              expected("mamba2", 768, 24, 50288, "128.989632", "18", "0.5", **CONVERTED))
    codestral = dict(n_groups=8, tie_word_embeddings=False, torch_dtype="bfloat16")
    found = expected("mamba2", 4096, 64, 32768, "7285", "256", "7.5", layout="transformers", n_groups=8)
    early = dict(norm_before_gate=True, intermediate_size=8192, time_step_init_scheme="random", time_step_scale=1.0)
    yield row("mistralai/Mamba-Codestral-7B-v0.1, early", mamba2_hf(4096, 64, 32768, **codestral, **early),
              {**found, "stops": [0]}, tokenizer=LLAMA)
    yield row("mistralai/Mamba-Codestral-7B-v0.1", mamba2_hf(4096, 64, 32768, **codestral, bos_token_id=1,
                                                             eos_token_id=2),
              {**found, "stops": [2]}, generation=dict(bos_token_id=1, eos_token_id=2), tokenizer=LLAMA)
    # with what Mistral's own params.json says, put into the original layout: d_state is left to the package
    yield row("Codestral as the original package has it", original2(4096, 64, vocab_size=32768, pad=1,
                                                                    tie_embeddings=False,
                                                                    ssm_cfg={"layer": "Mamba2", "ngroups": 8}),
              {**found, **ORIGINAL})


def hybrid(name, kind, layers, **fields):
    """A row that is known by its model_type; its architecture is that with capitals and "ForCausalLM"."""
    model_type, architecture = kind
    config = dict(architectures=[architecture + "ForCausalLM"], model_type=model_type, num_hidden_layers=layers,
                  **fields)
    if model_type == "zamba2":
        return row(name, config, refused=["'%s'" % model_type, "'mamba', 'mamba2'"])
    return row(name, config, family=model_type)


def other_originals():
    attention = dict(causal=True, d_conv=4, head_dim=128, num_heads=30, out_proj_bias=False, qkv_proj_bias=False,
                     rotary_emb_dim=64)
    yield row("state-spaces/mamba2attn-2.7b", family="mamba2attn",
              config=original2(2560, 64, attn_layer_idx=[9, 18, 27, 36, 45, 56], attn_cfg=attention))
    attention = dict(causal=True, head_dim=80, num_heads=32, out_proj_bias=False, qkv_proj_bias=False,
                     rotary_emb_dim=40)
    yield row("state-spaces/transformerpp-2.7b", family="transformerpp",
              config=original2(2560, 32, d_intermediate=6912, ssm_cfg={}, attn_layer_idx=list(range(32)),
                               attn_cfg=attention))
    for name, width, layers, mlp in (("siso-187m", 768, 12, 1536), ("siso-1.5b", 2048, 24, 4096), ("mimo-187m", 768,
                                                                                                   12, 1264),
                                     ("mimo-1.5b", 2048, 24, 3824)):
        mimo = name.startswith("mimo")
        ssm = dict(layer="Mamba3", d_state=128, expand=2, headdim=64, ngroups=1, rope_fraction=0.5, A_floor=1e-4,
                   dt_min=0.001,
                   dt_max=0.1, dt_init_floor=1e-4, is_mimo=mimo, mimo_rank=4, is_outproj_norm=False,
                   chunk_size=16 if mimo else 64)
        yield row("state-spaces/mamba3-" + name, family="mamba3",
                  config=original2(width, layers, ssm_cfg=ssm, d_intermediate=mlp, vocab_size=128256))


def other_falcon():
    kind = ("falcon_mamba", "FalconMamba")
    falcon = dict(hidden_size=4096, vocab_size=65024, intermediate_size=8192, state_size=16, time_step_rank=256,
                  conv_kernel=4,
                  expand=16, tie_word_embeddings=False, layer_norm_epsilon=1e-05, bos_token_id=0, eos_token_id=11,
                  pad_token_id=11)
    yield hybrid("tiiuae/falcon-mamba-7b", kind, 64, **falcon)
    yield hybrid("tiiuae/Falcon3-Mamba-7B-Instruct", kind, 64, mixer_rms_eps=1e-05, **falcon)
    # called a Mamba by the release that made it: what refuses it is that its weights are quantised
    bits = dict(load_in_4bit=True, quant_method="bitsandbytes", bnb_4bit_quant_type="nf4")
    yield row("tiiuae/falcon-mamba-7b-instruct-4bit", refused=["'quantization_config'", "quantised"],
              config=transformers("mamba", "MambaForCausalLM", 4096, 64, 65024, quantization_config=bits,
                                  **{key: falcon[key] for key in ("intermediate_size", "state_size",
                                                                  "time_step_rank")}))
    for size, width, layers in (("0.5B", 1024, 36), ("7B", 3072, 44), ("34B", 5120, 72)):
        yield hybrid("tiiuae/Falcon-H1-" + size, ("falcon_h1", "FalconH1"), layers, hidden_size=width, rope_theta=1e11,
                     mamba_rms_norm=False, mamba_norm_before_gate=False, eos_token_id=11)


def other_nemotron():
    nemotron = dict(n_groups=8, ssm_state_size=128, conv_kernel=4, head_dim=128, mlp_hidden_act="relu2",
                    vocab_size=131072,
                    bos_token_id=1, eos_token_id=2, tie_word_embeddings=False)
    dense = dict(mamba_head_dim=80, num_attention_heads=40, num_key_value_heads=8, **nemotron)
    kind = ("nemotron_h", "NemotronH")
    yield hybrid("nvidia/NVIDIA-Nemotron-Nano-9B-v2", kind, 56, hidden_size=4480, intermediate_size=15680,
                 mamba_num_heads=128,
                 hybrid_override_pattern="M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-", **dense)
    yield hybrid("nvidia/NVIDIA-Nemotron-3-Nano-4B", kind, 42, hidden_size=3136, intermediate_size=12544,
                 mamba_num_heads=96,
                 hybrid_override_pattern="M-M-M-MM-M-M*-M-M*-M-M-M*-M-M-MM*-MMM-M-M-", **dense)
    yield hybrid("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B", kind, 52, hidden_size=2688, n_routed_experts=128,
                 num_experts_per_tok=6,
                 moe_intermediate_size=1856, moe_shared_expert_intermediate_size=3712, routed_scaling_factor=2.5,
                 mamba_num_heads=64, mamba_head_dim=64, num_attention_heads=32, num_key_value_heads=2,
                 hybrid_override_pattern="MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME", **nemotron)


def other_others():
    granite = dict(vocab_size=100352, mamba_n_heads=48, mamba_d_state=128, mamba_n_groups=1, num_attention_heads=12,
                   num_key_value_heads=4, num_local_experts=0, embedding_multiplier=12, position_embedding_type="nope",
                   tie_word_embeddings=True, bos_token_id=100257, eos_token_id=100257, pad_token_id=100256)
    for size, width, layers, dim, mlp, residual, at in (("350m", 768, 32, 32, 2048, 0.246, (10, 13, 17, 27)),
                                                        ("1b", 1536, 40, 64, 4096, 0.22, (5, 15, 25, 35))):
        yield hybrid("ibm-granite/granite-4.0-h-" + size, ("granitemoehybrid", "GraniteMoeHybrid"), layers,
                     hidden_size=width,
                     layer_types=["attention" if i in at else "mamba" for i in range(layers)], mamba_d_head=dim,
                     shared_intermediate_size=mlp, residual_multiplier=residual, **granite)
    yield hybrid("ibm-ai-platform/Bamba-9B", ("bamba", "Bamba"), 32, attn_layer_indices=[9, 18, 27], mamba_n_heads=128,
                 mamba_d_head=64, mamba_d_state=128, mamba_n_groups=1)
    jamba = dict(attn_layer_period=8, attn_layer_offset=4, mamba_d_state=16, mamba_d_conv=4, mamba_expand=2)
    yield hybrid("ai21labs/AI21-Jamba2-3B", ("jamba", "Jamba"), 28, num_experts=1, **jamba)
    yield hybrid("ai21labs/AI21-Jamba-Mini-1.6", ("jamba", "Jamba"), 32, num_experts=16, num_experts_per_tok=2,
                 expert_layer_period=2, expert_layer_offset=1, **jamba)
    yield hybrid("Zyphra/Zamba2-7B", ("zamba2", "Zamba2"), 81, use_mem_rope=True, num_mem_blocks=2)


def main():
    rows = [json.dumps(entry) for entry in [*running(), *other_originals(), *other_falcon(), *other_nemotron(),
                                            *other_others()]]
    with open(os.path.join(HERE, "published.json"), "w", encoding="utf-8") as file:
        file.write("[" + ",\n".join(rows) + "]\n")
    print(len(rows), "models")


if __name__ == "__main__":
    main()
