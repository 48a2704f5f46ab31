/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_attend.h - attention over one page, for vector_kernels.h.
 *
 * A query's sums have one order whoever shares the page with it: scores add up along the head, lanes are
 * positions; values add up along positions, lanes are channels. Queries that see as many positions
 * go together, so that what is read of k and v serves them all.
 */
#define QUERIES (LANES == 16 ? 4 : 2)           /* of four vectors each, as many as there are registers for */

struct attend_query {
	const float *q;
	float *out, *top, *sum;
	size_t n;                       /* positions that it sees */
	float factor;                   /* of what was summed before, now that `top` is higher */
	float weights[PAGE_POSITIONS];
};

static void attend_query_at(struct attend_query *query, const struct attend *attend, size_t index)
{
	size_t row = index / attend->n_heads, head = index % attend->n_heads, seen = attend->seen + row;

	query->q = attend->q + row * attend->q_stride + head * attend->head_dim;
	query->out = attend->out + row * attend->out_stride + head * attend->head_dim;
	query->top = attend->top + row * attend->top_stride + head;
	query->sum = attend->sum + row * attend->top_stride + head;
	query->n = seen < PAGE_POSITIONS ? seen : PAGE_POSITIONS;
}

/* Scores of the page's positions, of those that are not seen too where a vector has both. */
INLINE void attend_scores(const struct attend *attend, struct attend_query *query, const size_t n)
{
	for (size_t at = 0; at < query->n; at += 4 * LANES) {
		const float *k = attend->k + at;
		vec sum[QUERIES][4];

		UNROLL
		for (size_t r = 0; r < n; r++)
			UNROLL
			for (size_t j = 0; j < 4; j++)
				sum[r][j] = v_set(0.0f);
		for (size_t p = 0; p < attend->head_dim; p++, k += PAGE_POSITIONS)
			UNROLL
			for (size_t r = 0; r < n; r++) {
				vec q = v_set(query[r].q[p]);

				UNROLL
				for (size_t j = 0; j < 4; j++)
					sum[r][j] = v_fma(q, v_load(k + j * LANES), sum[r][j]);
			}
		UNROLL
		for (size_t r = 0; r < n; r++)
			UNROLL
			for (size_t j = 0; j < 4; j++)
				v_store(query[r].weights + at + j * LANES, v_mul(sum[r][j], v_set(attend->scale)));
	}
}

/* Scores become exp(score - top), with the highest of all pages so far. */
static void attend_weigh(struct attend_query *query)
{
	float before = *query->top, top = before, lanes[LANES];
	vec high = v_set(before), total = v_set(0.0f);

	for (size_t i = query->n; i % LANES; i++)
		query->weights[i] = -INFINITY;
	for (size_t i = 0; i < query->n; i += LANES)
		high = v_max(high, v_load(query->weights + i));
	v_store(lanes, high);
	for (size_t i = 0; i < LANES; i++)
		top = lanes[i] > top ? lanes[i] : top;
	for (size_t i = 0; i < query->n; i += LANES) {
		vec weight = v_keep(v_exp(v_sub(v_load(query->weights + i), v_set(top))), query->n - i);

		v_store(query->weights + i, weight);
		total = v_add(total, weight);
	}
	v_store(lanes, v_exp(v_sub(v_set(before), v_set(top))));
	query->factor = lanes[0];
	*query->sum = *query->sum * query->factor + v_sum(total);
	*query->top = top;
}

/* `n_lanes` vectors of the head's channels from channel `at` on. */
INLINE void attend_values(const struct attend *attend, struct attend_query *query, size_t at, const size_t n,
	const size_t n_lanes)
{
	size_t left = attend->head_dim - at, stride = krait__pad(attend->head_dim);
	const float *v = attend->v + at;
	vec sum[QUERIES][4];

	UNROLL
	for (size_t r = 0; r < n; r++)
		UNROLL
		for (size_t j = 0; j < n_lanes; j++)
			sum[r][j] = v_mul(v_set(query[r].factor), v_next(query[r].out + at + j * LANES,
				left - j * LANES));
	for (size_t i = 0; i < query->n; i++, v += stride)
		UNROLL
		for (size_t r = 0; r < n; r++) {
			vec weight = v_set(query[r].weights[i]);

			UNROLL
			for (size_t j = 0; j < n_lanes; j++)
				sum[r][j] = v_fma(weight, v_load(v + j * LANES), sum[r][j]);
		}
	UNROLL
	for (size_t r = 0; r < n; r++)
		UNROLL
		for (size_t j = 0; j < n_lanes; j++)
			v_put(query[r].out + at + j * LANES, sum[r][j], left - j * LANES);
}

INLINE void attend_together(const struct attend *attend, struct attend_query *query, const size_t n)
{
	attend_scores(attend, query, n);
	for (size_t r = 0; r < n; r++)
		attend_weigh(&query[r]);
	for (size_t at = 0; at < attend->head_dim; at += 4 * LANES)
		switch ((attend->head_dim - at + LANES - 1) / LANES) {
		case 1: attend_values(attend, query, at, n, 1); break;
		case 2: attend_values(attend, query, at, n, 2); break;
		case 3: attend_values(attend, query, at, n, 3); break;
		default: attend_values(attend, query, at, n, 4); break;
		}
}

static void attend_page(const struct attend *attend)
{
	size_t n_queries = attend->n_rows * attend->n_heads, n;
	struct attend_query query[QUERIES];

	for (size_t i = 0; i < n_queries; i += n) {
		for (n = 0; n < QUERIES && i + n < n_queries; n++) {
			attend_query_at(&query[n], attend, i + n);
			if (query[n].n != query[0].n)
				break;
		}
		if (QUERIES == 4 && n == 4) {
			attend_together(attend, query, QUERIES);
		} else if (n >= 2) {
			n = 2;
			attend_together(attend, query, 2);
		} else {
			attend_together(attend, query, 1);
		}
	}
}
