/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - 128 bits that stand for all that a sequence has read, in order. Two sequences with equal digests have
 * read the same, so that a conversation finds its place without any of them keeping its tokens for ever. */
#ifndef KRAIT_SESSION_DIGEST_H
#define KRAIT_SESSION_DIGEST_H

#include "krait.h"

#include <stdbool.h>

struct session_digest {
	uint64_t low, high;             /* both 0: nothing was read */
};

struct session_digest krait__digest_token(struct session_digest digest, krait_token token);
struct session_digest krait__digest_row(struct session_digest digest, const float *row, size_t width);
struct session_digest krait__digest_tokens(struct session_digest digest, const krait_token *tokens, size_t n);
bool krait__digest_same(struct session_digest a, struct session_digest b);

#endif
