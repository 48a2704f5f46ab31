/* SPDX-License-Identifier: Apache-2.0 */
/* post.h - what the post-processor puts around a text's tokens. */
#ifndef KRAIT_TEXT_POST_H
#define KRAIT_TEXT_POST_H

#include "base/json_tree.h"

#include <stdbool.h>
#include <stdint.h>

struct post {
	krait_token *before, *after;
	size_t n_before, n_after;
};

/* From "post_processor". `n_ids`: the ids it names must be below. */
krait_status krait__post_load(struct post *out, const struct json_value *node, uint32_t n_ids, const char *what, struct why *why);
void krait__post_free(struct post *post);

#endif
