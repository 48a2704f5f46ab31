/* SPDX-License-Identifier: Apache-2.0 */
/* generic_attend.c - attention over one page in plain C. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/kernels.h"

#include <math.h>

#define LANES 8         /* partial sums, so that a compiler may use vectors */

/* Scores of the positions that the query sees become exp(score - top); returns the factor of what was summed before. */
static float weigh(float *weights, size_t n, float scale, float *top, float *sum)
{
	float high = *top, factor, sums[LANES] = { 0 }, total = 0;

	for (size_t i = 0; i < n; i++) {
		weights[i] *= scale;
		high = weights[i] > high ? weights[i] : high;
	}
	for (size_t i = 0; i < n; i++) {
		weights[i] = expf(weights[i] - high);
		sums[i % LANES] += weights[i];
	}
	for (size_t i = 0; i < LANES; i++)
		total += sums[i];
	factor = expf(*top - high);
	*sum = *sum * factor + total;
	*top = high;
	return factor;
}

static void attend_head(const struct attend *attend, size_t row, size_t head)
{
	size_t seen = attend->seen + row, n = seen < PAGE_POSITIONS ? seen : PAGE_POSITIONS;
	size_t n_head = attend->head_dim, at = row * attend->top_stride + head;
	const float *q = attend->q + row * attend->q_stride + head * n_head;
	float *out = attend->out + row * attend->out_stride + head * n_head;
	float weights[PAGE_POSITIONS] = { 0 }, factor;

	for (size_t p = 0; p < n_head; p++)
		for (size_t i = 0; i < n; i++)
			weights[i] += q[p] * attend->k[p * PAGE_POSITIONS + i];
	factor = weigh(weights, n, attend->scale, &attend->top[at], &attend->sum[at]);
	for (size_t p = 0; p < n_head; p++)
		out[p] *= factor;
	for (size_t i = 0; i < n; i++)
		for (size_t p = 0; p < n_head; p++)
			out[p] += weights[i] * attend->v[i * krait__pad(n_head) + p];
}

void krait__attend_generic(const struct attend *attend)
{
	for (size_t row = 0; row < attend->n_rows; row++)
		for (size_t head = 0; head < attend->n_heads; head++)
			attend_head(attend, row, head);
}
