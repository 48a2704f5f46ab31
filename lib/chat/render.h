/* SPDX-License-Identifier: Apache-2.0 */
/* render.h - templates as the rest of the library sees them: JSON in, marked text and krait's errors out. */
#ifndef KRAIT_CHAT_RENDER_H
#define KRAIT_CHAT_RENDER_H

#include "base/json_tree.h"
#include "jinja/jinja.h"
#include "text/tokenizer.h"

/* ---- templates --------------------------------------------------------------------------- */

/* The source of a template that krait has by name; NULL: there is none. */
const char *krait__chat_built_in(const char *name);
/* Whether there is anything of Jinja in a text. */
bool krait__chat_is_template(const char *text);

/* FORMAT: not Jinja. UNSUPPORTED: Jinja that krait cannot do. Both name the line. */
krait_status krait__chat_parse(struct jinja_program **out, const char *source, size_t n, struct why *why);

/* ---- variables --------------------------------------------------------------------------- */

/* What a jinja_variable's `build` may be, and of what; borrowed while the template runs. A text that is trusted counts
 * as the template's own: it may form special tokens. */
struct chat_text { const char *data; size_t n; };
struct chat_messages { struct json_value **items; size_t n; };
bool krait__chat_build_none(struct jinja_builder *builder, const void *data);
bool krait__chat_build_bool(struct jinja_builder *builder, const void *data);          /* bool */
bool krait__chat_build_text(struct jinja_builder *builder, const void *data);          /* struct chat_text, trusted */
bool krait__chat_build_json(struct jinja_builder *builder, const void *data);          /* struct json_value: data */
bool krait__chat_build_trusted(struct jinja_builder *builder, const void *data);       /* struct json_value, a string */
bool krait__chat_build_messages(struct jinja_builder *builder,
	const void *data); /* struct chat_messages: their roles are trusted */

/* ---- renderings -------------------------------------------------------------------------- */

struct chat_rendering {
	struct buffer text;
	struct text_span *spans;        /* cover the text, neighbours differ */
	size_t n_spans, room;
};

/* ARGUMENT: the template gave up, on its own (the text is then its message, unchanged, and *message the whole of it
 * where it is longer than a struct why holds; the caller frees it) or because a value does not fit. UNSUPPORTED: it
 * takes too long or too much memory. */
krait_status krait__chat_run(const struct jinja_program *program, const struct jinja_variable *variables, size_t n,
	time_t now, struct chat_rendering *out, char **message, struct why *why);
void krait__chat_rendering_free(struct chat_rendering *rendering);

/* Appends the tokens of the bytes from `from` to `to`; on failure the list is as it was. */
krait_status krait__chat_encode_part(const krait_tokenizer *tokenizer, const struct chat_rendering *rendering,
	size_t from, size_t to, struct token_list *out, struct why *why);

#endif
