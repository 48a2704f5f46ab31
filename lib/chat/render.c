/* SPDX-License-Identifier: Apache-2.0 */
/* render.c - a template's program run on JSON, and its errors as krait's. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "chat/render.h"

static krait_status status_of(enum jinja_code code)
{
	switch (code) {
	case JINJA_OK:
		return KRAIT_OK;
	case JINJA_ERROR_MEMORY:
		return KRAIT_ERROR_MEMORY;
	case JINJA_ERROR_SYNTAX:
		return KRAIT_ERROR_FORMAT;
	case JINJA_ERROR_UNSUPPORTED:
		return KRAIT_ERROR_UNSUPPORTED;
	default:
		return KRAIT_ERROR_ARGUMENT;
	}
}

/* What the template itself says goes to the caller unchanged; all else has its place before it. */
static krait_status tell(const struct jinja_error *error, struct why *why)
{
	if (error->code == JINJA_ERROR_MEMORY)
		return krait__why_memory(why);
	if (error->code == JINJA_ERROR_RAISED)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "%s", error->text);
	return krait__why(why, status_of(error->code), "chat template, line %u: %.700s", error->line, error->text);
}

krait_status krait__chat_parse(struct jinja_program **out, const char *source, size_t n, struct why *why)
{
	struct jinja_error error;

	if (krait__jinja_parse(out, source, n, &error) == JINJA_OK)
		return KRAIT_OK;
	return tell(&error, why);
}

static bool keep(void *user, const char *text, size_t n, bool trusted)
{
	struct chat_rendering *out = user;

	if (out->n_spans == out->room) {
		size_t room = out->room ? 2 * out->room : 16;
		struct text_span *spans = krait__resize(out->spans, room, sizeof(*spans));

		if (!spans)
			return false;
		out->spans = spans;
		out->room = room;
	}
	if (!krait__buffer_add(&out->text, text, n))
		return false;
	out->spans[out->n_spans++] = (struct text_span){ n, trusted };
	return true;
}

krait_status krait__chat_run(const struct jinja_program *program, const struct jinja_variable *variables, size_t n,
	time_t now, struct chat_rendering *out, char **message, struct why *why)
{
	struct jinja_input input = { .variables = variables, .n_variables = n, .now = now };
	struct jinja_sink sink = { keep, out };
	struct jinja_error error;

	*out = (struct chat_rendering){ 0 };
	*message = NULL;
	krait__jinja_render(program, &input, &sink, &error);
	if (error.code == JINJA_OK && !krait__buffer_reserve(&out->text, 0)) {
		krait__chat_rendering_free(out);
		return krait__why_memory(why);
	}
	if (error.code == JINJA_OK)
		return KRAIT_OK;
	krait__chat_rendering_free(out);
	*message = error.message;
	return tell(&error, why);
}

void krait__chat_rendering_free(struct chat_rendering *rendering)
{
	krait__buffer_free(&rendering->text);
	krait__free(rendering->spans);
	*rendering = (struct chat_rendering){ 0 };
}

krait_status krait__chat_encode_part(const krait_tokenizer *tokenizer, const struct chat_rendering *rendering,
	size_t from, size_t to, struct token_list *out, struct why *why)
{
	struct text_span *spans = krait__alloc(rendering->n_spans, sizeof(*spans));
	size_t n = 0, begin = 0;
	krait_status status;

	if (!spans)
		return krait__why_memory(why);
	for (size_t i = 0; i < rendering->n_spans; i++) {
		size_t end = begin + rendering->spans[i].n_text, first = begin > from ? begin : from,
		       last = end < to ? end : to;

		if (first < last)
			spans[n++] = (struct text_span){ last - first, rendering->spans[i].special };
		begin = end;
	}
	status = n ? krait__tokenizer_append_spans(tokenizer, out, rendering->text.data + from, spans, n, why)
		   : KRAIT_OK;
	krait__free(spans);
	return status;
}
