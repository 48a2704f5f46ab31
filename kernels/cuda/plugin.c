/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.c - the one symbol of krait-cuda.so. What the engine needs of the core is compiled into the
 * plugin once more; memory comes from the library that loads it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/memory.h"

static const struct krait__allocator *krait__host_allocator;

static void *resize(void *block, size_t size)
{
	return krait__host_allocator->resize(block, size);
}

static void *aligned(size_t alignment, size_t size)
{
	return krait__host_allocator->aligned(alignment, size);
}

static void release(void *block)
{
	krait__host_allocator->release(block);
}

__attribute__((visibility("default"))) const struct engine *krait__cuda_plugin(const struct engine_host *host);

const struct engine *krait__cuda_plugin(const struct engine_host *host)
{
	if (host->abi != KRAIT__ENGINE_ABI || host->size != sizeof(*host))
		return NULL;
	krait__host_allocator = host->allocator;
	krait__allocator = (struct krait__allocator){ resize, aligned, release };
	return &krait__cuda_engine;
}
