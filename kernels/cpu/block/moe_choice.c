/* SPDX-License-Identifier: Apache-2.0 */
/* moe_choice.c - which experts a position goes through, and what each of them counts. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/block/moe.h"

#include <math.h>

#define NONE SIZE_MAX

/* The best of [first, last) that is not taken; what is taken is NaN. Of equals the first. */
static size_t best_of(const float *rank, size_t first, size_t last)
{
	size_t best = NONE;

	for (size_t i = first; i < last; i++)
		if (!isnan(rank[i]) && (best == NONE || rank[i] > rank[best]))
			best = i;
	return best;
}

/* Takes the n best; what was taken before is NaN. False: there were not so many. */
static bool take_best(float *rank, size_t n_ranks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t best = best_of(rank, 0, n_ranks);

		if (best == NONE)
			return false;
		rank[best] = NAN;
	}
	return true;
}

static float two_best(const float *rank, size_t first, size_t last)
{
	size_t best = best_of(rank, first, last), second = NONE;

	for (size_t i = first; i < last; i++)
		if (i != best && !isnan(rank[i]) && (second == NONE || rank[i] > rank[second]))
			second = i;
	return best == NONE || second == NONE ? NAN : rank[best] + rank[second];
}

/* All of the groups that are not among the best is out of the question: NaN. `sums` has room for each group. */
static bool keep_groups(float *rank, float *sums, const struct part *part)
{
	size_t n = part->n_expert_groups, size = part->n_experts / n;

	for (size_t g = 0; g < n; g++)
		sums[g] = two_best(rank, g * size, (g + 1) * size);
	if (!take_best(sums, n, part->n_used_groups))
		return false;
	for (size_t i = 0; i < part->n_experts; i++)
		if (!isnan(sums[i / size]))
			rank[i] = NAN;
	return true;
}

static float sigmoid(float x)
{
	return 1 / (1 + expf(-x));
}

/* What experts are ranked by. False: a number among them is none. */
static bool make_rank(float *rank, const struct part *part, const float *logits, const float *bias)
{
	for (size_t i = 0; i < part->n_experts; i++) {
		rank[i] = part->flags & PART_ROUTER_SIGMOID ? sigmoid(logits[i]) : logits[i];
		if (bias)
			rank[i] += bias[i];
		if (isnan(rank[i]))
			return false;
	}
	return true;
}

/* Those that are NaN in `after` and not in `before`, by id: `before` is what the groups left. */
static bool choose(const struct part *part, const float *logits, const float *bias, float *scratch, uint32_t *chosen)
{
	float *rank = scratch, *kept = scratch + part->n_experts;
	size_t n = 0;

	if (!make_rank(rank, part, logits, bias))
		return false;
	if (part->n_used_groups < part->n_expert_groups && !keep_groups(rank, kept, part))
		return false;
	for (size_t i = 0; i < part->n_experts; i++)
		kept[i] = rank[i];
	if (!take_best(rank, part->n_experts, part->n_used))
		return false;
	for (size_t i = 0; i < part->n_experts; i++)
		if (isnan(rank[i]) && !isnan(kept[i]))
			chosen[n++] = (uint32_t)i;
	return true;
}

/* exp(logit - highest), over the sum of the chosen ones or of all. */
static void softmax(const struct part *part, const float *logits, const uint32_t *chosen, float *weights)
{
	bool all = (part->flags & PART_ROUTER_ALL) != 0;
	size_t n = all ? part->n_experts : part->n_used;
	float top = -INFINITY, sum = 0;

	for (size_t i = 0; i < part->n_used; i++)
		top = logits[chosen[i]] > top ? logits[chosen[i]] : top;
	for (size_t i = 0; i < n; i++)
		sum += expf(logits[all ? i : chosen[i]] - top);
	for (size_t i = 0; i < part->n_used; i++)
		weights[i] = expf(logits[chosen[i]] - top) / sum;
}

void krait__choose_experts(const struct part *part, const float *logits, const float *bias, float *scratch,
	uint32_t *chosen, float *weights)
{
	float sum = 0;

	if (!choose(part, logits, bias, scratch, chosen)) {
		for (uint32_t i = 0; i < part->n_used; i++) {
			chosen[i] = i;
			weights[i] = NAN;
		}
		return;
	}
	if (part->flags & PART_ROUTER_SIGMOID)
		for (size_t i = 0; i < part->n_used; i++)
			weights[i] = sigmoid(logits[chosen[i]]);
	else
		softmax(part, logits, chosen, weights);
	for (size_t i = 0; i < part->n_used; i++)
		sum += weights[i];
	for (size_t i = 0; i < part->n_used; i++) {
		if (part->flags & PART_ROUTER_NORMALISED)
			weights[i] /= sum + 1e-20f;
		weights[i] *= part->expert_scale;
	}
}
