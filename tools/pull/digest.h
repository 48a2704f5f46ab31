/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - whether bytes are those that a hub names: SHA-256, or SHA-1 as git takes it. */
#ifndef TOOLS_PULL_DIGEST_H
#define TOOLS_PULL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest;

/* For content called `name` (64 or 40 hex digits) of `size` bytes. NULL: out of memory. */
struct digest *digest_new(const char *name, uint64_t size);
bool digest_add(struct digest *digest, const void *data, size_t n);
/* The name of what was added, which ends it. */
bool digest_end(struct digest *digest, char out[65]);
void digest_free(struct digest *digest);

#endif
