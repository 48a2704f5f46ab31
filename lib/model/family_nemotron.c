/* SPDX-License-Identifier: Apache-2.0 */
/* family_nemotron.c - Nemotron-H, Nemotron Nano 2 and Nemotron 3: each layer is one of Mamba-2, attention
 * without positions, an MLP of relu(x)^2, or experts of such beside one that all go through. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

#include <string.h>

static const struct part_rule parts[] = {
	{ PART_MAMBA2, INPUT_NORM, "M", "norm.", "mixer.", &krait__mamba2_tensors },
	{ PART_ATTENTION, INPUT_NORM, "*", "norm.", "mixer.", &krait__attention_split },
	{ PART_MLP, INPUT_NORM, "-", "norm.", "mixer.", &krait__mlp_split },
	{ PART_MOE, INPUT_NORM, "E", "norm.", "mixer.", &krait__moe_plain },
	{ PART_MLP, INPUT_SAME, "E", NULL, "mixer.shared_experts.", &krait__mlp_split },
};
enum { MAMBA, ATTENTION, MLP, MOE, SHARED, N_PARTS };

static krait_status read_pattern(struct model_config *config, const struct json_value *file, struct why *why)
{
	static const char *const keys[] = { "layers_block_type", "layer_types", NULL };
	static const struct layer_word words[] = {
		{ "mamba", 'M' }, { "attention", '*' }, { "mlp", '-' }, { "moe", 'E' }, { "linear_attention", 'M' },
			{ "full_attention", '*' },
		{ NULL, 0 },
	};
	const char *pattern = NULL;
	size_t n;
	krait_status status = krait__field_text(&pattern, file, "hybrid_override_pattern", CONFIG_FILE, why);

	if (status != KRAIT_OK)
		return status;
	if (!pattern)
		return krait__config_pattern(config, file, keys, words, why);
	n = strlen(pattern);
	if (n == 0 || n > PATTERN_MOST || strspn(pattern, "M*-E") != n)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'hybrid_override_pattern' is not 1 to "
			"%d letters out of M (Mamba-2), "
			"* (attention), - (MLP) and E (experts)", PATTERN_MOST);
	memcpy(config->pattern, pattern, n + 1);
	if (config->n_layers == 0)
		config->n_layers = (uint32_t)n;
	return KRAIT_OK;
}

static krait_status configure_experts(struct model_config *config, const struct json_value *file, struct why *why)
{
	struct part *part = &config->part[MOE];
	uint32_t latent = 0, shared = 1;
	bool normalised = true;
	krait_status status;

	part->n_expert_groups = part->n_used_groups = 1;
	if ((status = krait__field_u32(&latent, file, "moe_latent_size", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->n_experts, file, "n_routed_experts", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->n_used, file, "num_experts_per_tok", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->n_expert_groups, file, "n_group", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->n_used_groups, file, "topk_group", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&shared, file, "n_shared_experts", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_bool(&normalised, file, "norm_topk_prob", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_scale(&part->expert_scale, file, "routed_scaling_factor", why)) != KRAIT_OK)
		return status;
	if (latent)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field 'moe_latent_size' is %u: experts "
			"behind a projection of "
			"their own, which this build does not run", (unsigned)latent);
	part->flags |= PART_ROUTER_SIGMOID | (normalised ? PART_ROUTER_NORMALISED : 0);
	config->without[SHARED] = shared == 0;
	return KRAIT_OK;
}

/* Both projections of the mixer follow use_bias. */
static krait_status configure_biases(struct model_config *config, const struct json_value *file, struct why *why)
{
	krait_status status;

	config->want[NEED_BIAS] = WANT_NO;
	if ((status = krait__config_want(&config->want[NEED_BIAS], file, "use_bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_CONV_BIAS], file, "use_conv_bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_MLP_BIAS], file, "mlp_bias", why)) != KRAIT_OK)
		return status;
	config->want[NEED_OUT_BIAS] = config->want[NEED_BIAS];
	return KRAIT_OK;
}

static krait_status configure(struct model_config *config, const struct json_value *file, struct why *why)
{
	static const char *const relu2[] = { "relu2", NULL };
	static const char *const silu[] = { "silu", "swish", NULL };
	struct part *mamba = &config->part[MAMBA];
	double eps = 1e-5;
	krait_status status;

	config->want[NEED_MLP_GATE] = WANT_NO;
	if ((status = read_pattern(config, file, why)) != KRAIT_OK
		|| (status = krait__config_eps(&eps, file, "layer_norm_epsilon", why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "mlp_hidden_act", relu2, why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "mamba_hidden_act", silu, why)) != KRAIT_OK)
		return status;
	krait__config_every_eps(config, eps);
	if ((status = krait__field_u32(&mamba->n_groups, file, "n_groups", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&mamba->d_state, file, "ssm_state_size", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_limits(mamba, file, "time_step_limit", why)) != KRAIT_OK
		|| (status = configure_biases(config, file, why)) != KRAIT_OK
		|| (status = krait__config_attention(config, &config->part[ATTENTION], file, 0, why)) != KRAIT_OK
		|| (status = configure_experts(config, file, why)) != KRAIT_OK)
		return status;
	for (size_t i = MLP; i < N_PARTS; i++)
		config->part[i].flags |= PART_RELU2;
	return KRAIT_OK;
}

/* Heads that propose several tokens at once; plain generation does without. */
static const char *const left_aside[] = { "mtp.", NULL };

static const struct family_names names = {
	.embedding = "backbone.embeddings.weight", .norm = "backbone.norm_f.weight", .head = "lm_head.weight",
		.layers = "backbone.layers.",
	.base = "backbone.", .sign = "embeddings.weight",
};

const struct family krait__family_nemotron = {
	.name = "nemotron_h",
	.model_type = "nemotron_h",
	.architecture = "NemotronHForCausalLM",
	.names = &names,
	.parts = parts,
	.n_parts = N_PARTS,
	.left_aside = left_aside,
	.configure = configure,
};
