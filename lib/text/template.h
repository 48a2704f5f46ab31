/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - chat templates: the part of Jinja that published templates use.
 *
 * A template is parsed once into a program and then rendered any number of times, by any
 * number of threads. What the interpreter does not know is refused when the template is
 * parsed, by name and line; it is never rendered as something else.
 *
 * Every byte of a rendering is marked: bytes that come from the template, from a special
 * token's text or from a message's role may form special tokens; bytes of a message's
 * content and of other data of the caller never do.
 */
#ifndef KRAIT_TEXT_TEMPLATE_H
#define KRAIT_TEXT_TEMPLATE_H

#include "base/why.h"
#include "text/tokenizer.h"

#include <jansson.h>
#include <time.h>

struct template;

/* FORMAT: not Jinja. UNSUPPORTED: Jinja that krait cannot do. Both name the line. */
krait_status krait__template_parse(struct template **out, const char *source, size_t n_source, struct why *why);
void krait__template_free(struct template *program);

enum trust {
	TRUST_NOTHING,                  /* data: no byte of it forms a special token */
	TRUST_TEXT,                     /* a string that counts as the template's own: bos_token */
	TRUST_ROLES                     /* an array of messages: each one's "role" counts as the template's own */
};

struct template_variable { const char *name; json_t *value; enum trust trust; };

struct rendering {
	struct buffer text;
	struct text_span *spans;        /* cover the text, neighbours differ */
	size_t n_spans;
};

/* `now` is what strftime_now tells, in local time. ARGUMENT: the template gave up, on its own
 * (the text is then its message, unchanged, and *message the whole of it where it is longer
 * than a struct why holds; the caller frees it) or because a value does not fit. */
krait_status krait__template_render(const struct template *program, const struct template_variable *variables, size_t n_variables,
	time_t now, struct rendering *out, char **message, struct why *why);
void krait__rendering_free(struct rendering *rendering);

#endif
