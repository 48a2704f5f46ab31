/* SPDX-License-Identifier: Apache-2.0 */
/* state_encode.c - writing a state; docs/state-format.md says what stands where. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/state.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Where bytes go: into `data` up to `room`, or nowhere while sizes are taken. */
struct sink {
	unsigned char *data;
	size_t at;
};

static void put(struct sink *sink, const void *data, size_t size)
{
	if (sink->data && size)
		memcpy(sink->data + sink->at, data, size);
	sink->at += size;
}

static void pad(struct sink *sink)
{
	static const unsigned char zeros[8];

	put(sink, zeros, (8 - sink->at % 8) % 8);
}

/* The format is little-endian whatever the machine is. */
static void put_u64(struct sink *sink, uint64_t value)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	put(sink, bytes, sizeof(bytes));
}

static void put_u32(struct sink *sink, uint32_t value)
{
	unsigned char bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	put(sink, bytes, sizeof(bytes));
}

static void put_double(struct sink *sink, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put_u64(sink, bits);
}

static void put_bytes(struct sink *sink, const void *data, size_t size)
{
	put_u64(sink, size);
	put(sink, data, size);
	pad(sink);
}

/* ---- sections ------------------------------------------------------------------------ */

static size_t begin(struct sink *sink, const char *tag, uint32_t flags)
{
	put(sink, tag, 8);
	put_u32(sink, flags);
	put_u32(sink, 0);
	put_u64(sink, 0);
	return sink->at;
}

static void finish(struct sink *sink, size_t start)
{
	struct sink size = { sink->data, start - 8 };

	put_u64(&size, sink->at - start);
	pad(sink);
}

static void put_course(struct sink *sink, const struct session_now *now)
{
	const struct session_course *course = &now->course;
	size_t start = begin(sink, "course\0\0", 1);

	put_u64(sink, course->position);
	put_u64(sink, course->n_generated);
	put_u64(sink, (uint64_t)now->rules->max_new);
	put_u32(sink, (uint32_t)course->reason);
	put_u32(sink, (uint32_t)course->end_token);
	finish(sink, start);
}

static void put_sampling(struct sink *sink, const struct sampling *sampling)
{
	size_t start = begin(sink, "sampling", 1);

	put_double(sink, sampling->temperature);
	put_double(sink, sampling->top_p);
	put_double(sink, sampling->min_p);
	put_double(sink, sampling->typical_p);
	put_double(sink, sampling->repetition);
	put_double(sink, sampling->presence);
	put_double(sink, sampling->frequency);
	put_u64(sink, (uint64_t)sampling->top_k);
	put_u64(sink, (uint64_t)sampling->seed);
	put_u64(sink, sampling->n_biases);
	for (size_t i = 0; i < sampling->n_biases; i++) {
		put_u32(sink, (uint32_t)sampling->biases[i].token);
		put_u32(sink, krait__bits_from_float(sampling->biases[i].value));
	}
	finish(sink, start);
}

static int by_token(const void *a, const void *b)
{
	const struct token_count *x = a, *y = b;

	return x->token < y->token ? -1 : x->token > y->token;
}

/* Sorted, so that equal states have equal bytes. */
static krait_status put_counts(struct sink *sink, const struct token_counts *counts, struct why *why)
{
	size_t start = begin(sink, "counts\0\0", 1), n = 0;
	struct token_count *sorted = krait__alloc(counts->n + 1, sizeof(*sorted));

	if (!sorted)
		return krait__why_memory(why);
	for (size_t i = 0; i < counts->room; i++)
		if (counts->entries[i].token != -1 && counts->entries[i].count)
			sorted[n++] = counts->entries[i];
	qsort(sorted, n, sizeof(*sorted), by_token);
	put_u64(sink, n);
	for (size_t i = 0; i < n; i++) {
		put_u32(sink, (uint32_t)sorted[i].token);
		put_u32(sink, sorted[i].count);
	}
	krait__free(sorted);
	finish(sink, start);
	return KRAIT_OK;
}

static size_t counted(const struct token_counts *counts)
{
	size_t n = 0;

	for (size_t i = 0; i < counts->room; i++)
		n += counts->entries[i].token != -1 && counts->entries[i].count;
	return n;
}

static void put_stops(struct sink *sink, const struct session_stops *stops)
{
	size_t start = begin(sink, "stops\0\0\0", 1);

	put_u64(sink, stops->n_tokens);
	for (size_t i = 0; i < stops->n_tokens; i++)
		put_u32(sink, (uint32_t)stops->tokens[i]);
	pad(sink);
	put_u64(sink, stops->n_texts);
	for (size_t i = 0; i < stops->n_texts; i++)
		put_bytes(sink, stops->texts[i].text, stops->texts[i].size);
	finish(sink, start);
}

static void put_output(struct sink *sink, const struct session_output *output)
{
	size_t start = begin(sink, "output\0\0", 1);

	put_bytes(sink, output->stream.held, output->stream.n_held);
	put_bytes(sink, output->held.data, output->held.size);
	finish(sink, start);
}

static void put_note(struct sink *sink, const struct buffer *note)
{
	size_t start;

	if (!note->size)
		return;
	start = begin(sink, "note\0\0\0\0", 0);
	put_bytes(sink, note->data, note->size);
	finish(sink, start);
}

/* How many of the last tokens are written: those that lie behind the last row of an embedding. */
static size_t written(const struct session_history *past)
{
	size_t most = past->most < past->n ? past->most : past->n, n = 0;

	while (n < most && past->tokens[past->n - n - 1] != NOT_A_TOKEN)
		n++;
	return n;
}

/* Of all that was read before the i-th token. */
static struct session_digest digest_before(const struct session_history *past, size_t i)
{
	struct session_digest digest = past->before;

	for (size_t k = 0; k < i; k++) {
		const float *row = past->tokens[k] == NOT_A_TOKEN ? krait__history_row(past, past->first + k) : NULL;

		digest = row ? krait__digest_row(digest, row, past->rows[0]->width) : krait__digest_token(digest, past->tokens[k]);
	}
	return digest;
}

/* Where calls ended is left out: any division of a text gives the same bytes. */
static void put_past(struct sink *sink, const struct session_now *now, const struct session_history *past)
{
	size_t n = past->most ? written(past) : 0, from = past->n - n, start;
	struct session_digest digest = now->course.digest;
	const struct session_output *output = &now->course.output;

	if (now->course.position == 0)
		return;
	if (n && sink->data)
		digest = digest_before(past, from);
	start = begin(sink, "past\0\0\0\0", 0);
	put_u64(sink, digest.low);
	put_u64(sink, digest.high);
	put_u64(sink, n);
	for (size_t i = from; i < past->n; i++)
		put_u32(sink, (uint32_t)past->tokens[i]);
	for (size_t i = from; i < past->n; i++)
		put(sink, &(unsigned char){ past->flags[i] & HISTORY_GENERATED }, 1);
	pad(sink);
	put_u64(sink, output->n_partial);
	put_u64(sink, output->lead);
	put_u64(sink, output->n_sizes);
	for (size_t i = 0; i < output->n_sizes; i++)
		put_u32(sink, output->sizes[i]);
	finish(sink, start);
}

struct state_shape krait__state_shape(const struct component *component, uint64_t n_positions)
{
	struct state_shape out = { 0 };

	if (component->per_token)
		out.axis[out.rank++] = n_positions;
	for (uint32_t i = 0; i < component->rank; i++)
		out.axis[out.rank++] = component->shape[i];
	return out;
}

static void put_component(struct sink *sink, const struct component *component, uint64_t n_positions, const float *values)
{
	size_t start = begin(sink, "tensor\0\0", 1), n = krait__extent(component, n_positions);
	struct state_shape shape = krait__state_shape(component, n_positions);

	put_u32(sink, shape.rank);
	put_u32(sink, (uint32_t)strlen(component->name));
	for (size_t i = 0; i < 4; i++)
		put_u64(sink, shape.axis[i]);
	put(sink, component->name, strlen(component->name));
	pad(sink);
	if (!sink->data)
		sink->at += 4 * n;
	else
		for (size_t i = 0; i < n; i++)
			put_u32(sink, krait__bits_from_float(values[i]));
	finish(sink, start);
}

/* ---- together ------------------------------------------------------------------------ */

static void put_header(struct sink *sink, const struct krait_model *model, uint32_t n_sections, uint64_t size)
{
	static const unsigned char zeros[16];

	put(sink, "KRAIT\0ST", 8);
	put_u32(sink, STATE_VERSION);
	put_u32(sink, n_sections);
	put_u64(sink, size);
	put(sink, model->fingerprint, 16);
	put(sink, zeros, 16);
	put_u64(sink, 0);
}

static uint32_t n_sections(const struct krait_model *model, const struct session_now *now)
{
	return 5 + (now->rules->note.size ? 1 : 0) + (now->course.position ? 1 : 0) + model->plan.n_components;
}

static void put_rest(struct sink *sink, const struct session_now *now, const struct session_history *past)
{
	put_stops(sink, &now->rules->stops);
	put_output(sink, &now->course.output);
	put_note(sink, &now->rules->note);
	put_past(sink, now, past);
}

size_t krait__state_size_now(const struct krait_model *model, const struct session_now *now, const struct session_history *past)
{
	struct sink sink = { NULL, STATE_HEADER };

	put_course(&sink, now);
	put_sampling(&sink, &now->rules->sampling);
	sink.at += 24 + 8 + 8 * counted(&now->course.counts);
	put_rest(&sink, now, past);
	for (uint32_t i = 0; i < model->plan.n_components; i++)
		put_component(&sink, &model->plan.components[i], now->course.position, NULL);
	return sink.at;
}

size_t krait__state_measure(const struct session_moment *moment)
{
	return krait__state_size_now(moment->model, &(struct session_now){ moment->slot, moment->course, moment->rules }, &moment->past);
}

static void put_checksum(unsigned char *out, size_t size)
{
	XXH128_canonical_t checksum;

	XXH128_canonicalFromHash(&checksum, XXH3_128bits(out, size));
	memcpy(out + STATE_CHECKSUM_AT, checksum.digest, sizeof(checksum.digest));
}

krait_status krait__state_encode(const struct session_moment *moment, unsigned char *out, size_t n_out, struct why *why)
{
	const struct krait_model *model = moment->model;
	const struct session_now now = { moment->slot, moment->course, moment->rules };
	struct sink sink = { out, 0 };
	float *values = krait__alloc(krait__state_largest(&model->plan, moment->course.position), sizeof(*values));
	krait_status status;

	if (!values)
		return krait__why_memory(why);
	put_header(&sink, model, n_sections(model, &now), n_out);
	put_course(&sink, &now);
	put_sampling(&sink, &now.rules->sampling);
	status = put_counts(&sink, &now.course.counts, why);
	if (status == KRAIT_OK)
		put_rest(&sink, &now, &moment->past);
	for (uint32_t i = 0; i < model->plan.n_components && status == KRAIT_OK; i++) {
		status = model->engine->slot_export(moment->slot, i, values, why);
		put_component(&sink, &model->plan.components[i], now.course.position, values);
	}
	if (status == KRAIT_OK)
		put_checksum(out, n_out);
	krait__free(values);
	return status;
}
