/* SPDX-License-Identifier: Apache-2.0 */
/* state_decode.c - reading a state that may be damaged, hostile or of another model: its header, and its sections one
 * after another. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "session/state_source.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

const unsigned char *krait__take(struct state_source *source, uint64_t size)
{
	const unsigned char *data = source->data + source->at;

	if (source->bad || !krait__span_ok(source->at, size, source->size)) {
		source->bad = true;
		return NULL;
	}
	source->at += (size_t)size;
	return data;
}

static uint64_t take_number(struct state_source *source, int size)
{
	const unsigned char *data = krait__take(source, (uint64_t)size);
	uint64_t value = 0;

	for (int i = 0; data && i < size; i++)
		value |= (uint64_t)data[i] << (8 * i);
	return value;
}

uint64_t krait__take_u64(struct state_source *source)
{
	return take_number(source, 8);
}

uint32_t krait__take_u32(struct state_source *source)
{
	return (uint32_t)take_number(source, 4);
}

double krait__take_double(struct state_source *source)
{
	uint64_t bits = krait__take_u64(source);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

void krait__take_padding(struct state_source *source)
{
	krait__take(source, (8 - source->at % 8) % 8);
}

const unsigned char *krait__take_bytes(struct state_source *source, size_t *size)
{
	uint64_t n = krait__take_u64(source);
	const unsigned char *data = krait__take(source, n);

	*size = data ? (size_t)n : 0;
	krait__take_padding(source);
	return data;
}

static krait_status read_section(struct state_reader *reader, const unsigned char *tag, uint32_t flags, struct state_source *source)
{
	struct quoted quoted;
	bool known;
	krait_status status = krait__state_section(reader, tag, source, &known);

	if (known || !(flags & 1))
		return status;
	return krait__why(reader->why, KRAIT_ERROR_UNSUPPORTED, "the state needs section %s, which krait %s does not know: "
		"a newer krait wrote it and can read it", krait__quote(&quoted, (const char *)tag, strnlen((const char *)tag, 8)), PACKAGE_VERSION);
}

static krait_status read_sections(struct state_reader *reader, struct state_source *all, uint32_t n)
{
	krait_status status = KRAIT_OK;

	while (n-- > 0 && status == KRAIT_OK) {
		const unsigned char *tag = krait__take(all, 8);
		uint32_t flags = krait__take_u32(all);
		struct state_source one = { 0 };

		krait__take_u32(all);
		one.size = (size_t)krait__take_u64(all);
		one.data = krait__take(all, one.size);
		krait__take_padding(all);
		if (all->bad)
			return krait__state_damaged(reader->why, "a section goes past its end");
		status = read_section(reader, tag, flags, &one);
	}
	if (status == KRAIT_OK && all->at != all->size)
		status = krait__state_damaged(reader->why, "bytes are left over behind its last section");
	return status;
}

/* ---- the header ---------------------------------------------------------------------- */

/* The checksum is that of the bytes with its own place as zeros. */
static krait_status check_sum(const unsigned char *data, size_t n_data, struct why *why)
{
	static const unsigned char zeros[16];
	XXH128_canonical_t checksum;
	XXH3_state_t *state = krait__alloc_vectors(1, sizeof(*state));
	bool right;

	if (!state)
		return krait__why_memory(why);
	XXH3_128bits_reset(state);
	XXH3_128bits_update(state, data, STATE_CHECKSUM_AT);
	XXH3_128bits_update(state, zeros, sizeof(zeros));
	XXH3_128bits_update(state, data + STATE_CHECKSUM_AT + 16, n_data - STATE_CHECKSUM_AT - 16);
	XXH128_canonicalFromHash(&checksum, XXH3_128bits_digest(state));
	right = memcmp(checksum.digest, data + STATE_CHECKSUM_AT, 16) == 0;
	krait__free(state);
	return right ? KRAIT_OK : krait__state_damaged(why, "its checksum is wrong");
}

static void hex(char *out, const unsigned char *bytes)
{
	for (int i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static krait_status check_model(const struct krait_model *model, const unsigned char *fingerprint, struct why *why)
{
	bool old;
	char text[33];

	if (krait__model_accepts_fingerprint(model, fingerprint, &old))
		return KRAIT_OK;
	hex(text, fingerprint);
	return krait__why(why, KRAIT_ERROR_MISMATCH, "the state belongs to the model with fingerprint %s, not to this one (%s): "
		"open that model", text, model->fingerprint_text);
}

krait_status krait__state_begins(const unsigned char *head, uint64_t size, struct why *why)
{
	struct state_source source = { head, size < STATE_HEADER ? (size_t)size : STATE_HEADER, 0, false };
	const unsigned char *magic = krait__take(&source, 8);
	uint32_t version = krait__take_u32(&source);
	uint64_t said;

	krait__take_u32(&source);
	said = krait__take_u64(&source);
	if (size < STATE_HEADER || memcmp(magic, "KRAIT\0ST", 8) != 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, "this is no state: it does not begin as one");
	if (version > STATE_VERSION)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "the state has format version %u; krait %s reads up to %u: use a newer krait",
			(unsigned)version, PACKAGE_VERSION, (unsigned)STATE_VERSION);
	if (said != size)
		return krait__why(why, KRAIT_ERROR_FORMAT, "the state is damaged: it says %llu bytes and has %llu; "
			"use another copy of it",
			(unsigned long long)said, (unsigned long long)size);
	return version ? KRAIT_OK : krait__state_damaged(why, "it has no format version");
}

static krait_status read_header(struct state_source *all, uint32_t *n_sections, const struct krait_model *model,
	struct why *why)
{
	krait_status status = krait__state_begins(all->data, all->size, why);
	const unsigned char *fingerprint;

	if (status != KRAIT_OK)
		return status;
	krait__take(all, 12);
	*n_sections = krait__take_u32(all);
	krait__take_u64(all);
	fingerprint = krait__take(all, 16);
	krait__take(all, 24);
	status = check_sum(all->data, all->size, why);
	return status == KRAIT_OK ? check_model(model, fingerprint, why) : status;
}

krait_status krait__state_decode(struct session_moment *moment, const unsigned char *data, size_t n_data, struct why *why)
{
	const struct plan *plan = &moment->model->plan;
	struct state_source all = { data, n_data, 0, false };
	struct state_reader reader = { .moment = moment, .why = why };
	uint32_t n_sections;
	krait_status status = read_header(&all, &n_sections, moment->model, why);

	if (status != KRAIT_OK)
		return status;
	moment->rules = krait__rules_new(NULL);
	reader.seen = krait__alloc_zero(plan->n_components, 1);
	status = moment->rules && reader.seen ? read_sections(&reader, &all, n_sections) : krait__why_memory(why);
	if (status == KRAIT_OK)
		status = krait__state_complete(&reader);
	krait__free(reader.values);
	krait__free(reader.seen);
	return status;
}
