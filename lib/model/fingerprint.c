/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint.c - which weights these are, without reading all of them.
 *
 * XXH3-128 (seed 0) over the plan's tensors in ascending byte order of their canonical
 * names (those of mamba_ssm: "backbone.embedding.weight"; a tied head is no tensor of its
 * own), for each of them, all numbers little-endian:
 *
 *     the name and a zero byte
 *     u32 rank, then u64 for each axis (axes of mamba_ssm's layout, the middle 1 of conv1d included)
 *     float32 values: all elements in row-major order if there are at most 1024, else four
 *     runs of 256, beginning at element i * floor((count - 256) / 3) for i = 0..3
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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

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

krait_status krait__fingerprint(struct krait_model *model, const struct binding *bindings, struct why *why)
{
	uint32_t n = model->plan.n_tensors;
	struct entry *entries = krait__alloc(n, sizeof(*entries));
	XXH128_canonical_t canonical;
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
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&hash));
	memcpy(model->fingerprint, canonical.digest, sizeof(model->fingerprint));
	for (size_t i = 0; i < sizeof(model->fingerprint); i++)
		snprintf(model->fingerprint_text + 2 * i, 3, "%02x", model->fingerprint[i]);
	return KRAIT_OK;
}
