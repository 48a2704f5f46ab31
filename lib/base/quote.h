/* SPDX-License-Identifier: Apache-2.0 */
/* quote.h - what comes from a file or a caller, as an error's text may hold it. */
#ifndef KRAIT_BASE_QUOTE_H
#define KRAIT_BASE_QUOTE_H

#include <stddef.h>

/* `text` in single quotes with control characters and broken UTF-8 as \xHH, shortened
 * with ... to fit; n_out at least 16. Returns out. n_text may be SIZE_MAX: up to its zero. */
struct quoted { char text[200]; };
const char *krait__quote(struct quoted *out, const char *text, size_t n_text);

#endif
