/* SPDX-License-Identifier: Apache-2.0 */
/* mamba1.c - the Mamba-1 block (Gu and Dao, 2023): in_proj makes x, which the convolution takes, and the gate z;
 * x_proj makes dt, B and C of what came out of the convolution, and Falcon-Mamba and Jamba norm them. Each channel has
 * a time step and a state of its own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

enum { INNER = DIM_OWN, STATE, RANK, CONV, IN_ROWS, X_ROWS, WINDOW, END };

static const char *const size_names[] = {
	"d_inner", "d_state", "dt_rank", "d_conv", "2 x d_inner", "dt_rank + 2 x d_state", "d_conv - 1",
};
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");
_Static_assert((int)END <= (int)N_DIMS, "sizes fit");

static const struct tensor_rule rules[] = {
	{ "in_proj.weight", ROLE_IN_PROJ, NEED_ALWAYS, 2, { IN_ROWS, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "in_proj.bias", ROLE_IN_PROJ_BIAS, NEED_BIAS, 1, { IN_ROWS }, false, FILL_SMALL, false },
	{ "conv1d.weight", ROLE_CONV, NEED_ALWAYS, 3, { INNER, DIM_ONE, CONV }, false, FILL_CONV, false },
	{ "conv1d.bias", ROLE_CONV_BIAS, NEED_CONV_BIAS, 1, { INNER }, false, FILL_SMALL, false },
	{ "x_proj.weight", ROLE_X_PROJ, NEED_ALWAYS, 2, { X_ROWS, INNER }, true, FILL_MATRIX, false },
	{ "dt_layernorm.weight", ROLE_DT_NORM, NEED_INNER_NORMS, 1, { RANK }, false, FILL_NORM, false },
	{ "b_layernorm.weight", ROLE_B_NORM, NEED_INNER_NORMS, 1, { STATE }, false, FILL_NORM, false },
	{ "c_layernorm.weight", ROLE_C_NORM, NEED_INNER_NORMS, 1, { STATE }, false, FILL_NORM, false },
	{ "dt_proj.weight", ROLE_DT_PROJ, NEED_ALWAYS, 2, { INNER, RANK }, true, FILL_MATRIX, false },
	{ "dt_proj.bias", ROLE_DT_BIAS, NEED_ALWAYS, 1, { INNER }, false, FILL_DT_BIAS, false },
	{ "A_log", ROLE_A_LOG, NEED_ALWAYS, 2, { INNER, STATE }, false, FILL_A_ROWS, false },
	{ "D", ROLE_D, NEED_ALWAYS, 1, { INNER }, false, FILL_ONE, false },
	{ "out_proj.weight", ROLE_OUT_PROJ, NEED_ALWAYS, 2, { DIM_WIDTH, INNER }, true, FILL_MATRIX, false },
	{ "out_proj.bias", ROLE_OUT_PROJ_BIAS, NEED_OUT_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL, false },
};
const struct tensor_list krait__mamba1_tensors = { rules, sizeof(rules) / sizeof(*rules) };

static const struct component_rule components[] = {
	{ "conv", 2, { INNER, WINDOW }, false },
	{ "ssm", 2, { INNER, STATE }, false },
};

static krait_status measure(uint64_t *size, struct part *part, const char *groups, struct why *why)
{
	(void)groups;
	(void)why;
	size[IN_ROWS] = 2 * size[INNER];
	size[X_ROWS] = size[RANK] + 2 * size[STATE];
	size[WINDOW] = size[CONV] ? size[CONV] - 1 : 0;
	part->d_inner = part->d_ssm = (uint32_t)size[INNER];
	part->d_state = (uint32_t)size[STATE];
	part->rank = (uint32_t)size[RANK];
	part->d_conv = (uint32_t)size[CONV];
	part->n_heads = part->d_inner;
	part->head_dim = part->n_groups = 1;
	return KRAIT_OK;
}

static void sizes(uint64_t *size, const struct part *part)
{
	size[INNER] = part->d_inner;
	size[STATE] = part->d_state;
	size[RANK] = part->rank;
	size[CONV] = part->d_conv;
	size[IN_ROWS] = 2 * size[INNER];
	size[X_ROWS] = size[RANK] + 2 * size[STATE];
	size[WINDOW] = size[CONV] - 1;
}

static void geometry(struct geometry *out, const struct part *part)
{
	out->rows[SEGMENT_CONV] = out->rows[SEGMENT_Z] = part->d_inner;
	out->first[SEGMENT_Z] = part->d_inner;
	out->in_rows = out->first[SEGMENT_DT] = 2 * part->d_inner;
	out->channels = out->n_steps = out->y_rows = part->d_inner;
	out->small_rows = part->rank + 2 * part->d_state;
	out->state_rows = out->state_run = part->d_inner;
}

static bool possible(const struct part *part)
{
	return part->rank > 0 && part->d_inner > 0 && part->d_state > 0 && part->d_ssm == part->d_inner
		&& part->n_heads > 0 && part->head_dim > 0 && part->n_groups > 0
		&& 2 * (uint64_t)part->d_inner <= INT32_MAX
		&& (uint64_t)part->rank + 2 * (uint64_t)part->d_state <= INT32_MAX;
}

/* The three norms come together. */
static krait_status check(const struct plan *plan, const struct part *part, struct why *why)
{
	krait_status status = krait__block_check_rows(plan, part, ROLE_DT_NORM, part->rank, why);

	if (status == KRAIT_OK)
		status = krait__block_check_rows(plan, part, ROLE_B_NORM, part->d_state, why);
	if (status == KRAIT_OK)
		status = krait__block_check_rows(plan, part, ROLE_C_NORM, part->d_state, why);
	return status;
}

const struct block_kind krait__block_mamba1 = {
	.name = "mamba1", .components = components, .n_components = sizeof(components) / sizeof(*components),
	.size_names = size_names, .n_sizes = END - DIM_OWN, .measure = measure, .sizes = sizes,
	.geometry = geometry, .possible = possible,
	.check = check,
};
