/* SPDX-License-Identifier: Apache-2.0 */
/* kit.h - what the tests of sessions share. A call that fails where it must not ends the test with
 * the library's own text. */
#ifndef KRAIT_TESTS_SESSION_KIT_H
#define KRAIT_TESTS_SESSION_KIT_H

#include "krait.h"
#include "support.h"

#define KIT_CASES 9
extern const char *const kit_cases[KIT_CASES];          /* folders under tests/data/golden */

struct kit_options { const char *weights, *instructions, *tokenizer; int threads; };

/* `path` as kit_case or support_demo gives it; NULL options: defaults. */
krait_model *kit_open(const char *path, const struct kit_options *options);
const char *kit_case(size_t index);

krait_session *kit_session(krait_model *model);
void kit_ok(krait_session *session, krait_status status);       /* fails with the session's text */
void kit_same_position(krait_session *a, krait_session *b);     /* position, hidden vector and logits, to the bit */

/* Tokens that any model of the golden cases has: 1 .. 80, from a generator with a seed. */
void kit_tokens(krait_token *out, size_t n, uint32_t seed);

/* One tensor of a golden.safetensors. */
struct kit_golden;
struct kit_golden *kit_golden_open(const char *folder);
void kit_golden_close(struct kit_golden *golden);
const double *kit_golden_doubles(struct kit_golden *golden, const char *name, size_t *n);         /* NULL: no such tensor */
const krait_token *kit_golden_tokens(struct kit_golden *golden, const char *name, size_t *n);

#endif
