/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint.c - which model this is, without reading all of its weights.
 *
 * XXH3-128 (seed 0) over the plan's tensors in ascending byte order of their canonical
 * names (those of mamba_ssm: "backbone.embedding.weight"; a tied head is no tensor of its
 * own, so a model without a head is the tied one over the same weights: their states are
 * the same), for each of them, all numbers little-endian:
 *
 *     the name and a zero byte
 *     u32 rank, then u64 for each axis (axes of mamba_ssm's layout, the middle 1 of conv1d included)
 *     float32 values: all elements in row-major order if there are at most 1024, else four
 *     runs of 256, beginning at element i * floor((count - 256) / 3) for i = 0..3
 *
 * and then, only where some part computes in another way than its family does by itself (one
 * group, epsilons of 1e-5, no limits on dt, no flags), what changes arithmetic without changing a tensor:
 *
 *     "arithmetic" and a zero byte
 *     for each part u32 groups, u32 flags, then float32 epsilon before the block, epsilon inside, lower and upper limit
 *     float32 epsilon of the final norm
 *
 * and where there is a part that is no block of Mamba-1 or -2 fed by its own norm, or a scale that is not 1,
 *
 *     "numbers" and a zero byte
 *     for each part u32 kind, input, heads, heads of k and v, rotated, experts chosen, groups of experts, groups kept,
 * then
 *     float32 scale of the input, of the output, five of rows, of attention, floor of A, scale of experts, float64
 * theta
 *     float32 scale of the embedding, of the logits
 *
 * Values are those of the checkpoint, widened, so the result is the same for a .bin and a
 * .safetensors and for each type that the weights may be loaded as. Digits in the order
 * of XXH128_canonicalFromHash.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/weights.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define USUAL_EPS 1e-5f

struct entry {
	const char *name;
	const struct weight *weight;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void add_number(XXH3_state_t *hash, uint64_t value, size_t n_bytes)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < n_bytes; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	XXH3_128bits_update(hash, bytes, n_bytes);
}

static void add_tensor(XXH3_state_t *hash, const struct entry *entry)
{
	float sample[SAMPLE_MAX];
	size_t n = krait__weight_sample(sample, entry->weight);

	XXH3_128bits_update(hash, entry->name, strlen(entry->name) + 1);
	add_number(hash, entry->weight->rank, 4);
	for (uint32_t i = 0; i < entry->weight->rank; i++)
		add_number(hash, entry->weight->shape[i], 8);
	for (size_t i = 0; i < n; i++)
		add_number(hash, krait__bits_from_float(sample[i]), 4);
}

static bool usual_part(const struct part *part)
{
	bool unlimited = part->limit_low <= 0 && isinf(part->limit_high);

	return part->n_groups <= 1 && part->flags == 0 && part->eps == USUAL_EPS && part->inner_eps == USUAL_EPS && unlimited;
}

static bool usual(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_parts; i++)
		if (!usual_part(&plan->parts[i]))
			return false;
	return plan->eps == USUAL_EPS;
}

static void add_arithmetic(XXH3_state_t *hash, const struct plan *plan)
{
	static const char title[] = "arithmetic";

	XXH3_128bits_update(hash, title, sizeof(title));
	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];
		const float numbers[] = { part->eps, part->inner_eps, part->limit_low, part->limit_high };

		add_number(hash, part->n_groups, 4);
		add_number(hash, part->flags, 4);
		for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++)
			add_number(hash, krait__bits_from_float(numbers[k]), 4);
	}
	add_number(hash, krait__bits_from_float(plan->eps), 4);
}

static bool plain_part(const struct part *part)
{
	bool scaled = part->in_scale != 1 || part->out_scale != 1;

	for (int i = 0; i < N_ROW_SCALES; i++)
		scaled = scaled || part->row_scale[i] != 1;
	return !scaled && part->input == INPUT_NORM && (part->kind == PART_MAMBA1 || part->kind == PART_MAMBA2);
}

static bool plain(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_parts; i++)
		if (!plain_part(&plan->parts[i]))
			return false;
	return plan->embed_scale == 1 && plan->logit_scale == 1;
}

static void add_float(XXH3_state_t *hash, float value)
{
	add_number(hash, krait__bits_from_float(value), 4);
}

static void add_part_numbers(XXH3_state_t *hash, const struct part *part)
{
	const uint32_t counts[] = {
		(uint32_t)part->kind, (uint32_t)part->input, part->n_heads, part->n_kv_heads, part->n_rotary,
			part->n_used,
		part->n_expert_groups, part->n_used_groups,
	};
	uint64_t theta;

	memcpy(&theta, &part->theta, sizeof(theta));
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		add_number(hash, counts[i], 4);
	add_float(hash, part->in_scale);
	add_float(hash, part->out_scale);
	for (int i = 0; i < N_ROW_SCALES; i++)
		add_float(hash, part->row_scale[i]);
	add_float(hash, part->attention_scale);
	add_float(hash, part->a_floor);
	add_float(hash, part->expert_scale);
	add_number(hash, theta, 8);
}

static void add_numbers(XXH3_state_t *hash, const struct plan *plan)
{
	static const char title[] = "numbers";

	XXH3_128bits_update(hash, title, sizeof(title));
	for (uint32_t i = 0; i < plan->n_parts; i++)
		add_part_numbers(hash, &plan->parts[i]);
	add_float(hash, plan->embed_scale);
	add_float(hash, plan->logit_scale);
}

static void take_digest(unsigned char out[16], const XXH3_state_t *hash)
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
	memcpy(out, canonical.digest, 16);
}

krait_status krait__fingerprint(struct krait_model *model, const struct binding *bindings, struct why *why)
{
	uint32_t n = model->plan.n_tensors;
	struct entry *entries = krait__alloc(n, sizeof(*entries));
	XXH3_state_t hash;

	if (!entries)
		return krait__why_memory(why);
	for (uint32_t i = 0; i < n; i++) {
		entries[i].name = model->plan.tensors[i].name;
		entries[i].weight = bindings[i].weight;
	}
	qsort(entries, n, sizeof(*entries), by_name);
	XXH3_INITSTATE(&hash);
	XXH3_128bits_reset(&hash);
	for (uint32_t i = 0; i < n; i++)
		add_tensor(&hash, &entries[i]);
	krait__free(entries);
	take_digest(model->weights_fingerprint, &hash);
	if (!usual(&model->plan))
		add_arithmetic(&hash, &model->plan);
	if (!plain(&model->plan))
		add_numbers(&hash, &model->plan);
	take_digest(model->fingerprint, &hash);
	for (size_t i = 0; i < sizeof(model->fingerprint); i++)
		snprintf(model->fingerprint_text + 2 * i, 3, "%02x", model->fingerprint[i]);
	return KRAIT_OK;
}

bool krait__model_accepts_fingerprint(const struct krait_model *model, const unsigned char fingerprint[16], bool *old)
{
	bool own = memcmp(fingerprint, model->fingerprint, 16) == 0;

	*old = !own && memcmp(fingerprint, model->weights_fingerprint, 16) == 0;
	return own || *old;
}
