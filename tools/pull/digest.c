/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - by libcrypto. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *state;
};

struct digest *digest_new(const char *name, uint64_t size)
{
	struct digest *digest = calloc(1, sizeof *digest);
	bool git = strlen(name) == 40;
	char head[40];
	int n = snprintf(head, sizeof head, "blob %llu", (unsigned long long)size) + 1;

	if (!digest)
		return NULL;
	digest->state = EVP_MD_CTX_new();
	if (digest->state && EVP_DigestInit_ex(digest->state, git ? EVP_sha1() : EVP_sha256(), NULL) == 1
	    && (!git || digest_add(digest, head, (size_t)n)))
		return digest;
	digest_free(digest);
	return NULL;
}

bool digest_add(struct digest *digest, const void *data, size_t n)
{
	return digest && EVP_DigestUpdate(digest->state, data, n) == 1;
}

bool digest_end(struct digest *digest, char out[65])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	out[0] = 0;
	if (EVP_DigestFinal_ex(digest->state, bytes, &n) != 1 || n > 32)
		return false;
	for (unsigned int i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->state);
	free(digest);
}
