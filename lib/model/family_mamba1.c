/* SPDX-License-Identifier: Apache-2.0 */
/* family_mamba1.c - Mamba-1 as mamba_ssm and transformers publish it, and Falcon-Mamba, which norms dt, B and C. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

static const struct part_rule parts[] = {
	{ PART_MAMBA1, INPUT_NORM, "M", "norm.", "mixer.", &krait__mamba1_tensors },
	ORIGINAL_REST,
};

/* Of the original, shapes say everything else. */
static krait_status configure(struct model_config *config, const struct json_value *fields, struct why *why)
{
	return config->original ? KRAIT_OK : krait__config_mamba(config, fields, why);
}

static krait_status configure_falcon(struct model_config *config, const struct json_value *fields, struct why *why)
{
	double eps = 1e-6;      /* what transformers takes where the file says nothing, as that of the 7B model */
	krait_status status = krait__config_mamba(config, fields, why);

	if (status == KRAIT_OK)
		status = krait__config_eps(&eps, fields, "mixer_rms_eps", why);
	config->part[0].inner_eps = (float)eps;
	config->part[0].flags |= PART_INNER_NORMS;
	return status;
}

const struct family krait__family_mamba1 = {
	.name = "mamba",
	.model_type = "mamba",
	.architecture = "MambaForCausalLM",
	.layer = "Mamba1",
	.names = &krait__names_backbone,
	.parts = parts,
	.n_parts = ORIGINAL_PARTS,
	.configure = configure,
};

const struct family krait__family_falcon_mamba = {
	.name = "falcon_mamba",
	.model_type = "falcon_mamba",
	.architecture = "FalconMambaForCausalLM",
	.names = &krait__names_backbone,
	.parts = parts,
	.n_parts = 1,
	.configure = configure_falcon,
};
