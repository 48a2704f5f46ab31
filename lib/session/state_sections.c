/* SPDX-License-Identifier: Apache-2.0 */
/* state_sections.c - the sections of a state, which may be damaged or hostile: every number has a range, and no work
 * grows faster than the file. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "session/keep.h"
#include "session/state_source.h"

#include <math.h>
#include <string.h>

krait_status krait__state_damaged(struct why *why, const char *what)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "the state is damaged: %s; use another copy of it", what);
}

static bool in_vocab(const struct state_reader *reader, krait_token token)
{
	return token >= 0 && (uint32_t)token < reader->moment->model->plan.vocab;
}

static krait_status read_course(struct state_reader *reader, struct state_source *source)
{
	struct session_course *course = &reader->moment->course;
	int64_t max_new;
	uint32_t reason;

	course->position = krait__take_u64(source);
	course->n_generated = krait__take_u64(source);
	max_new = (int64_t)krait__take_u64(source);
	reason = krait__take_u32(source);
	course->end_token = (krait_token)krait__take_u32(source);
	if (source->bad)
		return KRAIT_OK;
	if (course->position > COURSE_FURTHEST || course->n_generated > course->position || max_new < 0 || reason > KRAIT_REASON_STOP_TEXT ||
	    (course->end_token != -1 && !in_vocab(reader, course->end_token)))
		return krait__state_damaged(reader->why, "section 'course' holds a number out of range");
	course->reason = (int)reason;
	reader->moment->rules->max_new = max_new;
	return KRAIT_OK;
}

/* Ascending, so that each has its place at the end of the list. */
static krait_status read_biases(struct state_reader *reader, struct state_source *source)
{
	struct sampling *sampling = &reader->moment->rules->sampling;
	uint64_t n = krait__take_u64(source);

	if (source->bad)
		return KRAIT_OK;
	if (n > (source->size - source->at) / 8 || n > reader->moment->model->plan.vocab)
		return krait__state_damaged(reader->why, "section 'sampling' is longer than it can be");
	sampling->biases = krait__alloc((size_t)n + 1, sizeof(*sampling->biases));
	if (!sampling->biases)
		return krait__why_memory(reader->why);
	while (n-- > 0) {
		krait_token token = (krait_token)krait__take_u32(source);
		float bias = krait__float_from_bits(krait__take_u32(source));
		bool ascends = sampling->n_biases == 0 || sampling->biases[sampling->n_biases - 1].token < token;

		if (!in_vocab(reader, token) || !ascends || isnan(bias) || bias == INFINITY || bias == 0)
			return krait__state_damaged(reader->why, "section 'sampling' holds a bias out of range");
		sampling->biases[sampling->n_biases++] = (struct bias){ token, bias };
	}
	return KRAIT_OK;
}

static krait_status read_sampling(struct state_reader *reader, struct state_source *source)
{
	static const int floats[] = { KRAIT_SAMPLE_TEMPERATURE, KRAIT_SAMPLE_TOP_P, KRAIT_SAMPLE_MIN_P, KRAIT_SAMPLE_TYPICAL_P,
		KRAIT_SAMPLE_REPETITION_PENALTY, KRAIT_SAMPLE_PRESENCE_PENALTY, KRAIT_SAMPLE_FREQUENCY_PENALTY };
	struct sampling *sampling = &reader->moment->rules->sampling;
	krait_status status = KRAIT_OK;

	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]) && status == KRAIT_OK; i++)
		status = krait__sampling_set_float(sampling, floats[i], krait__take_double(source), reader->why);
	if (status == KRAIT_OK)
		status = krait__sampling_set_int(sampling, KRAIT_SAMPLE_TOP_K, (int64_t)krait__take_u64(source), reader->why);
	if (status == KRAIT_OK)
		sampling->seed = (int64_t)krait__take_u64(source);
	if (status == KRAIT_OK)
		status = read_biases(reader, source);
	if (status == KRAIT_ERROR_ARGUMENT)
		return krait__state_damaged(reader->why, "section 'sampling' holds a number out of range");
	return status;
}

static krait_status read_counts(struct state_reader *reader, struct state_source *source)
{
	struct token_counts *counts = &reader->moment->course.counts;
	uint64_t n = krait__take_u64(source);

	if (n > (source->size - source->at) / 8 || n > reader->moment->model->plan.vocab)
		return krait__state_damaged(reader->why, "section 'counts' is longer than it can be");
	if (!krait__counts_reserve(counts, (size_t)n))
		return krait__why_memory(reader->why);
	while (n-- > 0) {
		krait_token token = (krait_token)krait__take_u32(source);
		uint32_t count = krait__take_u32(source);

		if (!in_vocab(reader, token) || count == 0)
			return krait__state_damaged(reader->why, "section 'counts' holds a token out of range");
		krait__counts_add(counts, token, count);
	}
	return KRAIT_OK;
}

static krait_status read_stop_tokens(struct state_reader *reader, struct state_source *source)
{
	uint64_t n = krait__take_u64(source);
	krait_token *tokens;
	bool right = true, room;

	if (n > (source->size - source->at) / 4 || n > reader->moment->model->plan.vocab)
		return krait__state_damaged(reader->why, "section 'stops' is longer than it can be");
	tokens = krait__alloc((size_t)n + 1, sizeof(*tokens));
	for (size_t i = 0; tokens && i < n; i++) {
		tokens[i] = (krait_token)krait__take_u32(source);
		right = right && in_vocab(reader, tokens[i]);
	}
	room = tokens && (!right || krait__stops_add_many(&reader->moment->rules->stops, tokens, (size_t)n));
	krait__free(tokens);
	if (!room)
		return krait__why_memory(reader->why);
	return right ? KRAIT_OK : krait__state_damaged(reader->why, "section 'stops' holds a token out of range");
}

static krait_status read_stops(struct state_reader *reader, struct state_source *source)
{
	krait_status status = read_stop_tokens(reader, source);
	uint64_t n;

	if (status != KRAIT_OK)
		return status;
	krait__take_padding(source);
	n = krait__take_u64(source);
	while (n-- > 0 && !source->bad) {
		size_t size;
		const unsigned char *text = krait__take_bytes(source, &size);

		if (text && (size == 0 || size > NOTE_LIMIT))
			return krait__state_damaged(reader->why, "section 'stops' holds a text that is empty or too long");
		if (text && !krait__stops_append_text(&reader->moment->rules->stops, (const char *)text, size))
			return krait__why_memory(reader->why);
	}
	return KRAIT_OK;
}

/* What a session holds back is the beginning of a character, and a beginning of a stop text. */
static krait_status read_output(struct state_reader *reader, struct state_source *source)
{
	struct session_output *output = &reader->moment->course.output;
	size_t n_held, n_text;
	const unsigned char *held = krait__take_bytes(source, &n_held), *text = krait__take_bytes(source, &n_text);

	if (source->bad)
		return KRAIT_OK;
	if (n_held && !krait__stream_holds((const char *)held, n_held))
		return krait__state_damaged(reader->why, "section 'output' holds back what is no beginning of a character");
	if (n_text > NOTE_LIMIT || (n_text && !krait__utf8_valid((const char *)text, n_text)))
		return krait__state_damaged(reader->why, "section 'output' holds back a text that is too long or not UTF-8");
	if (n_held)
		memcpy(output->stream.held, held, n_held);
	output->stream.n_held = (unsigned char)n_held;
	if (n_text && !krait__buffer_add(&output->held, text, n_text))
		return krait__why_memory(reader->why);
	return KRAIT_OK;
}

static krait_status read_note(struct state_reader *reader, struct state_source *source)
{
	size_t size;
	const unsigned char *data = krait__take_bytes(source, &size);

	if (size > NOTE_LIMIT)
		return krait__state_damaged(reader->why, "the note is longer than it can be");
	if (data && !krait__buffer_add(&reader->moment->rules->note, data, size))
		return krait__why_memory(reader->why);
	return KRAIT_OK;
}

static krait_status read_sizes(struct state_reader *reader, struct state_source *source)
{
	struct session_output *output = &reader->moment->course.output;
	uint64_t partial = krait__take_u64(source), lead = krait__take_u64(source), n = krait__take_u64(source);

	if (source->bad)
		return KRAIT_OK;
	if (n > (source->size - source->at) / 4 || lead > UINT32_MAX || partial > reader->moment->model->plan.vocab)
		return krait__state_damaged(reader->why, "section 'past' is longer than it can be");
	output->sizes = krait__alloc((size_t)n + 1, sizeof(*output->sizes));
	if (!output->sizes)
		return krait__why_memory(reader->why);
	output->sizes_room = (size_t)n + 1;
	output->lead = (size_t)lead;
	output->n_partial = (size_t)partial;
	while (output->n_sizes < n)
		output->sizes[output->n_sizes++] = krait__take_u32(source);
	return KRAIT_OK;
}

static krait_status read_past(struct state_reader *reader, struct state_source *source)
{
	struct session_history *past = &reader->moment->past;
	struct session_digest digest = { krait__take_u64(source), 0 };
	const unsigned char *flags;
	uint64_t n;

	digest.high = krait__take_u64(source);
	n = krait__take_u64(source);
	if (source->bad || n > (source->size - source->at) / 5)
		return krait__state_damaged(reader->why, "section 'past' is longer than it can be");
	krait__history_start(past, n > krait__keep_tokens(1) ? (size_t)n : krait__keep_tokens(1), 0, digest);
	if (!krait__history_reserve(past, (size_t)n))
		return krait__why_memory(reader->why);
	while (past->n < n) {
		krait_token token = (krait_token)krait__take_u32(source);

		if (!in_vocab(reader, token))
			return krait__state_damaged(reader->why, "section 'past' holds a token out of range");
		past->tokens[past->n++] = token;
	}
	flags = krait__take(source, n);
	for (size_t i = 0; flags && i < n; i++)
		past->flags[i] = flags[i] & HISTORY_GENERATED;
	krait__take_padding(source);
	return read_sizes(reader, source);
}

static bool same_shape(const struct component *component, uint64_t n_positions, uint32_t rank, const uint64_t *axis)
{
	struct state_shape shape = krait__state_shape(component, n_positions);

	return shape.rank == rank && memcmp(shape.axis, axis, rank * sizeof(*axis)) == 0;
}

/* Room for the values, and in the slot for all positions. The section is known to hold as many bytes. */
static krait_status make_room(struct state_reader *reader, const struct component *component, size_t n)
{
	const struct engine *engine = reader->moment->model->engine;
	float *values = n > reader->n_values ? krait__resize(reader->values, n, sizeof(*values)) : reader->values;

	if (!values)
		return krait__why_memory(reader->why);
	reader->values = values;
	reader->n_values = n > reader->n_values ? n : reader->n_values;
	if (!component->per_token || reader->resized)
		return KRAIT_OK;
	reader->resized = true;
	return engine->slot_resize(reader->moment->slot, reader->moment->course.position, reader->why);
}

static krait_status fill_component(struct state_reader *reader, struct state_source *source, uint32_t index)
{
	const struct krait_model *model = reader->moment->model;
	const struct component *component = &model->plan.components[index];
	size_t n = krait__extent(component, 1);
	uint64_t bytes = 4 * (uint64_t)n;
	krait_status status;

	if (reader->seen[index])
		return krait__state_damaged(reader->why, "a part of it is there twice");
	reader->seen[index] = 1;
	if ((component->per_token && !krait__mul_u64(&bytes, bytes, reader->moment->course.position))
		|| !krait__span_ok(source->at, bytes, source->size))
		return krait__state_damaged(reader->why, "a part of it is too short");
	n = (size_t)(bytes / 4);
	if (n == 0)
		return KRAIT_OK;        /* per token, and none was read */
	status = make_room(reader, component, n);
	if (status != KRAIT_OK)
		return status;
	for (size_t i = 0; i < n; i++)
		reader->values[i] = krait__float_from_bits(krait__take_u32(source));
	return model->engine->slot_import(reader->moment->slot, index, reader->values, reader->why);
}

#define COURSE_SEEN 1u          /* of reader->parts: the course is the first of `sections` below */

static krait_status read_tensor(struct state_reader *reader, struct state_source *source)
{
	const struct plan *plan = &reader->moment->model->plan;
	uint32_t rank = krait__take_u32(source), n_name = krait__take_u32(source);
	uint64_t shape[4];
	const unsigned char *name;
	struct quoted quoted;

	for (int i = 0; i < 4; i++)
		shape[i] = krait__take_u64(source);
	name = krait__take(source, n_name);
	krait__take_padding(source);
	if (source->bad || rank > 4)
		return krait__state_damaged(reader->why, "a part of it is too short");
	for (uint32_t i = 0; i < plan->n_components; i++) {
		const struct component *component = &plan->components[i];

		if (strlen(component->name) != n_name || memcmp(component->name, name, n_name) != 0)
			continue;
		if (component->per_token && !(reader->parts & COURSE_SEEN))
			return krait__state_damaged(reader->why, "a part of it that grows stands before its course");
		if (same_shape(component, reader->moment->course.position, rank, shape))
			return fill_component(reader, source, i);
		if (component->per_token && same_shape(component, shape[0], rank, shape))
			return krait__state_damaged(reader->why, "a part of it has another number of positions than were read");
	}
	return krait__why(reader->why, KRAIT_ERROR_MISMATCH, "the state holds %s of a shape that this model does not have",
		krait__quote(&quoted, (const char *)name, n_name));
}

static const struct {
	const char *tag;
	bool required, many;
	krait_status (*read)(struct state_reader *reader, struct state_source *source);
} sections[] = {
	{ "course\0\0", true, false, read_course },
	{ "sampling", true, false, read_sampling },
	{ "counts\0\0", true, false, read_counts },
	{ "stops\0\0\0", true, false, read_stops },
	{ "output\0\0", true, false, read_output },
	{ "note\0\0\0\0", false, false, read_note },
	{ "past\0\0\0\0", false, false, read_past },
	{ "tensor\0\0", false, true, read_tensor },
};
#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

krait_status krait__state_section(struct state_reader *reader, const unsigned char *tag, struct state_source *source, bool *known)
{
	*known = true;
	for (size_t i = 0; i < N_SECTIONS; i++) {
		krait_status status;

		if (memcmp(sections[i].tag, tag, 8) != 0)
			continue;
		if ((reader->parts & 1u << i) && !sections[i].many)
			return krait__state_damaged(reader->why, "a section is there twice");
		reader->parts |= 1u << i;
		status = sections[i].read(reader, source);
		if (status == KRAIT_OK && source->bad)
			status = krait__state_damaged(reader->why, "a section is too short");
		return status;
	}
	*known = false;
	return KRAIT_OK;
}

/* What the sections say of each other. A state without its past, of 0.1 say, has read what nobody knows. */
static krait_status agree(const struct state_reader *reader)
{
	struct session_course *course = &reader->moment->course;
	struct session_history *past = &reader->moment->past;
	uint64_t shown = 0;

	if (course->position && !past->most)
		course->digest = krait__digest_token((struct session_digest){ UINT64_MAX, course->position }, -1);
	if (!course->position || !past->most)
		return past->n ? krait__state_damaged(reader->why, "section 'past' holds more than was read") : KRAIT_OK;
	if (past->n > course->position)
		return krait__state_damaged(reader->why, "section 'past' holds more than was read");
	past->first = course->position - past->n;
	course->digest = krait__digest_tokens(past->before, past->tokens, past->n);
	for (size_t i = 0; i < course->output.n_sizes; i++)
		shown += course->output.sizes[i];
	if (course->output.n_partial + course->output.n_sizes > course->n_generated || (course->output.n_sizes && shown != course->output.lead + course->output.held.size))
		return krait__state_damaged(reader->why, "sections 'past' and 'output' disagree");
	return KRAIT_OK;
}

krait_status krait__state_complete(const struct state_reader *reader)
{
	const struct plan *plan = &reader->moment->model->plan;

	for (size_t i = 0; i < N_SECTIONS; i++)
		if (sections[i].required && !(reader->parts & 1u << i))
			return krait__state_damaged(reader->why, "a section is missing");
	for (uint32_t i = 0; i < plan->n_components; i++)
		if (!reader->seen[i])
			return krait__why(reader->why, KRAIT_ERROR_FORMAT, "the state is damaged: '%s' is missing; use another copy of it",
				plan->components[i].name);
	return agree(reader);
}
