/* SPDX-License-Identifier: Apache-2.0 */
/* mamba3.c - the Mamba-3 block: no convolution. in_proj makes the gate z, x, B and C (of `rank` inputs that share a
 * state: 1, or MIMO's), and for each head dt, A and the share of the trapezoid, then the angles that B and C turn by.
 * */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

enum { INNER = DIM_OWN, HEADS, HEAD_DIM, STATE, RANK, ANGLES, IN_ROWS, END };

static const char *const size_names[] = {
	"d_inner", "n_heads", "headdim", "d_state", "mimo_rank", "rotary angles",
	"2 x d_inner + 2 x d_state x ngroups x mimo_rank + 3 x n_heads + angles",
};
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");
_Static_assert((int)END <= (int)N_DIMS, "sizes fit");

static const struct tensor_rule rules[] = {
	{ "in_proj.weight", ROLE_IN_PROJ, NEED_ALWAYS, 2, { IN_ROWS, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "dt_bias", ROLE_DT_BIAS, NEED_ALWAYS, 1, { HEADS }, false, FILL_DT_BIAS, false },
	{ "B_bias", ROLE_B_BIAS, NEED_ALWAYS, 3, { HEADS, RANK, STATE }, false, FILL_ONE, false },
	{ "C_bias", ROLE_C_BIAS, NEED_ALWAYS, 3, { HEADS, RANK, STATE }, false, FILL_ONE, false },
	{ "B_norm.weight", ROLE_B_NORM, NEED_ALWAYS, 1, { STATE }, false, FILL_NORM, false },
	{ "C_norm.weight", ROLE_C_NORM, NEED_ALWAYS, 1, { STATE }, false, FILL_NORM, false },
	{ "D", ROLE_D, NEED_ALWAYS, 1, { HEADS }, false, FILL_ONE, false },
	{ "mimo_x", ROLE_MIMO_X, NEED_MIMO, 3, { HEADS, RANK, HEAD_DIM }, false, FILL_ONE, false },
	{ "mimo_z", ROLE_MIMO_Z, NEED_MIMO, 3, { HEADS, RANK, HEAD_DIM }, false, FILL_ONE, false },
	{ "mimo_o", ROLE_MIMO_O, NEED_MIMO, 3, { HEADS, RANK, HEAD_DIM }, false, FILL_ONE, false },
	{ "norm.weight", ROLE_GATE_NORM, NEED_GATE_NORM, 1, { INNER }, false, FILL_NORM, false },
	{ "out_proj.weight", ROLE_OUT_PROJ, NEED_ALWAYS, 2, { DIM_WIDTH, INNER }, true, FILL_MATRIX, false },
};
const struct tensor_list krait__mamba3_tensors = { rules, sizeof(rules) / sizeof(*rules) };

static const struct component_rule components[] = {
	{ "ssm", 3, { HEADS, HEAD_DIM, STATE }, false },
	{ "angle", 2, { HEADS, ANGLES }, false },
	{ "k", 3, { RANK, HEADS, STATE }, false },
	{ "v", 2, { HEADS, HEAD_DIM }, false },
};

/* The configuration gives the groups; what in_proj has beyond the rest are the angles. */
static krait_status measure(uint64_t *size, struct part *part, const char *groups, struct why *why)
{
	uint64_t n_groups = part->n_groups ? part->n_groups : 1, known;

	if (size[HEADS] == 0 || size[INNER] % size[HEADS] || size[HEADS] % n_groups)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%llu heads ('mixer.dt_bias') have to divide d_inner, which "
			"is %llu, and "
			"config.json's field '%s' (%llu) the heads: the weights are damaged or of another kind than "
			"config.json says",
			(unsigned long long)size[HEADS], (unsigned long long)size[INNER], groups,
			(unsigned long long)n_groups);
	size[HEAD_DIM] = size[INNER] / size[HEADS];
	known = 2 * size[INNER] + 2 * size[STATE] * n_groups * size[RANK] + 3 * size[HEADS];
	size[ANGLES] = size[IN_ROWS] > known ? size[IN_ROWS] - known : 0;
	if (size[ANGLES] == 0 || 2 * size[ANGLES] > size[STATE])
		return krait__why(why, KRAIT_ERROR_FORMAT, "'mixer.in_proj.weight' has %llu rows, which leaves %llu "
			"angles beside z, x, B, C "
			"and %llu heads: 1 to %llu are possible; the weights are damaged or of another kind than "
			"config.json says",
			(unsigned long long)size[IN_ROWS], (unsigned long long)size[ANGLES],
			(unsigned long long)size[HEADS], (unsigned long long)size[STATE] / 2);
	part->d_inner = part->d_ssm = (uint32_t)size[INNER];
	part->n_heads = (uint32_t)size[HEADS];
	part->head_dim = (uint32_t)size[HEAD_DIM];
	part->d_state = (uint32_t)size[STATE];
	part->rank = (uint32_t)size[RANK];
	part->n_angles = (uint32_t)size[ANGLES];
	part->n_groups = (uint32_t)n_groups;
	return KRAIT_OK;
}

static void sizes(uint64_t *size, const struct part *part)
{
	size[INNER] = part->d_inner;
	size[HEADS] = part->n_heads;
	size[HEAD_DIM] = part->head_dim;
	size[STATE] = part->d_state;
	size[RANK] = part->rank;
	size[ANGLES] = part->n_angles;
	size[IN_ROWS] = 2 * size[INNER] + 2 * size[STATE] * part->n_groups * size[RANK] + 3 * size[HEADS]
		+ size[ANGLES];
}

static void geometry(struct geometry *out, const struct part *part)
{
	out->rows[SEGMENT_Z] = part->d_inner;
	out->rows[SEGMENT_CONV] = part->d_inner + 2 * part->n_groups * part->rank * part->d_state;
	out->rows[SEGMENT_DT] = 3 * part->n_heads + part->n_angles;
	for (int i = 0; i < N_SEGMENTS; i++) {
		out->first[i] = out->in_rows;
		out->in_rows += out->rows[i];
	}
	out->n_steps = part->n_heads;
	out->state_rows = part->n_heads * part->head_dim;
	out->state_run = part->head_dim;
	out->y_rows = part->d_inner;
}

static bool possible(const struct part *part)
{
	uint64_t groups = (uint64_t)part->n_groups * part->d_state;
	bool ok = part->d_inner && part->d_state && part->n_heads && part->head_dim && part->n_groups && part->rank
		&& part->n_angles;

	return ok && (uint64_t)part->n_heads * part->head_dim == part->d_inner && part->n_heads % part->n_groups == 0
		&& 2 * (uint64_t)part->n_angles <= part->d_state && groups <= INT32_MAX / 4 && part->rank <= 64
		&& 2 * ((uint64_t)part->d_inner + groups * part->rank) + 3 * (uint64_t)part->n_heads
		+ part->n_angles <= INT32_MAX;
}

const struct block_kind krait__block_mamba3 = {
	.name = "mamba3", .components = components, .n_components = sizeof(components) / sizeof(*components),
	.size_names = size_names, .n_sizes = END - DIM_OWN, .measure = measure, .sizes = sizes,
	.geometry = geometry, .possible = possible,
};
