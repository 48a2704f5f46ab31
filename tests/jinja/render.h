/* SPDX-License-Identifier: Apache-2.0 */
/* render.h - templates rendered by lib/jinja alone, on JSON that a test gives. */
#ifndef TESTS_JINJA_RENDER_H
#define TESTS_JINJA_RENDER_H

#include "jinja/jinja.h"

#include <jansson.h>

#define RENDER_NOW 1720256703   /* the clock of the vectors: 2024-07-06 09:05:03, in UTC */

/* Text, and under each byte ^ where it may form a special token; both from malloc, zero behind. */
struct rendered { char *text, *marks; size_t n; };

/* `variables` is an object or NULL: the roles in "messages" and texts named *_token are trusted. */
enum jinja_code render_json(const char *source, size_t n, json_t *variables, const struct jinja_limits *limits,
	struct rendered *out, struct jinja_error *error);
void rendered_free(struct rendered *rendered);

#endif
