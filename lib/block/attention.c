/* SPDX-License-Identifier: Apache-2.0 */
/* attention.c - causal attention, with fewer heads for k and v than for q where a family has it so: each reads the
 * kv head h / (n_heads / n_kv_heads). mamba_ssm stores q, k and v as one in_proj and may convolve them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

#include <math.h>

enum { HEADS = DIM_OWN, KV_HEADS, HEAD_DIM, Q_ROWS, KV_ROWS, IN_ROWS, CONV, WINDOW, CONV_ROWS, END };

static const char *const size_names[] = {
	"heads", "kv heads", "head_dim", "heads x head_dim", "kv heads x head_dim", "(heads + 2 x kv heads) x head_dim",
		"d_conv",
	"d_conv - 1", "(heads + 2 x kv heads) x head_dim",
};
_Static_assert(sizeof(size_names) / sizeof(*size_names) == END - DIM_OWN, "one name for each size");

static const struct tensor_rule fused[] = {
	{ "in_proj.weight", ROLE_IN_PROJ, NEED_ALWAYS, 2, { IN_ROWS, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "in_proj.bias", ROLE_IN_PROJ_BIAS, NEED_ATTENTION_BIAS, 1, { IN_ROWS }, false, FILL_SMALL, false },
	{ "conv1d.weight", ROLE_CONV, NEED_ATTENTION_CONV, 3, { CONV_ROWS, DIM_ONE, CONV }, false, FILL_CONV, false },
	{ "conv1d.bias", ROLE_CONV_BIAS, NEED_ATTENTION_CONV, 1, { CONV_ROWS }, false, FILL_SMALL, false },
	{ "out_proj.weight", ROLE_OUT_PROJ, NEED_ALWAYS, 2, { DIM_WIDTH, Q_ROWS }, true, FILL_MATRIX, false },
	{ "out_proj.bias", ROLE_OUT_PROJ_BIAS, NEED_ATTENTION_OUT_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL, false },
};
const struct tensor_list krait__attention_fused = { fused, sizeof(fused) / sizeof(*fused) };

static const struct tensor_rule split[] = {
	{ "q_proj.weight", ROLE_Q, NEED_ALWAYS, 2, { Q_ROWS, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "q_proj.bias", ROLE_Q_BIAS, NEED_ATTENTION_BIAS, 1, { Q_ROWS }, false, FILL_SMALL, false },
	{ "k_proj.weight", ROLE_K, NEED_ALWAYS, 2, { KV_ROWS, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "k_proj.bias", ROLE_K_BIAS, NEED_ATTENTION_BIAS, 1, { KV_ROWS }, false, FILL_SMALL, false },
	{ "v_proj.weight", ROLE_V, NEED_ALWAYS, 2, { KV_ROWS, DIM_WIDTH }, true, FILL_MATRIX, false },
	{ "v_proj.bias", ROLE_V_BIAS, NEED_ATTENTION_BIAS, 1, { KV_ROWS }, false, FILL_SMALL, false },
	{ "o_proj.weight", ROLE_OUT_PROJ, NEED_ALWAYS, 2, { DIM_WIDTH, Q_ROWS }, true, FILL_MATRIX, false },
	{ "o_proj.bias", ROLE_OUT_PROJ_BIAS, NEED_ATTENTION_OUT_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL, false },
};
const struct tensor_list krait__attention_split = { split, sizeof(split) / sizeof(*split) };

static const struct component_rule components[] = {
	{ "k", 2, { KV_HEADS, HEAD_DIM }, true },
	{ "v", 2, { KV_HEADS, HEAD_DIM }, true },
	{ "conv", 2, { CONV_ROWS, WINDOW }, false },
};

/* A scale that nobody said is head_dim^-1/2. The configuration says how many heads there are, for shapes give their
 * product with head_dim only; of q where it says head_dim, too, the shapes tell. */
static krait_status measure(uint64_t *size, struct part *part, const char *groups, struct why *why)
{
	uint64_t kv_heads = part->n_kv_heads ? part->n_kv_heads : part->n_heads;

	(void)groups;
	if (part->n_heads == 0 || kv_heads == 0 || part->n_heads % kv_heads || size[Q_ROWS] % part->n_heads)
		return krait__why(why, KRAIT_ERROR_FORMAT, "config.json says that attention has %u heads, and %llu for "
			"k and v: the latter "
			"have to divide the former, and those the %llu rows of q; configuration and weights do not "
			"belong together",
			(unsigned)part->n_heads, (unsigned long long)kv_heads, (unsigned long long)size[Q_ROWS]);
	size[HEADS] = part->n_heads;
	size[KV_HEADS] = kv_heads;
	size[HEAD_DIM] = size[Q_ROWS] / size[HEADS];
	if (part->head_dim && part->head_dim != size[HEAD_DIM])
		return krait__why(why, KRAIT_ERROR_FORMAT, "config.json says that a head of attention is %u wide, and "
			"the weights have %llu rows "
			"of q for %u heads: configuration and weights do not belong together", (unsigned)part->head_dim,
			(unsigned long long)size[Q_ROWS], (unsigned)part->n_heads);
	size[KV_ROWS] = kv_heads * size[HEAD_DIM];
	size[IN_ROWS] = size[Q_ROWS] + 2 * size[KV_ROWS];
	if (size[CONV])
		size[CONV_ROWS] = size[IN_ROWS];
	size[WINDOW] = size[CONV] ? size[CONV] - 1 : 0;
	part->n_kv_heads = (uint32_t)kv_heads;
	part->head_dim = (uint32_t)size[HEAD_DIM];
	part->d_conv = (uint32_t)size[CONV];
	if (part->attention_scale == 0)
		part->attention_scale = 1 / sqrtf((float)part->head_dim);
	if (part->n_rotary > part->head_dim || part->n_rotary % 2)
		return krait__why(why, KRAIT_ERROR_FORMAT, "config.json says that %u of each head of attention, which "
			"is %u wide, are rotated: "
			"an even number, at most all, is needed", (unsigned)part->n_rotary, (unsigned)part->head_dim);
	return KRAIT_OK;
}

static void sizes(uint64_t *size, const struct part *part)
{
	size[HEADS] = part->n_heads;
	size[KV_HEADS] = part->n_kv_heads;
	size[HEAD_DIM] = part->head_dim;
	size[Q_ROWS] = size[HEADS] * size[HEAD_DIM];
	size[KV_ROWS] = size[KV_HEADS] * size[HEAD_DIM];
	size[IN_ROWS] = size[Q_ROWS] + 2 * size[KV_ROWS];
	size[CONV] = part->d_conv;
	size[CONV_ROWS] = size[CONV] ? size[IN_ROWS] : 0;
	size[WINDOW] = size[CONV] ? size[CONV] - 1 : 0;
}

static void geometry(struct geometry *out, const struct part *part)
{
	out->q_rows = out->y_rows = part->n_heads * part->head_dim;
	out->kv_rows = part->n_kv_heads * part->head_dim;
	out->in_rows = out->rows[SEGMENT_CONV] = out->q_rows + 2 * out->kv_rows;
	out->channels = part->d_conv ? out->in_rows : 0;
}

static bool possible(const struct part *part)
{
	bool ok = part->n_heads && part->n_kv_heads && part->head_dim;

	return ok && part->n_heads % part->n_kv_heads == 0 && part->n_rotary <= part->head_dim
		&& part->n_rotary % 2 == 0
		&& 3 * (uint64_t)part->n_heads * part->head_dim <= INT32_MAX && (part->n_rotary == 0
		|| part->theta > 0);
}

static krait_status check(const struct plan *plan, const struct part *part, struct why *why)
{
	struct geometry geometry = krait__geometry(part);
	krait_status status = krait__block_check_rows(plan, part, ROLE_Q, geometry.q_rows, why);

	if (status == KRAIT_OK)
		status = krait__block_check_rows(plan, part, ROLE_K, geometry.kv_rows, why);
	if (status == KRAIT_OK)
		status = krait__block_check_rows(plan, part, ROLE_V, geometry.kv_rows, why);
	return status;
}

const struct block_kind krait__block_attention = {
	.name = "attention", .components = components, .n_components = sizeof(components) / sizeof(*components),
	.size_names = size_names, .n_sizes = END - DIM_OWN, .measure = measure, .sizes = sizes,
	.geometry = geometry, .possible = possible,
	.check = check,
};
