/* SPDX-License-Identifier: Apache-2.0 */
/* family_falcon_h1.c - Falcon-H1: in each layer Mamba-2 and attention side by side, then an MLP, and a multiplier
 * at every joint. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

static const struct part_rule parts[] = {
	{ PART_MAMBA2, INPUT_NORM, NULL, "input_layernorm.", "mamba.", &krait__mamba2_tensors },
	{ PART_ATTENTION, INPUT_SAME, NULL, NULL, "self_attn.", &krait__attention_split },
	{ PART_MLP, INPUT_NORM, NULL, "pre_ff_layernorm.", "feed_forward.", &krait__mlp_split },
};
enum { MAMBA, ATTENTION, MLP, N_PARTS };

static krait_status configure_scales(struct model_config *config, const struct json_value *file, struct why *why)
{
	struct part *mamba = &config->part[MAMBA], *attention = &config->part[ATTENTION], *mlp = &config->part[MLP];
	float of_mlp[2] = { 1, 1 };
	krait_status status;

	if ((status = krait__field_double(&config->embed_scale, file, "embedding_multiplier", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__field_double(&config->logit_scale, file, "lm_head_multiplier", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__config_scale(&mamba->in_scale, file, "ssm_in_multiplier", why)) != KRAIT_OK
		|| (status = krait__config_scale(&mamba->out_scale, file, "ssm_out_multiplier", why)) != KRAIT_OK
		|| (status = krait__config_scales(mamba->row_scale, N_ROW_SCALES, file, "ssm_multipliers",
		why)) != KRAIT_OK
		|| (status = krait__config_scale(&attention->in_scale, file, "attention_in_multiplier",
		why)) != KRAIT_OK
		|| (status = krait__config_scale(&attention->out_scale, file, "attention_out_multiplier",
		why)) != KRAIT_OK
		|| (status = krait__config_scale(&attention->row_scale[SCALE_K], file, "key_multiplier",
		why)) != KRAIT_OK
		|| (status = krait__config_scales(of_mlp, 2, file, "mlp_multipliers", why)) != KRAIT_OK)
		return status;
	mlp->row_scale[SCALE_GATE] = of_mlp[0];
	mlp->out_scale = of_mlp[1];
	return krait__config_check_scales(config, why);
}

/* mamba_proj_bias is that of in_proj alone here. A norm of the mixer is there only where the file says so, and comes
 * before the gate unless the file says otherwise. */
static krait_status configure_mixer(struct model_config *config, const struct json_value *file, struct why *why)
{
	struct part *part = &config->part[MAMBA];
	bool before = true;
	krait_status status = krait__config_mixer(config, part, file, why);

	config->want[NEED_OUT_BIAS] = config->want[NEED_GATE_NORM] = WANT_NO;
	if (status != KRAIT_OK || (status = krait__config_want(&config->want[NEED_OUT_BIAS], file, "projectors_bias",
		why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_GATE_NORM], file, "mamba_rms_norm", why)) != KRAIT_OK
		|| (status = krait__field_bool(&before, file, "mamba_norm_before_gate", CONFIG_FILE, why)) != KRAIT_OK)
		return status;
	part->flags |= before ? PART_NORM_BEFORE_GATE : 0;
	return KRAIT_OK;
}

static krait_status configure(struct model_config *config, const struct json_value *file, struct why *why)
{
	static const char *const silu[] = { "silu", "swish", NULL };
	double eps = 1e-5;
	krait_status status;

	if ((status = krait__config_eps(&eps, file, "rms_norm_eps", why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "hidden_act", silu, why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_MLP_BIAS], file, "mlp_bias", why)) != KRAIT_OK)
		return status;
	krait__config_every_eps(config, eps);
	config->part[ATTENTION].theta = 100000;
	if ((status = configure_mixer(config, file, why)) != KRAIT_OK
		|| (status = krait__config_attention(config, &config->part[ATTENTION], file, 1, why)) != KRAIT_OK)
		return status;
	return configure_scales(config, file, why);
}

const struct family krait__family_falcon_h1 = {
	.name = "falcon_h1",
	.model_type = "falcon_h1",
	.architecture = "FalconH1ForCausalLM",
	.names = &krait__names_final_layernorm,
	.parts = parts,
	.n_parts = N_PARTS,
	.configure = configure,
};
