/* SPDX-License-Identifier: Apache-2.0 */
/* block.c - the list of kinds, and the one check of a part. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

static const struct block_kind *const kinds[N_PART_KINDS] = {
	[PART_MAMBA1] = &krait__block_mamba1,
	[PART_MAMBA2] = &krait__block_mamba2,
	[PART_MAMBA3] = &krait__block_mamba3,
	[PART_ATTENTION] = &krait__block_attention,
	[PART_MLP] = &krait__block_mlp,
	[PART_MOE] = &krait__block_moe,
};

static const struct tensor_rule norm_rules[] = {
	{ "weight", ROLE_NORM, NEED_ALWAYS, 1, { DIM_WIDTH }, false, FILL_NORM, false },
	{ "bias", ROLE_NORM_BIAS, NEED_NORM_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL, false },
};
const struct tensor_list krait__norm_tensors = { norm_rules, sizeof(norm_rules) / sizeof(*norm_rules) };

const struct block_kind *krait__block_kind(enum part_kind kind)
{
	return (unsigned)kind < N_PART_KINDS ? kinds[kind] : NULL;
}

struct geometry krait__geometry(const struct part *part)
{
	const struct block_kind *kind = krait__block_kind(part->kind);
	struct geometry out = { 0 };

	if (kind)
		kind->geometry(&out, part);
	return out;
}

const struct tensor *krait__expert_tensor(const struct plan *plan, const struct part *part, enum role role,
	uint32_t index)
{
	const struct tensor *first = krait__part_tensor(plan, part, role);

	return first && first->rank == 2 ? first + index : NULL;
}

krait_status krait__block_check_rows(const struct plan *plan, const struct part *part, enum role role, uint64_t rows,
	struct why *why)
{
	const struct tensor *tensor = krait__part_tensor(plan, part, role);

	if (!tensor || (tensor->rank > 0 && tensor->shape[0] == rows))
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_FORMAT, "tensor '%s' of layer %u has %llu rows where the layer's "
		"sizes ask for %llu: the weights are damaged or of another kind than config.json says",
		tensor->name, (unsigned)part->layer, tensor->rank ? (unsigned long long)tensor->shape[0] : 1ull,
		(unsigned long long)rows);
}

static krait_status check_shapes(const struct plan *plan, const struct part *part, struct why *why)
{
	struct geometry geometry = krait__geometry(part);
	const struct {
		enum role role;
		uint32_t rows;
	} all[] = {
		{ ROLE_IN_PROJ, geometry.in_rows }, { ROLE_IN_PROJ_BIAS, geometry.in_rows },
		{ ROLE_CONV, geometry.channels }, { ROLE_CONV_BIAS, geometry.channels },
		{ ROLE_X_PROJ, geometry.small_rows }, { ROLE_DT_BIAS, geometry.n_steps },
		{ ROLE_A_LOG, geometry.n_steps },
	};
	krait_status status = KRAIT_OK;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && status == KRAIT_OK; i++)
		status = krait__block_check_rows(plan, part, all[i].role, all[i].rows, why);
	return status;
}

static krait_status check_conv(const struct plan *plan, const struct part *part, struct why *why)
{
	if (!krait__part_tensor(plan, part, ROLE_CONV) || (part->d_conv >= 2 && part->d_conv <= BLOCK_D_CONV_MAX))
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "the convolution of layer %u ('mixer.conv1d.weight') "
		"spans %u positions: 2 to %d are possible", (unsigned)part->layer, (unsigned)part->d_conv,
		BLOCK_D_CONV_MAX);
}

static krait_status check_sizes(const struct block_kind *kind, const struct part *part, struct why *why)
{
	if (kind->possible(part))
		return KRAIT_OK;
	if (part->kind == PART_MLP || part->kind == PART_MOE)
		return krait__why(why, KRAIT_ERROR_FORMAT, "the sizes of layer %u's %s (d_ff %u, %u experts of which "
			"%u are chosen, "
			"from %u of %u groups) cannot be those of a model", (unsigned)part->layer, kind->name,
			(unsigned)part->d_ff,
			(unsigned)part->n_experts, (unsigned)part->n_used, (unsigned)part->n_used_groups,
			(unsigned)part->n_expert_groups);
	if (part->kind == PART_ATTENTION)
		return krait__why(why, KRAIT_ERROR_FORMAT, "the sizes of layer %u's attention (%u heads of %u, %u for "
			"k and v, %u "
			"rotated) cannot be those of a model", (unsigned)part->layer, (unsigned)part->n_heads,
			(unsigned)part->head_dim, (unsigned)part->n_kv_heads, (unsigned)part->n_rotary);
	return krait__why(why, KRAIT_ERROR_FORMAT, "the sizes of layer %u (d_inner %u, d_ssm %u, %u heads of %u, "
		"%u groups, d_state %u) cannot be those of a model", (unsigned)part->layer, (unsigned)part->d_inner,
		(unsigned)part->d_ssm, (unsigned)part->n_heads, (unsigned)part->head_dim, (unsigned)part->n_groups,
		(unsigned)part->d_state);
}

krait_status krait__block_check(const struct plan *plan, const struct part *part, struct why *why)
{
	const struct block_kind *kind = krait__block_kind(part->kind);
	krait_status status;

	if (!kind)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "layer %u: there is no block of kind %d",
			(unsigned)part->layer, (int)part->kind);
	if ((status = check_conv(plan, part, why)) != KRAIT_OK || (status = check_sizes(kind, part, why)) != KRAIT_OK
		|| (status = check_shapes(plan, part, why)) != KRAIT_OK)
		return status;
	return kind->check ? kind->check(plan, part, why) : KRAIT_OK;
}
