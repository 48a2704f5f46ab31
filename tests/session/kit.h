/* SPDX-License-Identifier: Apache-2.0 */
/* kit.h - what the tests of sessions share. A call that fails where it must not ends the test with
 * the library's own text. */
#ifndef KRAIT_TESTS_SESSION_KIT_H
#define KRAIT_TESTS_SESSION_KIT_H

#include "krait.h"
#include "support.h"

#define KIT_CASES 10            /* those that every engine runs */
#define KIT_ALL 24
extern const char *const kit_cases[KIT_ALL];            /* folders under tests/data/golden */
/* How many of them the engine that is tested runs, from the first on. */
size_t kit_n_cases(void);

/* Models whose states differ in kind: of a constant size at first, then those that grow. A whole test case runs on each
 * that the engine runs, or on the first n of them (0: all); `fill` adds its tests and checked fixtures, and
 * kit_kind_case tells them which model it is. Once in a program. */
#define KIT_KINDS 8
void kit_each_kind(Suite *suite, const char *name, size_t n, void (*fill)(TCase *tcase));
const char *kit_kind_case(void);
bool kit_kind_grows(void);
bool kit_kind_first(void);

/* The tests run on the CPU, on the CUDA engine under emulation (KIT_EMULATED, linked in), or on what
 * KRAIT_TEST_DEVICE names. NULL: the CPU. */
const char *kit_device(void);
/* Whether a whole suite takes too long here for every day: under emulation, unless KRAIT_LONG asks for it. */
bool kit_too_slow(void);
/* How far two ways to the same numbers may be apart, relative: 0 on the CPU. */
double kit_tolerance(void);

struct kit_options { const char *weights, *instructions, *tokenizer; int threads; const char *device, *precision; };

/* `path` as kit_case or support_demo gives it; NULL options: defaults, in exact precision. */
krait_model *kit_open(const char *path, const struct kit_options *options);
const char *kit_case(size_t index);

krait_session *kit_session(krait_model *model);
void kit_ok(krait_session *session, krait_status status);       /* fails with the session's text */
void kit_same_position(krait_session *a, krait_session *b);     /* position, hidden vector and logits, within the tolerance */

/* Two rows of numbers, within the tolerance. */
bool kit_same(const float *a, const float *b, size_t n);

/* Tokens that any model of the golden cases has: 1 .. 80, from a generator with a seed. */
void kit_tokens(krait_token *out, size_t n, uint32_t seed);

/* One tensor of a golden.safetensors. */
struct kit_golden;
struct kit_golden *kit_golden_open(const char *folder);
void kit_golden_close(struct kit_golden *golden);
const double *kit_golden_doubles(struct kit_golden *golden, const char *name, size_t *n);         /* NULL: no such tensor */
const krait_token *kit_golden_tokens(struct kit_golden *golden, const char *name, size_t *n);

#endif
