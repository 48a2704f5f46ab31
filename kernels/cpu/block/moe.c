/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moe.c - a mixture of experts. A position that goes through an expert is a pair. Pairs are sorted by expert, so that
 * each expert's weights are read once in a pass, for all that chose it: threads share out rows of d_ff, then columns of
 * the residual stream, to which experts add in the order of their ids.
 *
 * Pairs stand in scratch one behind the other: `projected`, `convolved` and `y` have room for n_used of them in
 * each row.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/block/moe.h"
#include "base/size.h"

#include <string.h>

/* Of a pass, in the order of experts. */
struct cpu_pairs {
	uint32_t *start;                /* [n_experts + 1]: the first pair of each */
	uint32_t *pair;                 /* [n]: row * n_used + its place among the row's choices */
	size_t n, n_used;
	const float *in;                /* [n, in_stride]: their rows, gathered */
	size_t in_stride;
};

/* ---- layout ---- */

static void layout(struct cpu_carver *carver, struct cpu_ready *ready, const struct plan *plan)
{
	const struct part *part = ready->part;

	(void)plan;
	ready->moe.router_bias = krait__carve_role(carver, part, ROLE_ROUTER_BIAS, 1, part->n_experts);
	ready->moe.chosen = (uint32_t *)(void *)krait__carve(carver, MAX_ROWS, part->n_used);
	ready->moe.weights = krait__carve(carver, MAX_ROWS, part->n_used);
}

static void widen_to(size_t *width, size_t n, size_t by)
{
	size_t whole;

	krait__widen_to(width, krait__mul_size(&whole, n, by) ? whole : SIZE_MAX - BLOCK);
}

static void widths(struct scratch *s, const struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	size_t n_list;

	krait__widen_to(&s->small_wide, part->n_experts);
	widen_to(&s->convolved_wide, part->n_used, s->wide);
	widen_to(&s->projected_wide, part->n_used, krait__pad(part->d_ff));
	widen_to(&s->y_wide, part->n_used, krait__pad(part->d_ff));
	krait__widen_to(&s->n_row, part->d_ff);
	krait__widen_to(&s->n_row, 2 * (size_t)part->n_experts);
	n_list = krait__pad(part->n_experts + (size_t)1) + (size_t)MAX_ROWS * part->n_used;
	krait__widen_to(&s->n_list, n_list);
}

static void prepare(const struct plan *plan, struct cpu_ready *ready)
{
	ready->moe.router = krait__matrix(krait__part_tensor(plan, ready->part, ROLE_ROUTER));
	krait__widen_role(ready->moe.router_bias, plan, ready->part, ROLE_ROUTER_BIAS, ready->part->n_experts);
}

/* An expert's own rows of a role. */
static struct matrix expert_matrix(const struct plan *plan, const struct part *part, enum role role, size_t index)
{
	const struct tensor *all = krait__part_tensor(plan, part, role);
	struct matrix whole;

	if (!all || all->rank == 2)
		return krait__matrix(krait__expert_tensor(plan, part, role, (uint32_t)index));
	whole = (struct matrix){ all->data, all->type, all->shape[0] * all->shape[1], all->shape[2] };
	return krait__matrix_rows(&whole, index * all->shape[1], all->shape[1]);
}

/* Either may be missing (no rows). */
static void gate_and_up(const struct plan *plan, const struct part *part, size_t index, struct matrix *gate,
	struct matrix *up)
{
	struct matrix both = expert_matrix(plan, part, ROLE_GATE_UP, index);
	size_t up_first = part->flags & PART_UP_FIRST ? 0 : part->d_ff;

	*gate = expert_matrix(plan, part, ROLE_GATE, index);
	*up = expert_matrix(plan, part, ROLE_UP, index);
	if (both.rows) {
		*up = krait__matrix_rows(&both, up_first, part->d_ff);
		*gate = krait__matrix_rows(&both, part->d_ff - up_first, part->d_ff);
	}
}

/* ---- who goes where ---- */

static void route(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = krait__product(model, thread, &ready->moe.router, pass->n_rows);
	struct share share = krait__pool_share(model->pool, thread, ready->moe.router.rows, 4);

	product.in = model->scratch.normed;
	product.in_stride = model->scratch.wide;
	product.scale = ready->part->in_scale;
	product.out = model->scratch.small;
	product.out_stride = model->scratch.small_wide;
	model->kernels->product(&product, share.first, share.last);
}

static void choose(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	const struct cpu_moe *moe = &ready->moe;
	struct share rows = krait__pool_share(model->pool, thread, pass->n_rows, 1);
	size_t n = ready->part->n_used;

	for (size_t r = rows.first; r < rows.last; r++) {
		krait__choose_experts(ready->part, s->small + r * s->small_wide, moe->router_bias,
			s->rows + (size_t)thread * s->n_row, moe->chosen + r * n, moe->weights + r * n);
		krait__multiply(moe->weights + r * n, n, ready->part->out_scale);
	}
}

/* Each thread makes the list for itself: that is less work than waiting for another to make it. Of an expert's pairs
 * the rows ascend. */
static struct cpu_pairs sort_pairs(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct scratch *s = &pass->model->scratch;
	const uint32_t *chosen = ready->moe.chosen;
	size_t n_experts = ready->part->n_experts;
	struct cpu_pairs pairs = { .n = pass->n_rows * ready->part->n_used, .n_used = ready->part->n_used };
	uint32_t before = 0;

	pairs.start = s->lists + (size_t)thread * s->n_list;
	pairs.pair = pairs.start + krait__pad(n_experts + 1);
	memset(pairs.start, 0, (n_experts + 1) * sizeof(*pairs.start));
	for (size_t i = 0; i < pairs.n; i++)
		pairs.start[chosen[i]]++;
	for (size_t e = 0; e < n_experts; e++) {
		uint32_t n = pairs.start[e];

		pairs.start[e] = before;
		before += n;
	}
	for (size_t i = 0; i < pairs.n; i++)
		pairs.pair[pairs.start[chosen[i]]++] = (uint32_t)i;
	for (size_t e = n_experts; e > 0; e--)          /* each start has moved on to the next one's */
		pairs.start[e] = pairs.start[e - 1];
	pairs.start[0] = 0;
	return pairs;
}

/* The only row of a pass is every pair's. */
static void gather(const struct pass *pass, struct cpu_pairs *pairs, unsigned thread)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	struct share share = krait__pool_share(model->pool, thread, pairs->n, 1);

	pairs->in = s->normed;
	pairs->in_stride = 0;
	if (pass->n_rows == 1)
		return;
	for (size_t i = share.first; i < share.last; i++)
		memcpy(s->convolved + i * s->wide, s->normed + pairs->pair[i] / pairs->n_used * s->wide,
			model->plan->width * sizeof(float));
	pairs->in = s->convolved;
	pairs->in_stride = s->wide;
	krait__pool_barrier(model->pool);
}

/* ---- what experts do ---- */

/* Columns [share.first, share.last) of h = silu(gate) * up, or with max(.., 0)^2, or of that of up where
 * there is no gate. */
static void activate(const struct emodel *model, const struct part *part, bool gated, size_t pair, struct share share)
{
	const struct scratch *s = &model->scratch;
	size_t at = pair * krait__pad(part->d_ff) + share.first, n = share.last - share.first;
	float *up = s->y + at, *gate = gated ? s->projected + at : up;

	if (part->flags & PART_RELU2)
		model->kernels->relu2(up, gated ? up : NULL, gate, n);
	else
		model->kernels->gate(up, gated ? up : NULL, gate, n);
}

static void hidden(const struct pass *pass, const struct cpu_ready *ready, const struct cpu_pairs *pairs,
	unsigned thread)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;
	struct share share = krait__pool_share(model->pool, thread, part->d_ff, BLOCK);
	size_t width = krait__pad(part->d_ff);

	for (size_t e = 0; e < part->n_experts; e++) {
		size_t first = pairs->start[e], n = pairs->start[e + 1] - first;
		struct matrix gate, up;
		struct product product;

		if (n == 0)
			continue;
		gate_and_up(model->plan, part, e, &gate, &up);
		product = krait__product(model, thread, &up, n);
		product.in = pairs->in + first * pairs->in_stride;
		product.in_stride = pairs->in_stride;
		product.scale = part->in_scale;
		product.out = s->y + first * width;
		product.out_stride = width;
		model->kernels->product(&product, share.first, share.last);
		product.matrix = gate;
		product.out = s->projected + first * width;
		if (gate.rows)
			model->kernels->product(&product, share.first, share.last);
		for (size_t i = first; i < first + n; i++)
			activate(model, part, gate.rows > 0, i, share);
	}
}

/* Columns [first, first + n) of what expert e makes of its pairs, weighed, to where their rows are. */
static void add_columns(const struct pass *pass, const struct cpu_ready *ready, const struct cpu_pairs *pairs, size_t e,
	size_t column, size_t n, unsigned thread)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	size_t width = krait__pad(ready->part->d_ff), first = pairs->start[e], n_pairs = pairs->start[e + 1] - first;
	struct matrix down = expert_matrix(model->plan, ready->part, ROLE_DOWN, e);
	struct matrix some = krait__matrix_rows(&down, column, n);
	struct product product = krait__product(model, thread, &some, n_pairs);

	product.in = s->y + first * width;
	product.in_stride = width;
	product.out = s->blocks + (size_t)thread * MAX_ROWS * HEAD_BLOCK;
	product.out_stride = HEAD_BLOCK;
	model->kernels->product(&product, 0, n);
	for (size_t i = 0; i < n_pairs; i++) {
		size_t pair = pairs->pair[first + i];
		float *x = s->x + pair / pairs->n_used * s->wide + column, weight = ready->moe.weights[pair];
		const float *from = product.out + i * HEAD_BLOCK;

		for (size_t j = 0; j < n; j++)
			x[j] += weight * from[j];
	}
}

static void down(const struct pass *pass, const struct cpu_ready *ready, const struct cpu_pairs *pairs, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct share share = krait__pool_share(model->pool, thread, model->plan->width, BLOCK);

	for (size_t e = 0; e < ready->part->n_experts; e++)
		for (size_t at = share.first; at < share.last
			&& pairs->start[e + 1] > pairs->start[e]; at += HEAD_BLOCK) {
			size_t left = share.last - at;

			add_columns(pass, ready, pairs, e, at, left < HEAD_BLOCK ? left : HEAD_BLOCK, thread);
		}
}

static void run(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	struct pool *pool = pass->model->pool;
	struct cpu_pairs pairs;

	route(pass, ready, thread);
	krait__pool_barrier(pool);
	choose(pass, ready, thread);
	krait__pool_barrier(pool);
	pairs = sort_pairs(pass, ready, thread);
	gather(pass, &pairs, thread);
	hidden(pass, ready, &pairs, thread);
	krait__pool_barrier(pool);
	down(pass, ready, &pairs, thread);
	krait__pool_barrier(pool);
}

const struct cpu_block krait__cpu_moe = { .layout = layout, .widths = widths, .prepare = prepare, .run = run };
