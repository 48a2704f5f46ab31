/* SPDX-License-Identifier: Apache-2.0 */
/* why.h - a status with its text. Fixed size, so that an error needs no memory. */
#ifndef KRAIT_BASE_WHY_H
#define KRAIT_BASE_WHY_H

#include "base/quote.h"
#include "krait.h"

struct why {
	krait_status status;
	char text[768];
};

/* Sets both and returns the status. A text names the thing, the place and the
 * remedy. What comes from a file or a caller goes in through krait__quote, so that
 * it can hold no control characters. `why` may be NULL. */
krait_status krait__why(struct why *why, krait_status status, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 4)))
#endif
	;
krait_status krait__why_memory(struct why *why);
void krait__why_clear(struct why *why);

/* What an errno means, in English: strerror speaks the host's language, perhaps in another charset than UTF-8. */
const char *krait__errno_text(int error);

/* Puts "prefix: " before the text that is there. */
void krait__why_prefix(struct why *why, const char *prefix);

#endif
