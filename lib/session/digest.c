/* SPDX-License-Identifier: Apache-2.0 */
#include "session/digest.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Hashes what was there with what comes; a token and a row never look alike. */
static struct session_digest follow(struct session_digest digest, int64_t kind, const void *data, size_t n)
{
	uint64_t words[4] = { digest.low, digest.high, (uint64_t)kind, n ? XXH3_64bits(data, n) : 0 };
	XXH128_hash_t hash = XXH3_128bits(words, sizeof(words));

	return (struct session_digest){ hash.low64, hash.high64 };
}

struct session_digest krait__digest_token(struct session_digest digest, krait_token token)
{
	return follow(digest, token, NULL, 0);
}

struct session_digest krait__digest_row(struct session_digest digest, const float *row, size_t width)
{
	return follow(digest, INT64_MIN, row, width * sizeof(*row));
}

struct session_digest krait__digest_tokens(struct session_digest digest, const krait_token *tokens, size_t n)
{
	for (size_t i = 0; i < n; i++)
		digest = krait__digest_token(digest, tokens[i]);
	return digest;
}

bool krait__digest_same(struct session_digest a, struct session_digest b)
{
	return a.low == b.low && a.high == b.high;
}
