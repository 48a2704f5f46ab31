/* SPDX-License-Identifier: Apache-2.0 */
/* json_field.h - the fields of an object, by type. */
#ifndef KRAIT_BASE_JSON_FIELD_H
#define KRAIT_BASE_JSON_FIELD_H

#include "base/json_tree.h"

/* A field that is absent or null leaves *out as it is and is KRAIT_OK; another type or a number
 * outside of its range is FORMAT and names the field. `what` names the file. */
krait_status krait__field_u32(uint32_t *out, const struct json_value *object, const char *key, const char *what, struct why *why);
krait_status krait__field_double(double *out, const struct json_value *object, const char *key, const char *what, struct why *why);     /* {"__float__": ...} too */
krait_status krait__field_bool(bool *out, const struct json_value *object, const char *key, const char *what, struct why *why);
krait_status krait__field_text(const char **out, const struct json_value *object, const char *key, const char *what, struct why *why);

/* A number, or {"__float__": "Infinity"} and the like, as transformers 5 writes them. */
bool krait__json_is_float(const struct json_value *value, double *out);

#endif
