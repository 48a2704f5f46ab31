/* SPDX-License-Identifier: Apache-2.0 */
/* render.h - templates as the rest of the library sees them: JSON in, marked text and krait's errors out. */
#ifndef KRAIT_CHAT_RENDER_H
#define KRAIT_CHAT_RENDER_H

#include "base/buffer.h"
#include "base/why.h"
#include "jinja/jinja.h"
#include "text/tokenizer.h"

#include <jansson.h>

/* Which bytes of a variable may form special tokens, as the template's own bytes may. */
enum chat_trust {
	TRUST_NOTHING,                  /* data: none */
	TRUST_TEXT,                     /* a string that counts as the template's own: bos_token */
	TRUST_ROLES                     /* an array of messages: each one's "role" counts as the template's own */
};

struct chat_variable { const char *name; const json_t *json; enum chat_trust trust; };

struct chat_rendering {
	struct buffer text;
	struct text_span *spans;        /* cover the text, neighbours differ */
	size_t n_spans, room;
};

/* FORMAT: not Jinja. UNSUPPORTED: Jinja that krait cannot do. Both name the line. */
krait_status krait__chat_parse(struct jinja_program **out, const char *source, size_t n, struct why *why);

/* ARGUMENT: the template gave up, on its own (the text is then its message, unchanged, and *message the
 * whole of it where it is longer than a struct why holds; the caller frees it) or because a value does
 * not fit. UNSUPPORTED: it takes too long or too much memory. Strings of the JSON may be borrowed while
 * it runs, not longer. */
krait_status krait__chat_run(const struct jinja_program *program, const struct chat_variable *variables, size_t n,
	time_t now, struct chat_rendering *out, char **message, struct why *why);
void krait__chat_rendering_free(struct chat_rendering *rendering);

/* A variable's value, for jinja_variable's build: `data` is a struct chat_variable. */
bool krait__chat_build(struct jinja_builder *builder, const void *data);

#endif
