/* SPDX-License-Identifier: Apache-2.0 */
/* state_decode.c - reading a state that may be damaged, hostile or of another model. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "session/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A part of the data that is being read; `bad` once something went past its end. */
struct source {
	const unsigned char *data;
	size_t size, at;
	bool bad;
};

static const unsigned char *take(struct source *source, uint64_t size)
{
	const unsigned char *data = source->data + source->at;

	if (source->bad || !krait__span_ok(source->at, size, source->size)) {
		source->bad = true;
		return NULL;
	}
	source->at += (size_t)size;
	return data;
}

static uint64_t take_number(struct source *source, int size)
{
	const unsigned char *data = take(source, (uint64_t)size);
	uint64_t value = 0;

	for (int i = 0; data && i < size; i++)
		value |= (uint64_t)data[i] << (8 * i);
	return value;
}

static uint64_t take_u64(struct source *source) { return take_number(source, 8); }
static uint32_t take_u32(struct source *source) { return (uint32_t)take_number(source, 4); }

static double take_double(struct source *source)
{
	uint64_t bits = take_u64(source);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void take_padding(struct source *source)
{
	take(source, (8 - source->at % 8) % 8);
}

static const unsigned char *take_bytes(struct source *source, size_t *size)
{
	uint64_t n = take_u64(source);
	const unsigned char *data = take(source, n);

	*size = data ? (size_t)n : 0;
	take_padding(source);
	return data;
}

static krait_status damaged(struct why *why, const char *what)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "the state is damaged: %s; use another copy of it", what);
}

/* ---- sections ------------------------------------------------------------------------ */

struct reader {
	struct krait_state *state;
	struct why *why;
	float *values;          /* room for the largest component */
	unsigned char *seen;    /* [n_components] */
	unsigned parts;         /* bit i: sections[i] was read */
};

static krait_status read_course(struct reader *reader, struct source *source)
{
	struct course *course = &reader->state->course;

	course->position = take_u64(source);
	course->n_generated = take_u64(source);
	course->max_new = (int64_t)take_u64(source);
	course->reason = (int)take_u32(source);
	course->end_token = (krait_token)take_u32(source);
	if (course->max_new < 0 || course->reason < 0 || course->reason > KRAIT_REASON_STOP_TEXT || course->end_token < -1)
		return damaged(reader->why, "section 'course' holds a number out of range");
	return KRAIT_OK;
}

static krait_status read_float(struct reader *reader, struct source *source, int setting)
{
	return krait__sampling_set_float(&reader->state->course.sampling, setting, take_double(source), reader->why);
}

static krait_status read_biases(struct reader *reader, struct source *source)
{
	uint64_t n = take_u64(source);
	krait_status status = KRAIT_OK;

	while (n-- > 0 && !source->bad && status == KRAIT_OK) {
		krait_token token = (krait_token)take_u32(source);
		float bias = krait__float_from_bits(take_u32(source));

		if (!source->bad)
			status = krait__sampling_set_bias(&reader->state->course.sampling, token, bias, reader->why);
	}
	return status;
}

static krait_status read_sampling(struct reader *reader, struct source *source)
{
	static const int floats[] = { KRAIT_SAMPLE_TEMPERATURE, KRAIT_SAMPLE_TOP_P, KRAIT_SAMPLE_MIN_P, KRAIT_SAMPLE_TYPICAL_P,
		KRAIT_SAMPLE_REPETITION_PENALTY, KRAIT_SAMPLE_PRESENCE_PENALTY, KRAIT_SAMPLE_FREQUENCY_PENALTY };
	struct sampling *sampling = &reader->state->course.sampling;
	krait_status status = KRAIT_OK;

	krait__sampling_defaults(sampling);
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]) && status == KRAIT_OK; i++)
		status = read_float(reader, source, floats[i]);
	if (status == KRAIT_OK)
		status = krait__sampling_set_int(sampling, KRAIT_SAMPLE_TOP_K, (int64_t)take_u64(source), reader->why);
	if (status == KRAIT_OK)
		status = krait__sampling_set_int(sampling, KRAIT_SAMPLE_SEED, (int64_t)take_u64(source), reader->why);
	if (status == KRAIT_OK)
		status = read_biases(reader, source);
	return status == KRAIT_ERROR_ARGUMENT ? damaged(reader->why, "section 'sampling' holds a number out of range") : status;
}

static krait_status read_counts(struct reader *reader, struct source *source)
{
	struct token_counts *counts = &reader->state->course.counts;
	uint64_t n = take_u64(source);

	if (n > (source->size - source->at) / 8 || n > reader->state->model->plan.vocab)
		return damaged(reader->why, "section 'counts' is longer than it can be");
	if (!krait__counts_reserve(counts, (size_t)n))
		return krait__why_memory(reader->why);
	while (n-- > 0) {
		krait_token token = (krait_token)take_u32(source);
		uint32_t count = take_u32(source);

		if (token < 0 || (uint32_t)token >= reader->state->model->plan.vocab || count == 0)
			return damaged(reader->why, "section 'counts' holds a token out of range");
		krait__counts_add(counts, token, count);
	}
	return KRAIT_OK;
}

static krait_status read_stops(struct reader *reader, struct source *source)
{
	struct stops *stops = &reader->state->course.stops;
	uint64_t n = take_u64(source);
	bool room = true;

	while (n-- > 0 && !source->bad && room) {
		krait_token token = (krait_token)take_u32(source);

		if (!source->bad)
			room = krait__stops_add(stops, token);
	}
	take_padding(source);
	n = take_u64(source);
	while (n-- > 0 && !source->bad && room) {
		size_t size;
		const unsigned char *text = take_bytes(source, &size);

		if (text && size == 0)
			return damaged(reader->why, "section 'stops' holds an empty text");
		if (text)
			room = krait__stops_add_text(stops, (const char *)text, size);
	}
	return room ? KRAIT_OK : krait__why_memory(reader->why);
}

static krait_status read_output(struct reader *reader, struct source *source)
{
	struct output *output = &reader->state->course.output;
	size_t n_held, n_text;
	const unsigned char *held = take_bytes(source, &n_held), *text = take_bytes(source, &n_text);

	if (n_held >= sizeof(output->stream.held))
		return damaged(reader->why, "section 'output' holds back more than a character");
	if (held)
		memcpy(output->stream.held, held, n_held);
	output->stream.n_held = (unsigned char)n_held;
	if (text && !krait__buffer_add(&output->held, text, n_text))
		return krait__why_memory(reader->why);
	return KRAIT_OK;
}

static krait_status read_note(struct reader *reader, struct source *source)
{
	size_t size;
	const unsigned char *data = take_bytes(source, &size);

	if (size > NOTE_LIMIT)
		return damaged(reader->why, "the note is longer than it can be");
	if (data && !krait__buffer_add(&reader->state->course.note, data, size))
		return krait__why_memory(reader->why);
	return KRAIT_OK;
}

static bool same_shape(const struct component *component, uint32_t rank, const uint64_t *shape)
{
	if (component->rank != rank)
		return false;
	for (uint32_t i = 0; i < rank; i++)
		if (component->shape[i] != shape[i])
			return false;
	return true;
}

static krait_status fill_component(struct reader *reader, struct source *source, uint32_t index)
{
	const struct krait_model *model = reader->state->model;
	size_t n = krait__component_count(&model->plan.components[index]);

	if (reader->seen[index])
		return damaged(reader->why, "a part of it is there twice");
	reader->seen[index] = 1;
	if (!krait__span_ok(source->at, 4 * (uint64_t)n, source->size))
		return damaged(reader->why, "a part of it is too short");
	for (size_t i = 0; i < n; i++)
		reader->values[i] = krait__float_from_bits(take_u32(source));
	return model->engine->slot_import(reader->state->slot, index, reader->values, reader->why);
}

static krait_status read_tensor(struct reader *reader, struct source *source)
{
	const struct plan *plan = &reader->state->model->plan;
	uint32_t rank = take_u32(source), n_name = take_u32(source);
	uint64_t shape[4];
	const unsigned char *name;
	struct quoted quoted;

	for (int i = 0; i < 4; i++)
		shape[i] = take_u64(source);
	name = take(source, n_name);
	take_padding(source);
	if (source->bad || rank > 4)
		return damaged(reader->why, "a part of it is too short");
	for (uint32_t i = 0; i < plan->n_components; i++)
		if (strlen(plan->components[i].name) == n_name && memcmp(plan->components[i].name, name, n_name) == 0 &&
		    same_shape(&plan->components[i], rank, shape))
			return fill_component(reader, source, i);
	return krait__why(reader->why, KRAIT_ERROR_MISMATCH, "the state holds %s of a shape that this model does not have",
		krait__quote(&quoted, (const char *)name, n_name));
}

static const struct {
	const char *tag;
	bool required, many;
	krait_status (*read)(struct reader *reader, struct source *source);
} sections[] = {
	{ "course\0\0", true, false, read_course },
	{ "sampling", true, false, read_sampling },
	{ "counts\0\0", true, false, read_counts },
	{ "stops\0\0\0", true, false, read_stops },
	{ "output\0\0", true, false, read_output },
	{ "note\0\0\0\0", false, false, read_note },
	{ "tensor\0\0", false, true, read_tensor },
};
#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static krait_status read_section(struct reader *reader, const unsigned char *tag, uint32_t flags, struct source *source)
{
	struct quoted quoted;

	for (size_t i = 0; i < N_SECTIONS; i++) {
		krait_status status;

		if (memcmp(sections[i].tag, tag, 8) != 0)
			continue;
		if ((reader->parts & 1u << i) && !sections[i].many)
			return damaged(reader->why, "a section is there twice");
		reader->parts |= 1u << i;
		status = sections[i].read(reader, source);
		if (status == KRAIT_OK && source->bad)
			status = damaged(reader->why, "a section is too short");
		return status;
	}
	if (!(flags & 1))
		return KRAIT_OK;
	return krait__why(reader->why, KRAIT_ERROR_UNSUPPORTED, "the state needs section %s, which krait %s does not know: "
		"a newer krait wrote it and can read it", krait__quote(&quoted, (const char *)tag, strnlen((const char *)tag, 8)), krait_version());
}

static krait_status read_sections(struct reader *reader, struct source *all, uint32_t n)
{
	krait_status status = KRAIT_OK;

	while (n-- > 0 && status == KRAIT_OK) {
		const unsigned char *tag = take(all, 8);
		uint32_t flags = take_u32(all);
		struct source one = { 0 };

		take_u32(all);
		one.size = (size_t)take_u64(all);
		one.data = take(all, one.size);
		take_padding(all);
		if (all->bad)
			return damaged(reader->why, "a section goes past its end");
		status = read_section(reader, tag, flags, &one);
	}
	if (status == KRAIT_OK && all->at != all->size)
		status = damaged(reader->why, "bytes are left over behind its last section");
	return status;
}

static krait_status check_complete(const struct reader *reader)
{
	const struct plan *plan = &reader->state->model->plan;

	for (size_t i = 0; i < N_SECTIONS; i++)
		if (sections[i].required && !(reader->parts & 1u << i))
			return damaged(reader->why, "a section is missing");
	for (uint32_t i = 0; i < plan->n_components; i++)
		if (!reader->seen[i])
			return krait__why(reader->why, KRAIT_ERROR_FORMAT, "the state is damaged: '%s' is missing; use another copy of it",
				plan->components[i].name);
	return KRAIT_OK;
}

/* ---- the header ---------------------------------------------------------------------- */

#define CHECKSUM_AT 40

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
	XXH3_128bits_update(state, data, CHECKSUM_AT);
	XXH3_128bits_update(state, zeros, sizeof(zeros));
	XXH3_128bits_update(state, data + CHECKSUM_AT + 16, n_data - CHECKSUM_AT - 16);
	XXH128_canonicalFromHash(&checksum, XXH3_128bits_digest(state));
	right = memcmp(checksum.digest, data + CHECKSUM_AT, 16) == 0;
	krait__free(state);
	return right ? KRAIT_OK : damaged(why, "its checksum is wrong");
}

static void hex(char *out, const unsigned char *bytes)
{
	for (int i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static krait_status check_model(const struct krait_model *model, const unsigned char *fingerprint, struct why *why)
{
	char text[33];

	if (memcmp(fingerprint, model->fingerprint, 16) == 0)
		return KRAIT_OK;
	hex(text, fingerprint);
	return krait__why(why, KRAIT_ERROR_MISMATCH, "the state belongs to the model with fingerprint %s, not to this one (%s): "
		"open that model", text, model->fingerprint_text);
}

static krait_status read_header(struct source *all, uint32_t *n_sections, const struct krait_model *model, struct why *why)
{
	const unsigned char *magic = take(all, 8), *fingerprint;
	uint32_t version = take_u32(all);
	krait_status status;
	uint64_t size;

	*n_sections = take_u32(all);
	size = take_u64(all);
	fingerprint = take(all, 16);
	take(all, 16);
	take_u64(all);
	if (all->bad || memcmp(magic, "KRAIT\0ST", 8) != 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, "this is no state: it does not begin as one");
	if (version > STATE_VERSION)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "the state has format version %u; krait %s reads up to %u: use a newer krait",
			(unsigned)version, krait_version(), (unsigned)STATE_VERSION);
	if (size != all->size)
		return krait__why(why, KRAIT_ERROR_FORMAT, "the state is damaged: it says %llu bytes and has %zu; use another copy of it",
			(unsigned long long)size, all->size);
	if (version == 0)
		return damaged(why, "it has no format version");
	status = check_sum(all->data, all->size, why);
	return status == KRAIT_OK ? check_model(model, fingerprint, why) : status;
}

krait_status krait__state_decode(struct krait_state *state, const unsigned char *data, size_t n_data, struct why *why)
{
	const struct plan *plan = &state->model->plan;
	struct source all = { data, n_data, 0, false };
	struct reader reader = { .state = state, .why = why };
	uint32_t n_sections;
	krait_status status = read_header(&all, &n_sections, state->model, why);

	if (status != KRAIT_OK)
		return status;
	reader.values = krait__alloc(krait__state_largest(plan), sizeof(*reader.values));
	reader.seen = krait__alloc_zero(plan->n_components, 1);
	status = reader.values && reader.seen ? read_sections(&reader, &all, n_sections) : krait__why_memory(why);
	if (status == KRAIT_OK)
		status = check_complete(&reader);
	krait__free(reader.values);
	krait__free(reader.seen);
	return status;
}
