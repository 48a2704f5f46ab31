/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - jansson, strict: duplicate keys, bad UTF-8, trailing text and deep nesting are
 * refused. For messages and tokenizers; all else is read by json_tree.h. */
#ifndef KRAIT_BASE_JSON_H
#define KRAIT_BASE_JSON_H

#include "base/why.h"

#include <jansson.h>
#include <stdbool.h>

/* NULL: *why says what and where. `what` names the text in the error ("config.json").
 * An array or object may be nested 64 deep. A string may hold U+0000. */
json_t *krait__json_parse(const char *text, size_t n_text, const char *what, struct why *why);

/* A field of an object. Absent or null leaves *out as it is and is KRAIT_OK; another type is FORMAT and names the field. */
krait_status krait__json_double(double *out, const json_t *object, const char *key, const char *what, struct why *why);
krait_status krait__json_bool(bool *out, const json_t *object, const char *key, const char *what, struct why *why);
krait_status krait__json_text(const char **out, const json_t *object, const char *key, const char *what, struct why *why);

#endif
