/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - every allocation of the library goes through here. */
#ifndef KRAIT_BASE_MEMORY_H
#define KRAIT_BASE_MEMORY_H

#include <stddef.h>

/* What tests replace to count allocations or to fail the n-th one. */
struct krait__allocator {
	void *(*resize)(void *block, size_t size);      /* realloc's contract */
	void *(*aligned)(size_t alignment, size_t size);
	void (*release)(void *block);
};
extern struct krait__allocator krait__allocator;

/* All return NULL when there is no memory or count * size overflows; a size of
 * 0 gives a block of its own all the same. */
void *krait__alloc(size_t count, size_t size);
void *krait__alloc_zero(size_t count, size_t size);
void *krait__resize(void *block, size_t count, size_t size);
void *krait__alloc_vectors(size_t count, size_t size);  /* 64-byte aligned, not zeroed; for krait__free too */
void krait__free(void *block);

char *krait__copy_text(const char *text);               /* NULL gives NULL */
void *krait__copy_bytes(const void *data, size_t size); /* with a zero byte behind */

#endif
