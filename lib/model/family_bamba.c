/* SPDX-License-Identifier: Apache-2.0 */
/* family_bamba.c - Bamba: Mamba-2 or attention whose heads are rotated in their first half, then an MLP. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

#include <string.h>

static const struct part_rule parts[] = {
	{ PART_MAMBA2, INPUT_NORM, "M", "input_layernorm.", "mamba.", &krait__mamba2_tensors },
	{ PART_ATTENTION, INPUT_NORM, "*", "input_layernorm.", "self_attn.", &krait__attention_split },
	{ PART_MLP, INPUT_NORM, NULL, "pre_ff_layernorm.", "feed_forward.", &krait__mlp_split },
};
enum { MAMBA, ATTENTION, MLP, N_PARTS };

/* Published files say attn_rotary_emb, newer ones a factor. */
static krait_status configure_rotary(struct part *part, const struct json_value *file, struct why *why)
{
	return krait__field_u32(&part->n_rotary, file, "attn_rotary_emb", CONFIG_FILE, why);
}

static krait_status configure(struct model_config *config, const struct json_value *file, struct why *why)
{
	static const char *const silu[] = { "silu", "swish", NULL };
	double eps = 1e-5, factor = 0.5;
	krait_status status;

	if ((status = krait__config_eps(&eps, file, "rms_norm_eps", why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "hidden_act", silu, why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_MLP_BIAS], file, "mlp_bias", why)) != KRAIT_OK
		|| (status = krait__field_double(&factor, file, "partial_rotary_factor", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_marked(config, file, "attn_layer_indices", why)) != KRAIT_OK)
		return status;
	krait__config_every_eps(config, eps);
	if ((status = krait__config_mixer(config, &config->part[MAMBA], file, why)) != KRAIT_OK
		|| (status = krait__config_attention(config, &config->part[ATTENTION], file, factor, why)) != KRAIT_OK)
		return status;
	return configure_rotary(&config->part[ATTENTION], file, why);
}

const struct family krait__family_bamba = {
	.name = "bamba",
	.model_type = "bamba",
	.architecture = "BambaForCausalLM",
	.names = &krait__names_final_layernorm,
	.parts = parts,
	.n_parts = N_PARTS,
	.configure = configure,
};
