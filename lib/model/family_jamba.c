/* SPDX-License-Identifier: Apache-2.0 */
/* family_jamba.c - Jamba: Mamba-1 with norms of dt, B and C, or attention without positions, then an MLP or
 * experts, each by a period of layers. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

#include <string.h>

/* M and E: Mamba with an MLP, with experts; * and X: attention with either. */
static const struct part_rule parts[] = {
	{ PART_MAMBA1, INPUT_NORM, "ME", "input_layernorm.", "mamba.", &krait__mamba1_tensors },
	{ PART_ATTENTION, INPUT_NORM, "*X", "input_layernorm.", "self_attn.", &krait__attention_split },
	{ PART_MLP, INPUT_NORM, "M*", "pre_ff_layernorm.", "feed_forward.", &krait__mlp_split },
	{ PART_MOE, INPUT_NORM, "EX", "pre_ff_layernorm.", "feed_forward.", &krait__moe_gated },
};
enum { MAMBA, ATTENTION, MLP, MOE, N_PARTS };

struct period { uint32_t every, offset; };

static krait_status read_period(struct period *out, const struct json_value *file, const char *every,
	const char *offset, struct why *why)
{
	krait_status status = krait__field_u32(&out->every, file, every, CONFIG_FILE, why);

	if (status == KRAIT_OK)
		status = krait__field_u32(&out->offset, file, offset, CONFIG_FILE, why);
	if (status == KRAIT_OK && out->every == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is 0: a positive number is needed",
			every);
	return status;
}

static bool within(const struct period *period, uint32_t layer)
{
	return layer % period->every == period->offset;
}

static krait_status read_pattern(struct model_config *config, const struct json_value *file, struct why *why)
{
	struct period attention = { 8, 4 }, experts = { 2, 1 };
	krait_status status = read_period(&attention, file, "attn_layer_period", "attn_layer_offset", why);

	if (status == KRAIT_OK)
		status = read_period(&experts, file, "expert_layer_period", "expert_layer_offset", why);
	if (status != KRAIT_OK)
		return status;
	if (config->n_layers == 0)
		config->n_layers = 32;
	if (config->n_layers > PATTERN_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'num_hidden_layers' is %u: 1 to %d are "
			"possible", (unsigned)config->n_layers, PATTERN_MOST);
	for (uint32_t i = 0; i < config->n_layers; i++) {
		bool many = config->part[MOE].n_experts > 1 && within(&experts, i);

		config->pattern[i] = within(&attention, i) ? (many ? 'X' : '*') : many ? 'E' : 'M';
	}
	return KRAIT_OK;
}

static krait_status configure_mixer(struct model_config *config, const struct json_value *file, struct why *why)
{
	bool norms = true;
	krait_status status;

	config->want[NEED_BIAS] = WANT_NO;
	if ((status = krait__config_want(&config->want[NEED_BIAS], file, "mamba_proj_bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_CONV_BIAS], file, "mamba_conv_bias",
		why)) != KRAIT_OK
		|| (status = krait__field_bool(&norms, file, "mamba_inner_layernorms", CONFIG_FILE, why)) != KRAIT_OK)
		return status;
	config->want[NEED_OUT_BIAS] = config->want[NEED_BIAS];
	config->want[NEED_INNER_NORMS] = norms ? WANT_YES : WANT_NO;
	config->part[MAMBA].flags |= norms ? PART_INNER_NORMS : 0;
	return KRAIT_OK;
}

static krait_status configure(struct model_config *config, const struct json_value *file, struct why *why)
{
	static const char *const silu[] = { "silu", "swish", NULL };
	struct part *experts = &config->part[MOE];
	double eps = 1e-6;
	krait_status status;

	experts->n_experts = 16;
	experts->n_used = 2;
	experts->n_expert_groups = experts->n_used_groups = 1;
	experts->flags |= PART_ROUTER_ALL;
	if ((status = krait__config_eps(&eps, file, "rms_norm_eps", why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "hidden_act", silu, why)) != KRAIT_OK
		|| (status = krait__field_u32(&experts->n_experts, file, "num_experts", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&experts->n_used, file, "num_experts_per_tok", CONFIG_FILE,
		why)) != KRAIT_OK || (status = read_pattern(config, file, why)) != KRAIT_OK)
		return status;
	krait__config_every_eps(config, eps);
	if ((status = configure_mixer(config, file, why)) != KRAIT_OK)
		return status;
	return krait__config_attention(config, &config->part[ATTENTION], file, 0, why);
}

const struct family krait__family_jamba = {
	.name = "jamba",
	.model_type = "jamba",
	.architecture = "JambaForCausalLM",
	.names = &krait__names_final_layernorm,
	.parts = parts,
	.n_parts = N_PARTS,
	.configure = configure,
};
