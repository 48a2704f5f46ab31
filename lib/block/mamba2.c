/* SPDX-License-Identifier: Apache-2.0 */
/* mamba2.c - the Mamba-2 block (Dao and Gu, 2024), with everything that the original module takes: groups, a narrower
 * SSM beside a gated MLP (d_ssm < d_inner), D for each channel, limits on dt, the norm before the gate or none.
 * in_proj makes everything, in this order: the gate and the values of the MLP, the gate z, then x, B and C, which
 * the convolution takes together, and dt. Each head has a time step. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

enum { INNER = DIM_OWN, SSM, HEADS, HEAD_DIM, STATE, GROUP_ROWS, CONV, CONV_ROWS, IN_ROWS, D_ROWS, WINDOW, END };

static const char *const size_names[] = {
	"d_inner", "d_ssm", "n_heads", "head_dim", "d_state", "2 x n_groups x d_state", "d_conv",
		"d_ssm + 2 x n_groups x d_state",
	"2 x d_inner + 2 x n_groups x d_state + n_heads", "n_heads or d_ssm", "d_conv - 1",
};
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");
_Static_assert((int)END <= (int)N_DIMS, "sizes fit");

static const struct tensor_rule rules[] = {
	{ "in_proj.weight", ROLE_IN_PROJ, NEED_ALWAYS, 2, { IN_ROWS, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "in_proj.bias", ROLE_IN_PROJ_BIAS, NEED_BIAS, 1, { IN_ROWS }, false, FILL_SMALL, false },
	{ "conv1d.weight", ROLE_CONV, NEED_ALWAYS, 3, { CONV_ROWS, DIM_ONE, CONV }, false, FILL_CONV, false },
	{ "conv1d.bias", ROLE_CONV_BIAS, NEED_CONV_BIAS, 1, { CONV_ROWS }, false, FILL_SMALL, false },
	{ "dt_bias", ROLE_DT_BIAS, NEED_ALWAYS, 1, { HEADS }, false, FILL_DT_BIAS, false },
	{ "A_log", ROLE_A_LOG, NEED_ALWAYS, 1, { HEADS }, false, FILL_A_HEADS, false },
	{ "D", ROLE_D, NEED_ALWAYS, 1, { D_ROWS }, false, FILL_ONE, false },
	{ "norm.weight", ROLE_GATE_NORM, NEED_GATE_NORM, 1, { SSM }, false, FILL_NORM, false },
	{ "out_proj.weight", ROLE_OUT_PROJ, NEED_ALWAYS, 2, { DIM_WIDTH, INNER }, true, FILL_MATRIX, false },
	{ "out_proj.bias", ROLE_OUT_PROJ_BIAS, NEED_OUT_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL, false },
};
const struct tensor_list krait__mamba2_tensors = { rules, sizeof(rules) / sizeof(*rules) };

static const struct component_rule components[] = {
	{ "conv", 2, { CONV_ROWS, WINDOW }, false },
	{ "ssm", 3, { HEADS, HEAD_DIM, STATE }, false },
};

/* d_ssm and the rows of B and C. The gated norm tells d_ssm; without one the rows of in_proj do. */
static krait_status split_rows(uint64_t *size, struct why *why)
{
	uint64_t other = 2 * size[INNER] + size[HEADS];

	if (size[SSM])
		size[GROUP_ROWS] = size[CONV_ROWS] > size[SSM] ? size[CONV_ROWS] - size[SSM] : 0;
	else
		size[GROUP_ROWS] = size[IN_ROWS] > other ? size[IN_ROWS] - other : 0;
	if (size[GROUP_ROWS] == 0 || size[GROUP_ROWS] >= size[CONV_ROWS]
		|| size[CONV_ROWS] - size[GROUP_ROWS] > size[INNER])
		return krait__why(why, KRAIT_ERROR_FORMAT, "the shapes of 'mixer.in_proj.weight' (%llu rows), "
			"'mixer.conv1d.weight' "
			"(%llu rows), 'mixer.out_proj.weight' (%llu columns) and 'mixer.dt_bias' (%llu) do not belong "
			"to one Mamba-2 block: "
			"the weights are damaged or of another kind than config.json says",
			(unsigned long long)size[IN_ROWS],
			(unsigned long long)size[CONV_ROWS], (unsigned long long)size[INNER],
			(unsigned long long)size[HEADS]);
	size[SSM] = size[CONV_ROWS] - size[GROUP_ROWS];
	size[IN_ROWS] = other + size[GROUP_ROWS];
	return KRAIT_OK;
}

/* Shapes give n_groups x d_state only. An unsaid number of groups follows from d_state, or is 1. */
static uint64_t count_groups(const struct part *part, uint64_t rows)
{
	if (part->n_groups)
		return part->n_groups;
	if (part->d_state && rows % (2 * (uint64_t)part->d_state) == 0)
		return rows / (2 * (uint64_t)part->d_state);
	return 1;
}

static krait_status measure(uint64_t *size, struct part *part, const char *groups, struct why *why)
{
	krait_status status = split_rows(size, why);
	uint64_t n_groups;

	if (status != KRAIT_OK)
		return status;
	n_groups = count_groups(part, size[GROUP_ROWS]);
	if (size[SSM] % size[HEADS])
		return krait__why(why, KRAIT_ERROR_FORMAT, "%llu heads ('mixer.dt_bias') do not divide d_ssm, which is "
			"%llu: "
			"the weights are damaged or of another kind than config.json says",
			(unsigned long long)size[HEADS], (unsigned long long)size[SSM]);
	if (size[GROUP_ROWS] % (2 * n_groups) || size[HEADS] % n_groups)
		return krait__why(why, KRAIT_ERROR_FORMAT, "config.json: field '%s' is %llu: it has to divide the %llu "
			"heads and the "
			"%llu rows of B and C in 'mixer.conv1d.weight'", groups, (unsigned long long)n_groups,
			(unsigned long long)size[HEADS], (unsigned long long)size[GROUP_ROWS]);
	size[HEAD_DIM] = size[SSM] / size[HEADS];
	size[STATE] = size[GROUP_ROWS] / (2 * n_groups);
	size[WINDOW] = size[CONV] ? size[CONV] - 1 : 0;
	if (size[D_ROWS] != size[SSM])
		size[D_ROWS] = size[HEADS];
	part->d_inner = (uint32_t)size[INNER];
	part->d_ssm = (uint32_t)size[SSM];
	part->d_state = (uint32_t)size[STATE];
	part->n_heads = (uint32_t)size[HEADS];
	part->head_dim = (uint32_t)size[HEAD_DIM];
	part->n_groups = (uint32_t)n_groups;
	part->d_conv = (uint32_t)size[CONV];
	return KRAIT_OK;
}

static void sizes(uint64_t *size, const struct part *part)
{
	size[INNER] = part->d_inner;
	size[SSM] = part->d_ssm;
	size[HEADS] = size[D_ROWS] = part->n_heads;
	size[HEAD_DIM] = part->head_dim;
	size[STATE] = part->d_state;
	size[GROUP_ROWS] = 2 * (uint64_t)part->n_groups * part->d_state;
	size[CONV] = part->d_conv;
	size[CONV_ROWS] = size[SSM] + size[GROUP_ROWS];
	size[IN_ROWS] = 2 * size[INNER] + size[GROUP_ROWS] + size[HEADS];
	size[WINDOW] = size[CONV] - 1;
}

static void geometry(struct geometry *out, const struct part *part)
{
	out->channels = part->d_ssm + 2 * part->n_groups * part->d_state;
	out->rows[SEGMENT_MLP] = 2 * (part->d_inner - part->d_ssm);
	out->rows[SEGMENT_Z] = part->d_ssm;
	out->rows[SEGMENT_CONV] = out->channels;
	out->rows[SEGMENT_DT] = out->n_steps = part->n_heads;
	for (int i = 0; i < N_SEGMENTS; i++) {
		out->first[i] = out->in_rows;
		out->in_rows += out->rows[i];
	}
	out->state_rows = part->n_heads * part->head_dim;
	out->state_run = part->head_dim;
	out->y_rows = part->d_inner;
}

/* No sum of the geometry leaves 31 bits. */
static bool countable(const struct part *part)
{
	uint64_t groups = (uint64_t)part->n_groups * part->d_state;

	return groups <= INT32_MAX && 2 * ((uint64_t)part->d_inner + groups) + part->n_heads <= INT32_MAX;
}

static bool possible(const struct part *part)
{
	bool ok = part->d_inner && part->d_ssm && part->d_state && part->n_heads && part->head_dim && part->n_groups;

	return ok && (uint64_t)part->n_heads * part->head_dim == part->d_ssm && part->d_ssm <= part->d_inner
		&& part->n_heads % part->n_groups == 0 && part->d_ssm % part->n_groups == 0 && countable(part);
}

const struct block_kind krait__block_mamba2 = {
	.name = "mamba2", .components = components, .n_components = sizeof(components) / sizeof(*components),
	.size_names = size_names, .n_sizes = END - DIM_OWN, .measure = measure, .sizes = sizes,
	.geometry = geometry, .possible = possible,
};
