/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>

#define VECTOR_ALIGNMENT 64

struct krait__allocator krait__allocator = { realloc, aligned_alloc, free };

void *krait__resize(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (!krait__mul_size(&bytes, count, size) || bytes > PTRDIFF_MAX)
		return NULL;
	return krait__allocator.resize(block, bytes ? bytes : 1);
}

void *krait__alloc(size_t count, size_t size)
{
	return krait__resize(NULL, count, size);
}

void *krait__alloc_zero(size_t count, size_t size)
{
	void *block = krait__alloc(count, size);

	if (block)
		memset(block, 0, count * size);
	return block;
}

void *krait__alloc_vectors(size_t count, size_t size)
{
	size_t bytes;

	if (!krait__mul_size(&bytes, count, size) || bytes > PTRDIFF_MAX - VECTOR_ALIGNMENT)
		return NULL;
	bytes = (bytes + VECTOR_ALIGNMENT) / VECTOR_ALIGNMENT * VECTOR_ALIGNMENT;
	return krait__allocator.aligned(VECTOR_ALIGNMENT, bytes);
}

void krait__free(void *block)
{
	if (block)
		krait__allocator.release(block);
}

void *krait__copy_bytes(const void *data, size_t size)
{
	char *copy = size < SIZE_MAX ? krait__alloc(size + 1, 1) : NULL;

	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, data, size);
	copy[size] = 0;
	return copy;
}

char *krait__copy_text(const char *text)
{
	return text ? krait__copy_bytes(text, strlen(text)) : NULL;
}
