/* SPDX-License-Identifier: Apache-2.0 */
/* hybrid.c - the model of the harnesses whose states grow: a layer of attention with its convolution before one of
 * Mamba-2. */
#include "fuzz.h"

#include <string.h>

#define WIDTH 4
#define HEADS 2
#define HEAD 4
#define STATE 4
#define INNER (HEADS * HEAD)
#define CHANNELS (INNER + 2 * STATE)
#define QKV (3 * HEADS * HEAD)
#define CONV 4

static const char config[] = "{\"d_model\":4,\"d_intermediate\":0,\"n_layer\":2,\"vocab_size\":264,\"ssm_cfg\":{\"layer\":\"Mamba2\","
	"\"d_state\":4,\"headdim\":4},\"attn_layer_idx\":[0],\"attn_cfg\":{\"causal\":true,\"d_conv\":4,\"head_dim\":4,\"num_heads\":2,"
	"\"out_proj_bias\":false,\"qkv_proj_bias\":false,\"rotary_emb_dim\":2},\"rms_norm\":true,\"residual_in_fp32\":true,"
	"\"fused_add_norm\":true,\"pad_vocab_size_multiple\":8,\"tie_embeddings\":true}";

static const struct fuzz_tensor tensors[] = {
	{ "backbone.embedding.weight", 2, { FUZZ_VOCAB, WIDTH, 0 } },
	{ "backbone.layers.0.norm.weight", 1, { WIDTH, 0, 0 } },
	{ "backbone.layers.0.mixer.in_proj.weight", 2, { QKV, WIDTH, 0 } },
	{ "backbone.layers.0.mixer.conv1d.weight", 3, { QKV, 1, CONV } },
	{ "backbone.layers.0.mixer.conv1d.bias", 1, { QKV, 0, 0 } },
	{ "backbone.layers.0.mixer.out_proj.weight", 2, { WIDTH, HEADS * HEAD, 0 } },
	{ "backbone.layers.1.norm.weight", 1, { WIDTH, 0, 0 } },
	{ "backbone.layers.1.mixer.dt_bias", 1, { HEADS, 0, 0 } },
	{ "backbone.layers.1.mixer.A_log", 1, { HEADS, 0, 0 } },
	{ "backbone.layers.1.mixer.D", 1, { HEADS, 0, 0 } },
	{ "backbone.layers.1.mixer.in_proj.weight", 2, { INNER + CHANNELS + HEADS, WIDTH, 0 } },
	{ "backbone.layers.1.mixer.conv1d.weight", 3, { CHANNELS, 1, CONV } },
	{ "backbone.layers.1.mixer.conv1d.bias", 1, { CHANNELS, 0, 0 } },
	{ "backbone.layers.1.mixer.norm.weight", 1, { INNER, 0, 0 } },
	{ "backbone.layers.1.mixer.out_proj.weight", 2, { WIDTH, INNER, 0 } },
	{ "backbone.norm_f.weight", 1, { WIDTH, 0, 0 } },
};

const struct fuzz_source fuzz_hybrid = { config, tensors, sizeof(tensors) / sizeof(tensors[0]) };
