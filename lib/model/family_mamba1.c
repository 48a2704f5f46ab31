/* SPDX-License-Identifier: Apache-2.0 */
/* family_mamba1.c - Mamba-1 (Gu and Dao, 2023), as mamba_ssm and transformers publish it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

enum { INNER = DIM_OWN, STATE, RANK, CONV, IN_ROWS, X_ROWS, WINDOW, END };

static const char *const size_names[] = { "d_inner", "d_state", "dt_rank", "d_conv", "2 x d_inner", "dt_rank + 2 x d_state", "d_conv - 1" };
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");
_Static_assert((int)END <= (int)N_DIMS, "sizes fit");

static const struct tensor_rule tensors[] = {
	{ "norm.weight", ROLE_NORM, NEED_ALWAYS, 1, { DIM_WIDTH }, false, FILL_NORM },
	{ "norm.bias", ROLE_NORM_BIAS, NEED_NORM_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL },
	{ "mixer.in_proj.weight", ROLE_IN_PROJ, NEED_ALWAYS, 2, { IN_ROWS, DIM_WIDTH }, true, FILL_MATRIX },
	{ "mixer.in_proj.bias", ROLE_IN_PROJ_BIAS, NEED_BIAS, 1, { IN_ROWS }, false, FILL_SMALL },
	{ "mixer.conv1d.weight", ROLE_CONV, NEED_ALWAYS, 3, { INNER, DIM_ONE, CONV }, false, FILL_CONV },
	{ "mixer.conv1d.bias", ROLE_CONV_BIAS, NEED_CONV_BIAS, 1, { INNER }, false, FILL_SMALL },
	{ "mixer.x_proj.weight", ROLE_X_PROJ, NEED_ALWAYS, 2, { X_ROWS, INNER }, true, FILL_MATRIX },
	{ "mixer.dt_proj.weight", ROLE_DT_PROJ, NEED_ALWAYS, 2, { INNER, RANK }, true, FILL_MATRIX },
	{ "mixer.dt_proj.bias", ROLE_DT_BIAS, NEED_ALWAYS, 1, { INNER }, false, FILL_DT_BIAS },
	{ "mixer.A_log", ROLE_A_LOG, NEED_ALWAYS, 2, { INNER, STATE }, false, FILL_A_ROWS },
	{ "mixer.D", ROLE_D, NEED_ALWAYS, 1, { INNER }, false, FILL_ONE },
	{ "mixer.out_proj.weight", ROLE_OUT_PROJ, NEED_ALWAYS, 2, { DIM_WIDTH, INNER }, true, FILL_MATRIX },
	{ "mixer.out_proj.bias", ROLE_OUT_PROJ_BIAS, NEED_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL },
};

static const struct component_rule components[] = {
	{ "conv", 2, { INNER, WINDOW } },
	{ "ssm", 2, { INNER, STATE } },
};

static krait_status configure(struct model_config *config, const struct json_value *fields, struct why *why)
{
	(void)config;
	(void)fields;
	(void)why;
	return KRAIT_OK;        /* shapes say everything else */
}

static krait_status measure(uint64_t *size, struct part *part, const struct model_config *config, struct why *why)
{
	(void)config;
	(void)why;
	size[IN_ROWS] = 2 * size[INNER];
	size[X_ROWS] = size[RANK] + 2 * size[STATE];
	size[WINDOW] = size[CONV] - 1;
	part->d_inner = part->d_ssm = (uint32_t)size[INNER];
	part->d_state = (uint32_t)size[STATE];
	part->rank = (uint32_t)size[RANK];
	part->d_conv = (uint32_t)size[CONV];
	part->n_heads = part->d_inner;
	part->head_dim = part->n_groups = 1;
	return KRAIT_OK;
}

static void shape(uint64_t *size, uint32_t width)
{
	size[INNER] = 2 * (uint64_t)width;
	size[STATE] = 16;
	size[RANK] = (width + 15) / 16;
	size[CONV] = 4;
	size[IN_ROWS] = 2 * size[INNER];
	size[X_ROWS] = size[RANK] + 2 * size[STATE];
}

const struct family krait__family_mamba1 = {
	.name = "mamba",
	.model_type = "mamba",
	.architecture = "MambaForCausalLM",
	.layer = "Mamba1",
	.kind = PART_MAMBA1,
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
