/* SPDX-License-Identifier: Apache-2.0 */
/* moe.c - a mixture of experts, each an MLP: a router's product tells which few of them a position goes through and how
 * their results are weighed. Experts that every position goes through are an mlp of their own beside it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

enum { FF = DIM_OWN, BOTH, EXPERTS, END };

static const char *const size_names[] = { "d_ff of an expert", "2 x d_ff of an expert", "experts" };
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");

static const struct tensor_rule stacked[] = {
	{ "router.layer.weight", ROLE_ROUTER, NEED_ALWAYS, 2, { EXPERTS, DIM_WIDTH }, false, FILL_ROUTER, false },
	{ "input_linear.weight", ROLE_GATE_UP, NEED_ALWAYS, 3, { EXPERTS, BOTH, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "output_linear.weight", ROLE_DOWN, NEED_ALWAYS, 3, { EXPERTS, DIM_WIDTH, FF }, true, FILL_MATRIX, false },
};
const struct tensor_list krait__moe_stacked = { stacked, sizeof(stacked) / sizeof(*stacked) };

static const struct tensor_rule gated[] = {
	{ "router.weight", ROLE_ROUTER, NEED_ALWAYS, 2, { EXPERTS, DIM_WIDTH }, false, FILL_ROUTER, false },
	{ "experts.*.gate_proj.weight", ROLE_GATE, NEED_ALWAYS, 2, { FF, DIM_WIDTH }, true, FILL_MATRIX, true },
	{ "experts.*.up_proj.weight", ROLE_UP, NEED_ALWAYS, 2, { FF, DIM_WIDTH }, true, FILL_MATRIX, true },
	{ "experts.*.down_proj.weight", ROLE_DOWN, NEED_ALWAYS, 2, { DIM_WIDTH, FF }, true, FILL_MATRIX, true },
};
const struct tensor_list krait__moe_gated = { gated, sizeof(gated) / sizeof(*gated) };

static const struct tensor_rule plain[] = {
	{ "gate.weight", ROLE_ROUTER, NEED_ALWAYS, 2, { EXPERTS, DIM_WIDTH }, false, FILL_ROUTER, false },
	{ "gate.e_score_correction_bias", ROLE_ROUTER_BIAS, NEED_ALWAYS, 1, { EXPERTS }, false, FILL_SMALL, false },
	{ "experts.*.up_proj.weight", ROLE_UP, NEED_ALWAYS, 2, { FF, DIM_WIDTH }, true, FILL_MATRIX, true },
	{ "experts.*.down_proj.weight", ROLE_DOWN, NEED_ALWAYS, 2, { DIM_WIDTH, FF }, true, FILL_MATRIX, true },
};
const struct tensor_list krait__moe_plain = { plain, sizeof(plain) / sizeof(*plain) };

static krait_status measure(uint64_t *size, struct part *part, const char *groups, struct why *why)
{
	(void)groups;
	size[BOTH] = 2 * size[FF];
	if (part->n_experts != size[EXPERTS])
		return krait__why(why, KRAIT_ERROR_FORMAT, "config.json says that there are %u experts, and the router "
			"chooses from %llu: "
			"configuration and weights do not belong together", (unsigned)part->n_experts,
			(unsigned long long)size[EXPERTS]);
	part->d_ff = (uint32_t)size[FF];
	return KRAIT_OK;
}

static void sizes(uint64_t *size, const struct part *part)
{
	size[FF] = part->d_ff;
	size[BOTH] = 2 * size[FF];
	size[EXPERTS] = part->n_experts;
}

static void geometry(struct geometry *out, const struct part *part)
{
	out->y_rows = part->d_ff;
}

/* A group is ranked by its two best, and what is chosen has to be found in the groups that are kept. */
static bool possible(const struct part *part)
{
	uint64_t group = part->n_expert_groups ? part->n_experts / part->n_expert_groups : 0;

	return part->d_ff > 0 && 2 * (uint64_t)part->d_ff <= INT32_MAX && part->n_used > 0
		&& part->n_used <= part->n_experts
		&& part->n_experts <= 65536 && part->n_expert_groups > 0 && part->n_experts % part->n_expert_groups == 0
		&& part->n_used_groups > 0 && part->n_used_groups <= part->n_expert_groups
		&& part->n_used <= part->n_used_groups * group && (part->n_expert_groups == 1 || group >= 2);
}

static krait_status check(const struct plan *plan, const struct part *part, struct why *why)
{
	krait_status status = krait__block_check_rows(plan, part, ROLE_ROUTER, part->n_experts, why);

	if (status == KRAIT_OK)
		status = krait__block_check_rows(plan, part, ROLE_ROUTER_BIAS, part->n_experts, why);
	return status;
}

const struct block_kind krait__block_moe = {
	.name = "moe", .size_names = size_names, .n_sizes = END - DIM_OWN, .measure = measure, .sizes = sizes,
		.geometry = geometry,
	.possible = possible, .check = check,
};
