/* SPDX-License-Identifier: Apache-2.0 */
/* golden.h - reading golden.safetensors: what the original authors' code computed. */
#ifndef KRAIT_TESTS_GOLDEN_H
#define KRAIT_TESTS_GOLDEN_H

#include "model/checkpoint.h"

struct golden {
	struct file_view view;
	struct checkpoint tensors;
};

void golden_open(struct golden *golden, const char *path);
void golden_close(struct golden *golden);

/* A tensor widened to double, or as tokens; free() it. NULL where there is none of that name. */
double *golden_doubles(const struct golden *golden, const char *name, size_t *n);
krait_token *golden_tokens(const struct golden *golden, const char *name, size_t *n);

#endif
