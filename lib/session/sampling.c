/* SPDX-License-Identifier: Apache-2.0 */
/* sampling.c - the processors. A full sort is avoided: top-k is a heap of k scores, top-p a heap
 * from which only what stays is taken. */
#include "session/sampling.h"

#include "base/memory.h"
#include "session/philox.h"

#include <math.h>

/* Nearer than this to top_p, the sum is done again from the other end, as the definition has it. */
#define CLOSE 1e-9

/* ---- heaps ---- */

typedef bool (*order_fn)(const struct candidate *a, const struct candidate *b);

static bool lighter(const struct candidate *a, const struct candidate *b)
{
	return a->weight < b->weight;
}

static bool heavier(const struct candidate *a, const struct candidate *b)
{
	return a->weight > b->weight || (a->weight == b->weight && a->token < b->token);
}

static bool later(const struct candidate *a, const struct candidate *b)
{
	return a->token > b->token;
}

static void sift(struct candidate *heap, size_t n, size_t at, order_fn first)
{
	struct candidate moving = heap[at];

	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && first(&heap[child + 1], &heap[child]))
			child++;
		if (!first(&heap[child], &moving))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moving;
}

static void make_heap(struct candidate *heap, size_t n, order_fn first)
{
	for (size_t i = n / 2; i-- > 0; )
		sift(heap, n, i, first);
}

/* Moves the first of a heap of n behind the rest. */
static void take_first(struct candidate *heap, size_t n, order_fn first)
{
	struct candidate top = heap[0];

	heap[0] = heap[n - 1];
	heap[n - 1] = top;
	sift(heap, n - 1, 0, first);
}

/* Afterwards the first in the order stands last. */
static void sort(struct candidate *list, size_t n, order_fn first)
{
	make_heap(list, n, first);
	for (; n > 1; n--)
		take_first(list, n, first);
}

/* ---- scores ---- */

static bool room_for(struct candidates *candidates, size_t n)
{
	struct candidate *grown;

	if (n <= candidates->room)
		return true;
	grown = krait__resize(candidates->list, n, sizeof(*grown));
	if (!grown)
		return false;
	candidates->list = grown;
	candidates->room = n;
	return true;
}

static bool scores_for(struct candidates *candidates, size_t n)
{
	double *grown;

	if (n <= candidates->n_scores)
		return true;
	grown = krait__resize(candidates->scores, n, sizeof(*grown));
	if (!grown)
		return false;
	candidates->scores = grown;
	candidates->n_scores = n;
	return true;
}

static krait_status bad_logit(float logit, size_t i, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "the logit of token %zu is %s: the weights, or the state they were run from, are damaged; fetch the model again", i,
		isnan(logit) ? "NaN" : "infinite");
}

static krait_status nothing_left(struct why *why)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "every token is ruled out: all logits are -infinity after bias and penalties");
}

bool krait__sampling_counts(const struct sampling *sampling)
{
	return sampling->repetition != 1 || sampling->presence != 0 || sampling->frequency != 0;
}

static void penalise(double *scores, size_t n, const uint32_t *counts, const struct sampling *sampling)
{
	for (size_t i = 0; i < n; i++) {
		if (!counts[i])
			continue;
		scores[i] = scores[i] < 0 ? scores[i] * sampling->repetition : scores[i] / sampling->repetition;
		scores[i] -= counts[i] * sampling->frequency + sampling->presence;
	}
}

static krait_status make_scores(struct candidates *out, const struct sampling *sampling, const float *logits, size_t n,
	const uint32_t *counts, double *best, struct why *why)
{
	if (!scores_for(out, n))
		return krait__why_memory(why);
	for (size_t i = 0; i < n; i++) {
		if (!(logits[i] < INFINITY))
			return bad_logit(logits[i], i, why);
		out->scores[i] = logits[i];
	}
	for (size_t i = 0; i < sampling->n_biases; i++)
		if ((size_t)sampling->biases[i].token < n)
			out->scores[sampling->biases[i].token] += (double)sampling->biases[i].value;
	if (counts && krait__sampling_counts(sampling))
		penalise(out->scores, n, counts, sampling);
	*best = -INFINITY;
	for (size_t i = 0; i < n; i++)
		if (out->scores[i] > *best)
			*best = out->scores[i];
	return *best == -INFINITY ? nothing_left(why) : KRAIT_OK;
}

/* ---- what stays ---- */

static void recount(struct candidates *candidates)
{
	candidates->total = 0;
	for (size_t i = 0; i < candidates->n; i++)
		candidates->total += candidates->list[i].weight;
}

/* The list of those whose score is at least `low`, with their weights. */
static bool collect(struct candidates *out, size_t n, double low, double best, double temperature)
{
	size_t n_in = 0;

	for (size_t i = 0; i < n; i++)
		n_in += out->scores[i] >= low;
	if (!room_for(out, n_in))
		return false;
	out->n = 0;
	for (size_t i = 0; i < n; i++) {
		double weight;

		if (!(out->scores[i] >= low))
			continue;
		weight = exp((out->scores[i] - best) / temperature);
		if (weight > 0)
			out->list[out->n++] = (struct candidate){ weight, (krait_token)i };
	}
	recount(out);
	return true;
}

/* The k-th highest score; k <= n. */
static bool kth_score(struct candidates *space, size_t n, size_t k, double *out)
{
	if (!room_for(space, k))
		return false;
	for (size_t i = 0; i < k; i++)
		space->list[i] = (struct candidate){ space->scores[i], 0 };
	make_heap(space->list, k, lighter);
	for (size_t i = k; i < n; i++)
		if (space->scores[i] > space->list[0].weight) {
			space->list[0].weight = space->scores[i];
			sift(space->list, k, 0, lighter);
		}
	*out = space->list[0].weight;
	return true;
}

/* A score below which top-p keeps nothing: n tokens of less than (1 - top_p) / n have less than
 * 1 - top_p together. A little lower still, so that rounding does not matter. */
static double lowest_of_nucleus(const struct candidates *space, size_t n, double best, const struct sampling *sampling, double *total)
{
	*total = 0;
	for (size_t i = 0; i < n; i++)
		*total += exp((space->scores[i] - best) / sampling->temperature);
	return fmin(best, best + sampling->temperature * (log((1 - sampling->top_p) * *total / (double)n) - CLOSE));
}

/* Takes the heaviest until they have top_p of the whole, which is `total`, one at least. They end
 * up at the end of the list. False: too close to tell. */
static bool take_nucleus(struct candidates *candidates, double top_p, double total, size_t *n_kept)
{
	double sum = 0;
	size_t n = candidates->n;

	make_heap(candidates->list, n, heavier);
	do {
		take_first(candidates->list, n, heavier);
		n--;
		sum += candidates->list[n].weight / total;
		*n_kept = candidates->n - n;
		if (n && fabs(sum - top_p) < CLOSE)
			return false;
	} while (n && sum < top_p);
	return true;
}

/* The definition: of all in ascending order, those whose running sum is above 1 - top_p. */
static size_t exact_nucleus(struct candidates *candidates, double top_p)
{
	double sum = 0;
	size_t i;

	sort(candidates->list, candidates->n, heavier);
	for (i = 0; i + 1 < candidates->n; i++) {
		sum += candidates->list[i].weight / candidates->total;
		if (sum > 1 - top_p)
			break;
	}
	return candidates->n - i;
}

/* `low` is the lowest score that top-k left. */
static bool keep_top_p(struct candidates *out, size_t n, double low, double best, const struct sampling *sampling)
{
	double cut = low, total = 0;
	size_t n_kept;

	if (low == -INFINITY)
		cut = lowest_of_nucleus(out, n, best, sampling, &total);
	if (!collect(out, n, cut, best, sampling->temperature))
		return false;
	if (cut == low)
		total = out->total;
	if (!take_nucleus(out, sampling->top_p, total, &n_kept)) {
		if (!collect(out, n, low, best, sampling->temperature))
			return false;
		n_kept = exact_nucleus(out, sampling->top_p);
	}
	for (size_t i = 0; i < n_kept; i++)
		out->list[i] = out->list[out->n - n_kept + i];
	out->n = n_kept;
	sort(out->list, n_kept, later);
	recount(out);
	return true;
}

/* The best has weight 1: nothing before this removes it. */
static void keep_min_p(struct candidates *candidates, double min_p)
{
	size_t n = 0;

	for (size_t i = 0; i < candidates->n; i++)
		if (candidates->list[i].weight >= min_p)
			candidates->list[n++] = candidates->list[i];
	candidates->n = n;
	recount(candidates);
}

/* How far each token's surprise is from the mean surprise, into scores. */
static void find_shifts(struct candidates *candidates)
{
	double entropy = 0;

	for (size_t i = 0; i < candidates->n; i++) {
		double p = candidates->list[i].weight / candidates->total;

		candidates->scores[i] = log(candidates->total) - log(candidates->list[i].weight);
		entropy += p * candidates->scores[i];
	}
	for (size_t i = 0; i < candidates->n; i++)
		candidates->scores[i] = fabs(candidates->scores[i] - entropy);
}

static bool keep_typical(struct candidates *candidates, double mass)
{
	size_t n = candidates->n, n_kept = 0;
	struct candidate *sorted;
	double sum = 0, limit = 0;

	if (!room_for(candidates, 2 * n))
		return false;
	find_shifts(candidates);
	sorted = candidates->list + n;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct candidate){ candidates->scores[i], (krait_token)i };
	sort(sorted, n, lighter);
	for (size_t i = n; i-- > 0 && (i == n - 1 || sum < mass); ) {
		limit = sorted[i].weight;
		sum += candidates->list[sorted[i].token].weight / candidates->total;
	}
	for (size_t i = 0; i < n; i++)
		if (candidates->scores[i] <= limit)
			candidates->list[n_kept++] = candidates->list[i];
	candidates->n = n_kept;
	recount(candidates);
	return true;
}

/* ---- the whole ---- */

static krait_status only(struct candidates *out, krait_token token, struct why *why)
{
	if (!room_for(out, 1))
		return krait__why_memory(why);
	out->list[0] = (struct candidate){ 1, token };
	out->n = 1;
	out->total = 1;
	return KRAIT_OK;
}

/* Nothing changes the logits: one pass over them as they are. */
static krait_status greedy_as_is(struct candidates *out, const float *logits, size_t n, struct why *why)
{
	float best = -INFINITY;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(logits[i] < INFINITY))
			return bad_logit(logits[i], i, why);
		if (logits[i] > best) {
			best = logits[i];
			at = i;
		}
	}
	return best == -INFINITY ? nothing_left(why) : only(out, (krait_token)at, why);
}

static krait_status greedy(struct candidates *out, double best, struct why *why)
{
	size_t at = 0;

	while (out->scores[at] != best)
		at++;
	return only(out, (krait_token)at, why);
}

krait_status krait__candidates_find(struct candidates *out, const struct sampling *sampling, const float *logits, size_t n,
	const uint32_t *counts, struct why *why)
{
	bool changed = sampling->n_biases || (counts && krait__sampling_counts(sampling));
	double best, low = -INFINITY;
	krait_status status;
	bool ok;

	out->n = 0;
	if (sampling->temperature == 0 && !changed)
		return greedy_as_is(out, logits, n, why);
	status = make_scores(out, sampling, logits, n, counts, &best, why);
	if (status != KRAIT_OK)
		return status;
	if (sampling->temperature == 0)
		return greedy(out, best, why);
	if (sampling->top_k > 0 && (uint64_t)sampling->top_k < n && !kth_score(out, n, (size_t)sampling->top_k, &low))
		return krait__why_memory(why);
	if (sampling->top_p < 1)
		ok = keep_top_p(out, n, low, best, sampling);
	else
		ok = collect(out, n, low, best, sampling->temperature);
	if (ok && sampling->min_p > 0)
		keep_min_p(out, sampling->min_p);
	if (ok && sampling->typical_p < 1)
		ok = keep_typical(out, sampling->typical_p);
	return ok ? KRAIT_OK : krait__why_memory(why);
}

krait_token krait__candidates_pick(const struct candidates *candidates, int64_t seed, uint64_t draw)
{
	double target = krait__philox_uniform((uint64_t)seed, draw) * candidates->total, sum = 0;
	size_t last = candidates->n - 1;

	for (size_t i = 0; i < last; i++) {
		sum += candidates->list[i].weight;
		if (sum > target)
			return candidates->list[i].token;
	}
	return candidates->list[last].token;
}

double krait__candidates_share(const struct candidates *candidates, krait_token token)
{
	size_t low = 0, high = candidates->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (candidates->list[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == candidates->n || candidates->list[low].token != token)
		return 0;
	return candidates->list[low].weight / candidates->total;
}

void krait__candidates_free(struct candidates *candidates)
{
	krait__free(candidates->list);
	krait__free(candidates->scores);
	*candidates = (struct candidates){ 0 };
}

double krait__log_probability(const float *logits, size_t n, krait_token token)
{
	double best = -INFINITY, total = 0;

	for (size_t i = 0; i < n; i++)
		if (logits[i] > best)
			best = logits[i];
	for (size_t i = 0; i < n; i++)
		total += exp(logits[i] - best);
	return logits[token] - best - log(total);
}
