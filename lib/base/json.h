/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - jansson, strict: duplicate keys, bad UTF-8, trailing text and deep nesting are
 * refused. Real configurations hold the bare words Infinity, -Infinity and NaN, which are
 * no JSON; krait__json_config reads them as {"__float__": "Infinity"}, as transformers 5 writes. */
#ifndef KRAIT_BASE_JSON_H
#define KRAIT_BASE_JSON_H

#include "base/why.h"

#include <jansson.h>
#include <stdbool.h>

/* NULL: *why says what and where. `what` names the text in the error ("config.json").
 * An array or object may be nested 64 deep. A string may hold U+0000. */
json_t *krait__json_parse(const char *text, size_t n_text, const char *what, struct why *why);
json_t *krait__json_config(const char *text, size_t n_text, const char *what, struct why *why);

/* A field of an object. Absent or null leaves *out as it is and is KRAIT_OK; another type or
 * a number outside its range is FORMAT and names the field. */
krait_status krait__json_u32(uint32_t *out, const json_t *object, const char *key, const char *what, struct why *why);
krait_status krait__json_double(double *out, const json_t *object, const char *key, const char *what, struct why *why);     /* {"__float__": ...} too */
krait_status krait__json_bool(bool *out, const json_t *object, const char *key, const char *what, struct why *why);
krait_status krait__json_text(const char **out, const json_t *object, const char *key, const char *what, struct why *why);

bool krait__json_is_float(const json_t *value, double *out);    /* a number or {"__float__": ...} */

#endif
