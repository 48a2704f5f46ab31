/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double *expert(const struct reference *r, const struct part *part, enum role which, uint32_t e)
{
	const struct tensor *first;

	if (part->tensor[which] == NO_TENSOR)
		return NULL;
	first = &r->plan->tensors[part->tensor[which]];
	return first->rank == 3 ? r->tensor[part->tensor[which]] + e * first->shape[1] * first->shape[2]
		: r->tensor[part->tensor[which] + e];
}

static void run_expert(const struct reference *r, const struct part *part, uint32_t e, double weight,
	const double *in, double *out)
{
	size_t n = part->d_ff, width = r->plan->width;
	const double *both = expert(r, part, ROLE_GATE_UP, e), *gate = expert(r, part, ROLE_GATE, e);
	const double *up = expert(r, part, ROLE_UP, e);
	double *g = reference_zeros(n, sizeof(double)), *u = reference_zeros(n, sizeof(double));
	double *y = reference_zeros(width, sizeof(double));
	bool relu = part->flags & PART_RELU2;

	if (both) {
		gate = part->flags & PART_UP_FIRST ? both + n * width : both;
		up = part->flags & PART_UP_FIRST ? both : both + n * width;
	}
	reference_multiply(u, up, in, n, width);
	reference_multiply(g, gate ? gate : up, in, n, width);
	for (size_t i = 0; i < n; i++)
		u[i] = (relu ? pow(fmax(g[i], 0), 2) : reference_silu(g[i])) * (gate ? u[i] : 1);
	reference_multiply(y, expert(r, part, ROLE_DOWN, e), u, width, n);
	for (size_t i = 0; i < width; i++)
		out[i] += weight * y[i];
	free(g), free(u), free(y);
}

/* Whether fewer than `n` of `of` come before number `i`: those that are greater, and equal ones of lower number. */
static bool among_best(const double *of, size_t n_of, size_t i, size_t n)
{
	size_t before = 0;

	for (size_t j = 0; j < n_of; j++)
		before += of[j] > of[i] || (of[j] == of[i] && j < i);
	return before < n;
}

static void keep_groups(double *rank, const struct part *part)
{
	size_t n = part->n_expert_groups, size = part->n_experts / n;
	double *sums = reference_zeros(n, sizeof(double));

	for (size_t i = 0; i < part->n_experts; i++)
		if (among_best(rank + i / size * size, size, i % size, 2))
			sums[i / size] += rank[i];
	for (size_t i = 0; i < part->n_experts; i++)
		if (!among_best(sums, n, i / size, part->n_used_groups))
			rank[i] = -INFINITY;
	free(sums);
}

void reference_moe(struct reference *r, const struct part *part, const double *in, double *out)
{
	size_t n = part->n_experts, n_chosen = 0;
	const double *bias = reference_role(r, part, ROLE_ROUTER_BIAS);
	uint32_t *chosen = r->experts[part - r->plan->parts];
	double *logits = reference_zeros(n, sizeof(double)), *rank = reference_zeros(n, sizeof(double)),
		*weight = reference_zeros(n, sizeof(double)), sum = 0, all = 0;

	reference_multiply(logits, reference_role(r, part, ROLE_ROUTER), in, n, r->plan->width);
	for (size_t i = 0; i < n; i++) {
		weight[i] = part->flags & PART_ROUTER_SIGMOID ? reference_sigmoid(logits[i]) : exp(logits[i]);
		rank[i] = weight[i] + (bias ? bias[i] : 0);
		all += weight[i];
	}
	if (part->n_used_groups < part->n_expert_groups)
		keep_groups(rank, part);
	for (uint32_t i = 0; i < n; i++)
		if (among_best(rank, n, i, part->n_used)) {
			chosen[n_chosen++] = i;
			sum += weight[i];
		}
	if (part->flags & PART_ROUTER_ALL)
		sum = all;
	else if (part->flags & PART_ROUTER_SIGMOID)
		sum = part->flags & PART_ROUTER_NORMALISED ? sum + 1e-20 : 1;
	memset(out, 0, r->plan->width * sizeof(double));
	for (size_t i = 0; i < n_chosen; i++)
		run_expert(r, part, chosen[i], weight[chosen[i]] / sum * part->expert_scale, in, out);
	free(logits), free(rank), free(weight);
}
