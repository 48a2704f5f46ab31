/* SPDX-License-Identifier: Apache-2.0 */
/* mlp.c - the MLP: down(silu(gate u) * up u), or down(relu(up u)^2) without a gate. It has no state. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

enum { FF = DIM_OWN, BOTH, END };

static const char *const size_names[] = { "d_ff", "2 x d_ff" };
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");

static const struct tensor_rule fc[] = {
	{ "fc1.weight", ROLE_GATE_UP, NEED_ALWAYS, 2, { BOTH, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "fc1.bias", ROLE_GATE_UP_BIAS, NEED_MLP_BIAS, 1, { BOTH }, false, FILL_SMALL, false },
	{ "fc2.weight", ROLE_DOWN, NEED_ALWAYS, 2, { DIM_WIDTH, FF }, true, FILL_MATRIX, false },
	{ "fc2.bias", ROLE_DOWN_BIAS, NEED_MLP_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL, false },
};
const struct tensor_list krait__mlp_fc = { fc, sizeof(fc) / sizeof(*fc) };

static const struct tensor_rule linear[] = {
	{ "input_linear.weight", ROLE_GATE_UP, NEED_ALWAYS, 2, { BOTH, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "output_linear.weight", ROLE_DOWN, NEED_ALWAYS, 2, { DIM_WIDTH, FF }, true, FILL_MATRIX, false },
};
const struct tensor_list krait__mlp_linear = { linear, sizeof(linear) / sizeof(*linear) };

static const struct tensor_rule split[] = {
	{ "gate_proj.weight", ROLE_GATE, NEED_MLP_GATE, 2, { FF, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "gate_proj.bias", ROLE_GATE_BIAS, NEED_MLP_BIAS, 1, { FF }, false, FILL_SMALL, false },
	{ "up_proj.weight", ROLE_UP, NEED_ALWAYS, 2, { FF, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "up_proj.bias", ROLE_UP_BIAS, NEED_MLP_BIAS, 1, { FF }, false, FILL_SMALL, false },
	{ "down_proj.weight", ROLE_DOWN, NEED_ALWAYS, 2, { DIM_WIDTH, FF }, true, FILL_MATRIX, false },
	{ "down_proj.bias", ROLE_DOWN_BIAS, NEED_MLP_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL, false },
};
const struct tensor_list krait__mlp_split = { split, sizeof(split) / sizeof(*split) };

static krait_status measure(uint64_t *size, struct part *part, const char *groups, struct why *why)
{
	(void)groups;
	(void)why;
	size[BOTH] = 2 * size[FF];
	part->d_ff = (uint32_t)size[FF];
	return KRAIT_OK;
}

static void sizes(uint64_t *size, const struct part *part)
{
	size[FF] = part->d_ff;
	size[BOTH] = 2 * size[FF];
}

static void geometry(struct geometry *out, const struct part *part)
{
	out->y_rows = part->d_ff;
}

static bool possible(const struct part *part)
{
	return part->d_ff > 0 && 2 * (uint64_t)part->d_ff <= INT32_MAX;
}

static krait_status check(const struct plan *plan, const struct part *part, struct why *why)
{
	krait_status status = krait__block_check_rows(plan, part, ROLE_UP, part->d_ff, why);

	if (status == KRAIT_OK)
		status = krait__block_check_rows(plan, part, ROLE_GATE, part->d_ff, why);
	if (status == KRAIT_OK)
		status = krait__block_check_rows(plan, part, ROLE_GATE_UP, 2 * (uint64_t)part->d_ff, why);
	return status;
}

const struct block_kind krait__block_mlp = {
	.name = "mlp", .size_names = size_names, .n_sizes = END - DIM_OWN, .measure = measure, .sizes = sizes,
		.geometry = geometry,
	.possible = possible, .check = check,
};
