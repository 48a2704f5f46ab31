/* SPDX-License-Identifier: Apache-2.0 */
/* family_granite.c - Granite 4.0 (granitemoehybrid): Mamba-2 or attention, then an MLP, beside it experts in
 * some models. Those without an "h" in their name are of this family, too, and all attention. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

static const struct part_rule parts[] = {
	{ PART_MAMBA2, INPUT_NORM, "M", "input_layernorm.", "mamba.", &krait__mamba2_tensors },
	{ PART_ATTENTION, INPUT_NORM, "*", "input_layernorm.", "self_attn.", &krait__attention_split },
	{ PART_MLP, INPUT_NORM, NULL, "post_attention_layernorm.", "shared_mlp.", &krait__mlp_linear },
	{ PART_MOE, INPUT_SAME, NULL, NULL, "block_sparse_moe.", &krait__moe_stacked },
};
enum { MAMBA, ATTENTION, MLP, MOE, N_PARTS };

static krait_status configure_scales(struct model_config *config, const struct json_value *file, struct why *why)
{
	float residual = 1;
	double logits = 1;
	krait_status status;

	if ((status = krait__field_double(&config->embed_scale, file, "embedding_multiplier", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__field_double(&logits, file, "logits_scaling", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_scale(&residual, file, "residual_multiplier", why)) != KRAIT_OK
		|| (status = krait__config_scale(&config->part[ATTENTION].attention_scale, file, "attention_multiplier",
		why)) != KRAIT_OK)
		return status;
	config->logit_scale = 1 / logits;
	for (size_t i = 0; i < N_PARTS; i++)
		config->part[i].out_scale = residual;
	return krait__config_check_scales(config, why);
}

static krait_status configure_experts(struct model_config *config, const struct json_value *file, struct why *why)
{
	struct part *part = &config->part[MOE];
	krait_status status = krait__field_u32(&part->n_experts, file, "num_local_experts", CONFIG_FILE, why);

	part->n_expert_groups = part->n_used_groups = 1;
	if (status == KRAIT_OK)
		status = krait__field_u32(&part->n_used, file, "num_experts_per_tok", CONFIG_FILE, why);
	config->without[MOE] = part->n_experts == 0;
	return status;
}

static krait_status configure(struct model_config *config, const struct json_value *file, struct why *why)
{
	static const char *const keys[] = { "layer_types", "layers_block_type", NULL };
	static const struct layer_word words[] = {
		{ "mamba", 'M' }, { "attention", '*' }, { "linear_attention", 'M' }, { "full_attention", '*' }, { NULL,
			0 },
	};
	static const char *const norms[] = { "rmsnorm", NULL };
	static const char *const silu[] = { "silu", "swish", NULL };
	static const char *const positions[] = { "nope", "rope", NULL };
	const char *position = "nope";
	double eps = 1e-6;
	krait_status status;

	if ((status = krait__config_pattern(config, file, keys, words, why)) != KRAIT_OK
		|| (status = krait__config_eps(&eps, file, "rms_norm_eps", why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "normalization_function", norms, why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "hidden_act", silu, why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "position_embedding_type", positions, why)) != KRAIT_OK
		|| (status = krait__field_text(&position, file, "position_embedding_type", CONFIG_FILE,
		why)) != KRAIT_OK)
		return status;
	krait__config_every_eps(config, eps);
	if ((status = krait__config_mixer(config, &config->part[MAMBA], file, why)) != KRAIT_OK
		|| (status = krait__config_limits(&config->part[MAMBA], file, "time_step_limit", why)) != KRAIT_OK
		|| (status = krait__config_attention(config, &config->part[ATTENTION], file, position[0] == 'r' ? 1 : 0,
		why)) != KRAIT_OK || (status = configure_experts(config, file, why)) != KRAIT_OK)
		return status;
	return configure_scales(config, file, why);
}

static const struct family_names names = {
	.embedding = "model.embed_tokens.weight", .norm = "model.norm.weight", .head = "lm_head.weight",
		.layers = "model.layers.",
	.base = "model.", .sign = "embed_tokens.weight",
};

const struct family krait__family_granite = {
	.name = "granitemoehybrid",
	.model_type = "granitemoehybrid",
	.architecture = "GraniteMoeHybridForCausalLM",
	.names = &names,
	.parts = parts,
	.n_parts = N_PARTS,
	.configure = configure,
};
