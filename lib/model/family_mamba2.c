/* SPDX-License-Identifier: Apache-2.0 */
/* family_mamba2.c - Mamba-2 as mamba_ssm and transformers publish it, and Mistral's Codestral. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

static const struct part_rule parts[] = {
	{ PART_MAMBA2, INPUT_NORM, "M", "norm.", "mixer.", &krait__mamba2_tensors },
	ORIGINAL_REST,
};

/* transformers says norm_before_gate in some configurations and has the gate first in any case. */
static krait_status configure(struct model_config *config, const struct json_value *fields, struct why *why)
{
	struct part *part = &config->part[0];
	bool original = config->original, before = false;
	krait_status status = original ? KRAIT_OK : krait__config_mamba(config, fields, why);

	if (status != KRAIT_OK
		|| (status = krait__field_u32(&part->n_groups, fields, original ? "ngroups" : "n_groups", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->d_state, fields, original ? "d_state" : "state_size", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__config_limits(part, fields, original ? "dt_limit" : "time_step_limit",
		why)) != KRAIT_OK)
		return status;
	if (!original)
		return KRAIT_OK;
	if ((status = krait__field_bool(&before, fields, "norm_before_gate", CONFIG_FILE, why)) != KRAIT_OK)
		return status;
	part->flags |= before ? PART_NORM_BEFORE_GATE : 0;
	return krait__config_want(&config->want[NEED_GATE_NORM], fields, "rmsnorm", why);
}

const struct family krait__family_mamba2 = {
	.name = "mamba2",
	.model_type = "mamba2",
	.architecture = "Mamba2ForCausalLM",
	.layer = "Mamba2",
	.names = &krait__names_backbone,
	.parts = parts,
	.n_parts = ORIGINAL_PARTS,
	.configure = configure,
};
