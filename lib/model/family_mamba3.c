/* SPDX-License-Identifier: Apache-2.0 */
/* family_mamba3.c - Mamba-3, SISO and MIMO, as mamba_ssm publishes it; A is activated as the package has it since its
 * 'heavy tail' (f(a) = 1 + a, and 1 / (1 - a) below 0), which no field of a configuration tells. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

static const struct part_rule parts[] = {
	{ PART_MAMBA3, INPUT_NORM, "M", "norm.", "mixer.", &krait__mamba3_tensors },
	ORIGINAL_REST,
};

static krait_status configure(struct model_config *config, const struct json_value *fields, struct why *why)
{
	struct part *part = &config->part[0];
	krait_status status;

	part->a_floor = 1e-4f;
	config->want[NEED_GATE_NORM] = config->want[NEED_MIMO] = WANT_NO;
	if ((status = krait__field_u32(&part->n_groups, fields, "ngroups", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_scale(&part->a_floor, fields, "A_floor", why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_MIMO], fields, "is_mimo", why)) != KRAIT_OK)
		return status;
	return krait__config_want(&config->want[NEED_GATE_NORM], fields, "is_outproj_norm", why);
}

const struct family krait__family_mamba3 = {
	.name = "mamba3",
	.layer = "Mamba3",
	.names = &krait__names_backbone,
	.parts = parts,
	.n_parts = ORIGINAL_PARTS,
	.configure = configure,
};
