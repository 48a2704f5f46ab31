/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attention.c - causal attention over everything that a sequence has read.
 *
 * Threads share out the rows of q, k and v, then pairs of a row and a kv head. A row goes over the pages
 * of its sequence in their order, with the highest score and the sums so far, so its result does not
 * depend on where passes began and ended. Rows of one sequence go over a page one behind the other.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

#include <math.h>
#include <string.h>

#define ROWS_TOGETHER 32        /* that go over the pages together: their q and sums stay in a cache */

/* ---- made ready ---- */

static bool any_bias(const struct part *part)
{
	const uint32_t *t = part->tensor;

	return t[ROLE_IN_PROJ_BIAS] != NO_TENSOR || t[ROLE_Q_BIAS] != NO_TENSOR || t[ROLE_K_BIAS] != NO_TENSOR
		|| t[ROLE_V_BIAS] != NO_TENSOR;
}

static void layout(struct cpu_carver *carver, struct cpu_ready *ready, const struct plan *plan)
{
	const struct part *part = ready->part;

	krait__carve_in(carver, ready);
	if (any_bias(part) && part->tensor[ROLE_IN_PROJ_BIAS] == NO_TENSOR)
		ready->in_bias[SEGMENT_CONV] = krait__carve(carver, 1, ready->geometry.in_rows);
	ready->conv_linear = true;
	ready->attention.frequencies = (double *)(void *)krait__carve(carver, 2, part->n_rotary / 2);
	ready->out_bias = krait__carve_role(carver, part, ROLE_OUT_PROJ_BIAS, 1, plan->width);
}

static void widths(struct scratch *s, const struct cpu_ready *ready)
{
	krait__widen_to(&s->projected_wide, ready->width);
	krait__widen_to(&s->convolved_wide, ready->geometry.channels);
	krait__widen_to(&s->turns_wide, ready->part->n_rotary);
	krait__widen_to(&s->heads_wide, ready->part->n_heads);
	krait__widen_to(&s->y_wide, ready->geometry.q_rows);
	krait__widen_to(&s->n_row, ready->geometry.q_rows);
}

static void slot(struct cpu_carver *carver, struct cpu_ready *ready)
{
	ready->conv_at = carver->used;
	if (ready->part->d_conv)
		krait__carve(carver, ready->part->d_conv - 1, krait__pad(ready->geometry.channels));
}

/* k, v, conv: the last is the fixed one. */
static struct cpu_place place(const struct cpu_ready *ready, uint32_t index)
{
	size_t channels = ready->geometry.channels;

	(void)index;
	return (struct cpu_place){ ready->conv_at, channels, ready->part->d_conv - 1, krait__pad(channels), channels };
}

static void page(struct cpu_carver *carver, struct cpu_ready *ready)
{
	const struct part *part = ready->part;

	ready->attention.k_at = carver->used;
	krait__carve(carver, ready->geometry.kv_rows, PAGE_POSITIONS);
	ready->attention.v_at = carver->used;
	krait__carve(carver, part->n_kv_heads * krait__pad(part->head_dim), PAGE_POSITIONS);
}

static struct cpu_page_place page_place(const struct cpu_ready *ready, uint32_t index)
{
	size_t n = ready->part->head_dim;

	if (index == 0)
		return (struct cpu_page_place){ ready->attention.k_at, 1, n * PAGE_POSITIONS, PAGE_POSITIONS };
	return (struct cpu_page_place){ ready->attention.v_at, krait__pad(n), krait__pad(n) * PAGE_POSITIONS, 1 };
}

/* A matrix of its own for each of q, k and v, whose rows stand in one segment all the same. */
static void prepare_one(const struct plan *plan, struct cpu_ready *ready, enum role matrix, enum role bias, size_t n,
	float scale)
{
	struct cpu_run *runs = ready->runs[SEGMENT_CONV];
	size_t i = ready->n_runs[SEGMENT_CONV]++, at = ready->at[SEGMENT_CONV];
	size_t done = i ? runs[i - 1].at + runs[i - 1].matrix.rows - at : 0;
	float *biases = ready->part->tensor[bias] == NO_TENSOR ? NULL : ready->in_bias[SEGMENT_CONV] + done;

	runs[i] = krait__prepare_run(plan, ready->part, matrix, 0, n, bias, biases, scale);
	runs[i].at = at + done;
}

static void prepare(const struct plan *plan, struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	const float *scale = part->row_scale;
	size_t q_rows = ready->geometry.q_rows, kv_rows = ready->geometry.kv_rows;

	if (part->tensor[ROLE_IN_PROJ] != NO_TENSOR) {
		krait__prepare_rows(plan, ready, SEGMENT_CONV, q_rows, scale[SCALE_Q]);
		krait__prepare_rows(plan, ready, SEGMENT_CONV, kv_rows, scale[SCALE_K]);
		krait__prepare_rows(plan, ready, SEGMENT_CONV, kv_rows, scale[SCALE_V]);
	} else {
		prepare_one(plan, ready, ROLE_Q, ROLE_Q_BIAS, q_rows, scale[SCALE_Q]);
		prepare_one(plan, ready, ROLE_K, ROLE_K_BIAS, kv_rows, scale[SCALE_K]);
		prepare_one(plan, ready, ROLE_V, ROLE_V_BIAS, kv_rows, scale[SCALE_V]);
	}
	krait__prepare_conv(plan, ready);
	for (uint32_t i = 0; i < part->n_rotary / 2; i++)
		ready->attention.frequencies[i] = pow(part->theta, -2.0 * i / part->n_rotary);
	krait__prepare_out(plan, ready, ROLE_OUT_PROJ, ROLE_OUT_PROJ_BIAS);
}

/* ---- a pass ---- */

/* Rows [first, last) of a sequence's piece, of one kv head. */
struct cpu_work {
	const struct pass *pass;
	const struct cpu_ready *ready;
	const struct cpu_piece *piece;
	size_t head, first, last;
};

/* All pairs of a kv head and a row, in that order; `thread` does its share. */
static void share_out(const struct pass *pass, const struct cpu_ready *ready, unsigned thread, size_t n_heads,
	void (*does)(const struct cpu_work *work))
{
	struct share share = krait__pool_share(pass->model->pool, thread, n_heads * pass->n_rows, 1);

	for (size_t head = share.first / pass->n_rows; head * pass->n_rows < share.last; head++)
		for (size_t i = 0; i < pass->n_pieces; i++) {
			const struct cpu_piece *piece = &pass->pieces[i];
			size_t begin = head * pass->n_rows + piece->row, end = begin + piece->n;
			size_t first = share.first > begin ? share.first : begin;
			size_t last = share.last < end ? share.last : end;

			if (first < last)
				does(&(struct cpu_work){ pass, ready, piece, head, first - begin, last - begin });
		}
}

/* How far each pair is turned at the positions of these rows. */
static void turns_of(const struct cpu_work *work)
{
	const struct scratch *s = &work->pass->model->scratch;
	size_t half = work->ready->part->n_rotary / 2;

	for (size_t r = work->first; r < work->last; r++) {
		double position = (double)(work->piece->span->slot->n_positions + r);
		float *turns = s->turns + (work->piece->row + r) * s->turns_wide;

		for (size_t i = 0; i < half; i++) {
			double angle = position * work->ready->attention.frequencies[i];

			turns[i] = (float)cos(angle);
			turns[half + i] = (float)sin(angle);
		}
	}
}

static void turn(float *head, const float *turns, size_t half)
{
	for (size_t i = 0; i < half; i++) {
		float a = head[i], b = head[half + i];

		head[i] = a * turns[i] - b * turns[half + i];
		head[half + i] = b * turns[i] + a * turns[half + i];
	}
}

/* Where q, k and v of a row stand. */
static float *row_at(const struct cpu_work *work, size_t row)
{
	const struct scratch *s = &work->pass->model->scratch;

	row += work->piece->row;
	if (work->ready->part->d_conv)
		return s->convolved + row * s->convolved_wide;
	return s->projected + row * s->projected_wide + work->ready->at[SEGMENT_CONV];
}

static const float *turns_at(const struct cpu_work *work, size_t row)
{
	const struct scratch *s = &work->pass->model->scratch;

	return s->turns + (work->piece->row + row) * s->turns_wide;
}

static void keep_kv(const struct cpu_work *work)
{
	const struct cpu_ready *ready = work->ready;
	size_t n = ready->part->head_dim, padded = krait__pad(n);
	struct slot *slot = work->piece->span->slot;

	for (size_t r = work->first; r < work->last; r++) {
		uint64_t position = slot->n_positions + r;
		float *data = slot->pages[position / PAGE_POSITIONS]->data;
		size_t at = position % PAGE_POSITIONS;
		float *k = row_at(work, r) + ready->geometry.q_rows + work->head * n;
		float *k_out = data + ready->attention.k_at + work->head * n * PAGE_POSITIONS + at;

		turn(k, turns_at(work, r), ready->part->n_rotary / 2);
		for (size_t p = 0; p < n; p++)
			k_out[p * PAGE_POSITIONS] = k[p];
		memcpy(data + ready->attention.v_at + (work->head * PAGE_POSITIONS + at) * padded,
			k + ready->geometry.kv_rows, n * sizeof(float));
	}
}

/* Rows [first, last) of the piece over page `index`, as far as they see it. */
static void attend_page(const struct cpu_work *work, struct attend attend, size_t index, size_t first, size_t last)
{
	const struct emodel *model = work->pass->model;
	const struct slot *slot = work->piece->span->slot;
	uint64_t begin = (uint64_t)index * PAGE_POSITIONS;
	size_t skip = begin > slot->n_positions + first ? (size_t)(begin - slot->n_positions) - first : 0;
	size_t n = attend.head_dim;

	if (first + skip >= last)
		return;
	attend.k = slot->pages[index]->data + work->ready->attention.k_at + work->head * n * PAGE_POSITIONS;
	attend.v = slot->pages[index]->data + work->ready->attention.v_at + work->head * krait__pad(n) * PAGE_POSITIONS;
	attend.q += skip * attend.q_stride;
	attend.out += skip * attend.out_stride;
	attend.top += skip * attend.top_stride;
	attend.sum += skip * attend.top_stride;
	attend.n_rows = last - first - skip;
	attend.seen = slot->n_positions + first + skip - begin < PAGE_POSITIONS ?
		(size_t)(slot->n_positions + first + skip - begin) + 1 : PAGE_POSITIONS;
	model->kernels->attend(&attend);
}

static void attend_rows(const struct cpu_work *work, size_t first, size_t last)
{
	const struct scratch *s = &work->pass->model->scratch;
	const struct part *part = work->ready->part;
	size_t group = part->n_heads / part->n_kv_heads, n = part->head_dim;
	size_t head = work->head * group, row = work->piece->row + first;
	size_t n_pages = (size_t)((work->piece->span->slot->n_positions + last - 1) / PAGE_POSITIONS) + 1;
	struct attend attend = {
		.q = row_at(work, first) + head * n, .q_stride = part->d_conv ? s->convolved_wide : s->projected_wide,
		.out = s->y + row * s->y_wide + head * n, .out_stride = s->y_wide,
		.top = s->highest + row * s->heads_wide + head, .sum = s->totals + row * s->heads_wide + head,
		.top_stride = s->heads_wide, .n_heads = group, .head_dim = n, .scale = part->attention_scale,
	};

	for (size_t r = first; r < last; r++)
		for (size_t h = 0; h < group; h++) {
			turn(row_at(work, r) + (head + h) * n, turns_at(work, r), part->n_rotary / 2);
			attend.top[(r - first) * s->heads_wide + h] = -INFINITY;
			attend.sum[(r - first) * s->heads_wide + h] = 0;
			memset(attend.out + (r - first) * s->y_wide + h * n, 0, n * sizeof(float));
		}
	for (size_t i = 0; i < n_pages; i++)
		attend_page(work, attend, i, first, last);
	for (size_t r = 0; r < last - first; r++)
		for (size_t h = 0; h < group; h++)
			krait__multiply(attend.out + r * s->y_wide + h * n, n, 1 / attend.sum[r * s->heads_wide + h]);
}

static void attend_work(const struct cpu_work *work)
{
	for (size_t first = work->first; first < work->last; first += ROWS_TOGETHER)
		attend_rows(work, first, work->last - first < ROWS_TOGETHER ? work->last : first + ROWS_TOGETHER);
}

static void run(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	struct pool *pool = pass->model->pool;
	struct share share = krait__pool_share(pool, thread, ready->geometry.in_rows, BLOCK);

	krait__segment_product(pass, ready, SEGMENT_CONV, share, thread);
	if (ready->part->d_conv)
		krait__conv_pieces(pass, ready, (struct share){ share.first, krait__pad(share.last) });
	share_out(pass, ready, thread, 1, turns_of);
	krait__pool_barrier(pool);
	share_out(pass, ready, thread, ready->part->n_kv_heads, keep_kv);
	krait__pool_barrier(pool);
	share_out(pass, ready, thread, ready->part->n_kv_heads, attend_work);
	krait__pool_barrier(pool);
	krait__out_product(pass, ready, thread);
	krait__pool_barrier(pool);
}

const struct cpu_block krait__cpu_attention = {
	.layout = layout, .widths = widths, .slot = slot, .place = place, .page = page, .page_place = page_place,
	.prepare = prepare, .run = run,
};
