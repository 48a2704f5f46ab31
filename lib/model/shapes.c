/* SPDX-License-Identifier: Apache-2.0 */
/* shapes.c - published shapes by name: sizes, and the rest as the model's own config.json says it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/shapes.h"

#include <string.h>

#define MAMBA1(shape, d_model, layers, dt_rank) \
	{ .name = shape, .width = d_model, .vocab = 50280, .d_inner = 2 * (d_model), .d_state = 16, .rank = dt_rank, \
		.config = "{\"n_layer\": " #layers "}" }
#define MAMBA2(shape, d_model, layers) \
	{ .name = shape, .width = d_model, .vocab = 50288, .d_inner = 2 * (d_model), .n_heads = (d_model) / 32, \
		.d_state = 128, \
		.config = "{\"n_layer\": " #layers ", \"ssm_cfg\": {\"layer\": \"Mamba2\"}}" }
#define MAMBA3(shape, d_model, layers, r, ff, mimo) \
	{ .name = shape, .width = d_model, .vocab = 128256, .d_inner = 2 * (d_model), .n_heads = (d_model) / 32, \
		.d_state = 128, .rank = r, \
		.n_angles = 32, .d_ff = ff, \
		.config = "{\"n_layer\": " #layers ", \"d_intermediate\": " #ff ", " \
		"\"ssm_cfg\": {\"layer\": \"Mamba3\", \"is_mimo\": " mimo "}}" }
#define TRANSFORMER(shape, d_model, layers, ff, heads, dim) \
	{ .name = shape, .width = d_model, .vocab = 50288, .d_ff = ff, .pattern = layers, \
		.config = "{\"n_layer\": 1, \"d_intermediate\": " #ff ", \"attn_layer_idx\": [0], " \
		"\"attn_cfg\": {\"causal\": true, \"num_heads\": " #heads \
		", \"head_dim\": " #dim ", \"out_proj_bias\": false, \"qkv_proj_bias\": false, \"rotary_emb_dim\": " \
		#dim "}}" }
#define GRANITE(shape, d_model, dim, heads, kv, ff, f, experts, chosen, attention, residual, logits, layers) \
	{ .name = shape, .width = d_model, .vocab = 100352, .d_inner = 2 * (d_model), \
		.n_heads = 2 * (d_model) / (dim), .d_state = 128, .d_ff = ff, \
		.expert_ff = f, .pattern = layers, \
		.config = "{\"model_type\": \"granitemoehybrid\", \"hidden_size\": " #d_model ", " \
		"\"layer_types\": [\"mamba\"], " \
		"\"num_attention_heads\": " #heads ", \"num_key_value_heads\": " #kv ", " \
		"\"embedding_multiplier\": 12, \"attention_multiplier\": " attention \
		", \"residual_multiplier\": " residual ", \"logits_scaling\": " logits ", \"num_local_experts\": " \
		#experts \
		", \"num_experts_per_tok\": " #chosen ", \"rms_norm_eps\": 1e-5}" }
#define GRANITE_40 "MMMMM*MMMMMMMMM*MMMMMMMMM*MMMMMMMMM*MMMM"
#define FALCON_H1(shape, d_model, layers, v, inner, states, heads, kv, dim, ff) \
	{ .name = shape, .width = d_model, .vocab = v, .d_inner = inner, .n_heads = (inner) / 64, .d_state = states, \
		.d_ff = ff, \
		.config = "{\"model_type\": \"falcon_h1\", \"hidden_size\": " #d_model ", \"num_hidden_layers\": " \
		#layers ", \"num_attention_heads\": " #heads \
		", \"num_key_value_heads\": " #kv ", \"head_dim\": " #dim ", \"rope_theta\": 1e11, " \
		"\"embedding_multiplier\": 5.65, " \
		"\"ssm_in_multiplier\": 1.25, \"ssm_out_multiplier\": 0.236, " \
		"\"ssm_multipliers\": [0.35, 0.25, 0.35, 0.5, 0.35], \"key_multiplier\": 0.39, " \
		"\"mlp_multipliers\": [0.88, 0.59], \"attention_out_multiplier\": 0.94, " \
		"\"lm_head_multiplier\": 0.039, \"tie_word_embeddings\": false}" }
#define NEMOTRON(shape, d_model, inner, heads, ff, f, shared, attention, kv, experts, chosen, layers) \
	{ .name = shape, .width = d_model, .vocab = 131072, .d_inner = inner, .n_heads = heads, .d_state = 128, \
		.d_ff = ff, .expert_ff = f, \
		.shared_ff = shared, \
		.config = "{\"model_type\": \"nemotron_h\", \"hidden_size\": " #d_model ", \"num_attention_heads\": " \
		#attention \
		", \"num_key_value_heads\": " #kv ", \"head_dim\": 128, \"n_groups\": 8, \"ssm_state_size\": 128, " \
		"\"n_routed_experts\": " #experts \
		", \"num_experts_per_tok\": " #chosen ", \"routed_scaling_factor\": 2.5, " \
		"\"tie_word_embeddings\": false, " \
		"\"hybrid_override_pattern\": \"" layers "\"}" }

static const struct shape shapes[] = {
	MAMBA1("mamba-130m", 768, 24, 48),
	MAMBA1("mamba-370m", 1024, 48, 64),
	MAMBA1("mamba-790m", 1536, 48, 96),
	MAMBA1("mamba-1.4b", 2048, 48, 128),
	MAMBA1("mamba-2.8b", 2560, 64, 160),
	MAMBA2("mamba2-130m", 768, 24),
	MAMBA2("mamba2-370m", 1024, 48),
	MAMBA2("mamba2-780m", 1536, 48),
	MAMBA2("mamba2-1.3b", 2048, 48),
	MAMBA2("mamba2-2.7b", 2560, 64),
	MAMBA3("mamba3-siso-187m", 768, 12, 1, 1536, "false"),
	MAMBA3("mamba3-mimo-187m", 768, 12, 4, 1280, "true"),
	MAMBA3("mamba3-siso-1.5b", 2048, 24, 1, 4096, "false"),
	{ .name = "falcon-mamba-7b", .width = 4096, .vocab = 65024, .d_inner = 8192, .d_state = 16, .rank = 256,
		.config = "{\"model_type\": \"falcon_mamba\", \"num_hidden_layers\": 64, "
		"\"tie_word_embeddings\": false}" },
	{ .name = "codestral-7b", .width = 4096, .vocab = 32768, .d_inner = 8192, .n_heads = 128, .d_state = 128,
		.config = "{\"model_type\": \"mamba\", \"dim\": 4096, \"n_layers\": 64, \"n_groups\": 8, "
		"\"tie_embeddings\": false}" },
	/* not a published one: as many parameters as mamba-130m, to compare with it */
	TRANSFORMER("transformerpp-130m", 768, "************", 2048, 12, 64),
	TRANSFORMER("transformerpp-2.7b", 2560, "********************************", 6912, 32, 80),
	{ .name = "mamba2attn-2.7b", .width = 2560, .vocab = 50288, .d_inner = 5120, .n_heads = 80, .d_state = 128,
		.attention_conv = 4,
		.config = "{\"n_layer\": 64, \"ssm_cfg\": {\"layer\": \"Mamba2\"}, "
		"\"attn_layer_idx\": [9, 18, 27, 36, 45, 56], \"attn_cfg\": "
		"{\"causal\": true, \"d_conv\": 4, \"head_dim\": 128, \"num_heads\": 30, \"out_proj_bias\": false, "
		"\"qkv_proj_bias\": false, "
		"\"rotary_emb_dim\": 64}}" },
	GRANITE("granite-4.0-h-350m", 768, 32, 12, 4, 2048, 0, 0, 0, "0.015625", "0.246", "3",
		"MMMMMMMMMM*MM*MMM*MMMMMMMMM*MMMM"),
	GRANITE("granite-4.0-h-1b", 1536, 64, 12, 4, 4096, 0, 0, 0, "0.0078125", "0.22", "6", GRANITE_40),
	GRANITE("granite-4.0-h-micro", 2048, 64, 32, 8, 8192, 0, 0, 0, "0.015625", "0.22", "8", GRANITE_40),
	GRANITE("granite-4.0-h-tiny", 1536, 64, 12, 4, 1024, 512, 64, 6, "0.0078125", "0.22", "6", GRANITE_40),
	FALCON_H1("falcon-h1-0.5b", 1024, 36, 32784, 1536, 128, 8, 2, 64, 2048),
	FALCON_H1("falcon-h1-1.5b", 2048, 24, 65537, 3072, 256, 8, 2, 128, 4608),
	NEMOTRON("nemotron-3-nano-4b", 3136, 7680, 96, 12544, 0, 0, 40, 8, 0, 0,
		"M-M-M-MM-M-M*-M-M*-M-M-M*-M-M-MM*-MMM-M-M-"),
	NEMOTRON("nemotron-nano-9b-v2", 4480, 10240, 128, 15680, 0, 0, 40, 8, 0, 0,
		"M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-"),
	NEMOTRON("nemotron-3-nano-30b-a3b", 2688, 4096, 64, 0, 1856, 3712, 32, 2, 128, 6,
		"MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"),
	{ .name = "bamba-9b", .width = 4096, .vocab = 128256, .d_inner = 8192, .n_heads = 128, .d_state = 128,
		.d_ff = 14336,
		.config = "{\"model_type\": \"bamba\", \"hidden_size\": 4096, \"num_hidden_layers\": 32, "
		"\"num_attention_heads\": 32, "
		"\"num_key_value_heads\": 8, \"attn_layer_indices\": [9, 18, 27], \"attn_rotary_emb\": 64, "
		"\"tie_word_embeddings\": false}" },
	{ .name = "jamba-reasoning-3b", .width = 2560, .vocab = 65536, .d_inner = 5120, .d_state = 16, .rank = 160,
		.d_ff = 8192,
		.config = "{\"model_type\": \"jamba\", \"hidden_size\": 2560, \"num_hidden_layers\": 28, "
		"\"num_attention_heads\": 20, "
		"\"num_key_value_heads\": 1, \"attn_layer_period\": 14, \"attn_layer_offset\": 7, "
		"\"num_experts\": 1, \"tie_word_embeddings\": false}" },
};

const struct shape *krait__shape_at(size_t index)
{
	return index < sizeof(shapes) / sizeof(*shapes) ? &shapes[index] : NULL;
}

/* The numbers of a kind that only shapes of tensors say. */
static void complete_part(struct part *part, const struct shape *shape)
{
	switch (part->kind) {
	case PART_MAMBA1:
	case PART_MAMBA2:
	case PART_MAMBA3:
		part->d_inner = part->d_ssm = shape->d_inner;
		part->n_heads = shape->n_heads ? shape->n_heads : shape->d_inner;
		part->head_dim = part->n_heads ? part->d_inner / part->n_heads : 0;
		part->d_state = shape->d_state;
		part->rank = shape->rank;
		part->n_angles = shape->n_angles;
		part->n_groups = part->n_groups ? part->n_groups : 1;
		part->d_conv = 4;
		break;
	case PART_ATTENTION:
		part->n_kv_heads = part->n_kv_heads ? part->n_kv_heads : part->n_heads;
		part->d_conv = shape->attention_conv;
		break;
	case PART_MLP:
		part->d_ff = part->input == INPUT_SAME && shape->shared_ff ? shape->shared_ff : shape->d_ff;
		break;
	case PART_MOE:
		part->d_ff = shape->expert_ff;
		break;
	default:
		break;
	}
}

/* The first layers of a pattern. */
static void cut_layers(struct model_config *config, uint32_t n_layers)
{
	if (n_layers == 0 || n_layers >= config->n_layers)
		return;
	config->n_layers = n_layers;
	if (config->pattern[0])
		config->pattern[n_layers] = 0;
}

krait_status krait__shape_config(struct model_config *out, const struct shape *shape, uint32_t n_layers,
	struct why *why)
{
	krait_status status = krait__config_read(out, NULL, shape->config, strlen(shape->config), why);

	if (status != KRAIT_OK)
		return status;
	if (shape->pattern) {
		out->n_layers = (uint32_t)strlen(shape->pattern);
		memcpy(out->pattern, shape->pattern, out->n_layers + (size_t)1);
	}
	cut_layers(out, n_layers);
	for (size_t i = 0; i < out->family->n_parts; i++)
		complete_part(&out->part[i], shape);
	return KRAIT_OK;
}
