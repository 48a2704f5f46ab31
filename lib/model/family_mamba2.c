/* SPDX-License-Identifier: Apache-2.0 */
/* family_mamba2.c - Mamba-2 (Dao and Gu, 2024), with everything that the original module takes:
 * groups, a narrower SSM beside a gated MLP (d_ssm < d_inner), D for each channel, limits on
 * dt, the norm before the gate or none. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

enum { INNER = DIM_OWN, SSM, HEADS, HEAD_DIM, STATE, GROUP_ROWS, CONV, CONV_ROWS, IN_ROWS, D_ROWS, WINDOW, END };

static const char *const size_names[] = {
	"d_inner", "d_ssm", "n_heads", "head_dim", "d_state", "2 x n_groups x d_state", "d_conv", "d_ssm + 2 x n_groups x d_state",
	"2 x d_inner + 2 x n_groups x d_state + n_heads", "n_heads or d_ssm", "d_conv - 1",
};
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");
_Static_assert((int)END <= (int)N_DIMS, "sizes fit");

static const struct tensor_rule tensors[] = {
	{ "norm.weight", ROLE_NORM, NEED_ALWAYS, 1, { DIM_WIDTH }, false, FILL_NORM },
	{ "norm.bias", ROLE_NORM_BIAS, NEED_NORM_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL },
	{ "mixer.in_proj.weight", ROLE_IN_PROJ, NEED_ALWAYS, 2, { IN_ROWS, DIM_WIDTH }, true, FILL_MATRIX },
	{ "mixer.in_proj.bias", ROLE_IN_PROJ_BIAS, NEED_BIAS, 1, { IN_ROWS }, false, FILL_SMALL },
	{ "mixer.conv1d.weight", ROLE_CONV, NEED_ALWAYS, 3, { CONV_ROWS, DIM_ONE, CONV }, false, FILL_CONV },
	{ "mixer.conv1d.bias", ROLE_CONV_BIAS, NEED_CONV_BIAS, 1, { CONV_ROWS }, false, FILL_SMALL },
	{ "mixer.dt_bias", ROLE_DT_BIAS, NEED_ALWAYS, 1, { HEADS }, false, FILL_DT_BIAS },
	{ "mixer.A_log", ROLE_A_LOG, NEED_ALWAYS, 1, { HEADS }, false, FILL_A_HEADS },
	{ "mixer.D", ROLE_D, NEED_ALWAYS, 1, { D_ROWS }, false, FILL_ONE },
	{ "mixer.norm.weight", ROLE_GATE_NORM, NEED_GATE_NORM, 1, { SSM }, false, FILL_NORM },
	{ "mixer.out_proj.weight", ROLE_OUT_PROJ, NEED_ALWAYS, 2, { DIM_WIDTH, INNER }, true, FILL_MATRIX },
	{ "mixer.out_proj.bias", ROLE_OUT_PROJ_BIAS, NEED_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL },
};

static const struct component_rule components[] = {
	{ "conv", 2, { CONV_ROWS, WINDOW } },
	{ "ssm", 3, { HEADS, HEAD_DIM, STATE } },
};

/* transformers says norm_before_gate in some configurations and has the gate first in any case. */
static krait_status configure(struct model_config *config, const struct json_value *fields, struct why *why)
{
	bool original = config->original;
	krait_status status;

	if ((status = krait__field_u32(&config->n_groups, fields, original ? "ngroups" : "n_groups", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&config->d_state, fields, original ? "d_state" : "state_size", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_limits(config, fields, original ? "dt_limit" : "time_step_limit", why)) != KRAIT_OK)
		return status;
	if (!original)
		return KRAIT_OK;
	if ((status = krait__field_bool(&config->norm_before_gate, fields, "norm_before_gate", CONFIG_FILE, why)) != KRAIT_OK)
		return status;
	return krait__config_want(&config->want[NEED_GATE_NORM], fields, "rmsnorm", why);
}

/* d_ssm and the rows of B and C. The gated norm tells d_ssm; without one the rows of in_proj do. */
static krait_status split_rows(uint64_t *size, struct why *why)
{
	uint64_t other = 2 * size[INNER] + size[HEADS];

	if (size[SSM])
		size[GROUP_ROWS] = size[CONV_ROWS] > size[SSM] ? size[CONV_ROWS] - size[SSM] : 0;
	else
		size[GROUP_ROWS] = size[IN_ROWS] > other ? size[IN_ROWS] - other : 0;
	if (size[GROUP_ROWS] == 0 || size[GROUP_ROWS] >= size[CONV_ROWS] || size[CONV_ROWS] - size[GROUP_ROWS] > size[INNER])
		return krait__why(why, KRAIT_ERROR_FORMAT, "the shapes of 'mixer.in_proj.weight' (%llu rows), 'mixer.conv1d.weight' (%llu rows), "
			"'mixer.out_proj.weight' (%llu columns) and 'mixer.dt_bias' (%llu) do not belong to one Mamba-2 block: "
			"the weights are damaged or of another kind than " CONFIG_FILE " says", (unsigned long long)size[IN_ROWS],
			(unsigned long long)size[CONV_ROWS], (unsigned long long)size[INNER], (unsigned long long)size[HEADS]);
	size[SSM] = size[CONV_ROWS] - size[GROUP_ROWS];
	size[IN_ROWS] = other + size[GROUP_ROWS];
	return KRAIT_OK;
}

/* Shapes give n_groups x d_state only. An unsaid number of groups follows from d_state, or is 1. */
static uint64_t count_groups(const struct model_config *config, uint64_t rows)
{
	if (config->n_groups)
		return config->n_groups;
	if (config->d_state && rows % (2 * (uint64_t)config->d_state) == 0)
		return rows / (2 * (uint64_t)config->d_state);
	return 1;
}

static krait_status measure(uint64_t *size, struct part *part, const struct model_config *config, struct why *why)
{
	krait_status status = split_rows(size, why);
	uint64_t groups;

	if (status != KRAIT_OK)
		return status;
	groups = count_groups(config, size[GROUP_ROWS]);
	if (size[SSM] % size[HEADS])
		return krait__why(why, KRAIT_ERROR_FORMAT, "%llu heads ('mixer.dt_bias') do not divide d_ssm, which is %llu: the weights are damaged or of another kind than "
			CONFIG_FILE " says", (unsigned long long)size[HEADS], (unsigned long long)size[SSM]);
	if (size[GROUP_ROWS] % (2 * groups) || size[HEADS] % groups)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is %llu: it has to divide the %llu heads and the %llu rows of B and C in 'mixer.conv1d.weight'",
			config->original ? "ssm_cfg.ngroups" : "n_groups", (unsigned long long)groups, (unsigned long long)size[HEADS], (unsigned long long)size[GROUP_ROWS]);
	size[HEAD_DIM] = size[SSM] / size[HEADS];
	size[STATE] = size[GROUP_ROWS] / (2 * groups);
	size[WINDOW] = size[CONV] - 1;
	if (size[D_ROWS] != size[SSM])
		size[D_ROWS] = size[HEADS];
	part->d_inner = (uint32_t)size[INNER];
	part->d_ssm = (uint32_t)size[SSM];
	part->d_state = (uint32_t)size[STATE];
	part->n_heads = (uint32_t)size[HEADS];
	part->head_dim = (uint32_t)size[HEAD_DIM];
	part->n_groups = (uint32_t)groups;
	part->d_conv = (uint32_t)size[CONV];
	part->flags = config->norm_before_gate ? PART_NORM_BEFORE_GATE : 0;
	return KRAIT_OK;
}

static void shape(uint64_t *size, uint32_t width)
{
	size[INNER] = size[SSM] = 2 * (uint64_t)width;
	size[HEADS] = size[D_ROWS] = size[INNER] / 64;
	size[CONV] = 4;
	size[CONV_ROWS] = size[SSM] + 2 * 128;
	size[IN_ROWS] = 2 * size[INNER] + 2 * 128 + size[HEADS];
}

const struct family krait__family_mamba2 = {
	.name = "mamba2",
	.model_type = "mamba2",
	.architecture = "Mamba2ForCausalLM",
	.layer = "Mamba2",
	.kind = PART_MAMBA2,
	.tensors = tensors,
	.n_tensors = sizeof(tensors) / sizeof(*tensors),
	.components = components,
	.n_components = sizeof(components) / sizeof(*components),
	.size_names = size_names,
	.n_sizes = END - DIM_OWN,
	.configure = configure,
	.measure = measure,
	.shape = shape,
};
