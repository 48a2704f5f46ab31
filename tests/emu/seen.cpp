// SPDX-License-Identifier: Apache-2.0
// seen.cpp - the functions that a compiler calls at each access under -fsanitize=thread, in place of ThreadSanitizer's
// own: a program that links this sees what its kernels load and store. They are weak, so that a program that does have
// ThreadSanitizer's runtime can be linked, if not believed.
#include "look.h"

extern "C" const char emu_seen_by[];
#define SEEN extern "C" __attribute__((weak))
using emu::looked_at;

/* Which loads and stores there are is the compiler's choice, too. */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#if defined(__clang__)
#define COMPILER "clang++ " TEXT(__clang_major__)
#else
#define COMPILER "g++ " TEXT(__GNUC__)
#endif
#ifdef __x86_64__
extern "C" const char emu_seen_by[] = COMPILER " on x86-64";
#else
extern "C" const char emu_seen_by[] = COMPILER " on another processor";
#endif

static void read(const void *p, size_t n)
{
	if (looked_at)
		emu::see_load(p, n);
}

static void wrote(const void *p)
{
	if (looked_at)
		emu::see_store(p);
}

static void changed(const void *p)
{
	if (looked_at)
		emu::see_atomic(p);
}

SEEN void __tsan_init() {}
SEEN void __tsan_func_entry(void *) {}
SEEN void __tsan_func_exit() {}
SEEN void __tsan_vptr_read(void **) {}
SEEN void __tsan_vptr_update(void **, void *) {}
SEEN void __tsan_read_range(void *p, size_t n) { read(p, n); }
SEEN void __tsan_write_range(void *p, size_t) { wrote(p); }

SEEN void *__tsan_memcpy(void *to, const void *from, size_t n)
{
	read(from, n);
	wrote(to);
	return memcpy(to, from, n);
}
SEEN void *__tsan_memmove(void *to, const void *from, size_t n)
{
	read(from, n);
	wrote(to);
	return memmove(to, from, n);
}
SEEN void *__tsan_memset(void *to, int value, size_t n)
{
	wrote(to);
	return memset(to, value, n);
}

#define ACCESS(n) \
	SEEN void __tsan_read##n(void *p) { read(p, n); } \
	SEEN void __tsan_write##n(void *p) { wrote(p); } \
	SEEN void __tsan_unaligned_read##n(void *p) { read(p, n); } \
	SEEN void __tsan_unaligned_write##n(void *p) { wrote(p); } \
	SEEN void __tsan_volatile_read##n(void *p) { read(p, n); } \
	SEEN void __tsan_volatile_write##n(void *p) { wrote(p); }
ACCESS(1) ACCESS(2) ACCESS(4) ACCESS(8) ACCESS(16)

#define ATOMIC(bits) \
	SEEN uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); } \
	SEEN void __tsan_atomic##bits##_store(volatile uint##bits##_t *p, uint##bits##_t v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); } \
	SEEN uint##bits##_t __tsan_atomic##bits##_fetch_add(volatile uint##bits##_t *p, uint##bits##_t v, int) \
	{ \
		changed(const_cast<uint##bits##_t *>(p)); \
		return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); \
	} \
	SEEN int __tsan_atomic##bits##_compare_exchange_strong(volatile uint##bits##_t *p, uint##bits##_t *c, uint##bits##_t v, int, int) \
	{ \
		changed(const_cast<uint##bits##_t *>(p)); \
		return __atomic_compare_exchange_n(p, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	}
/* clang's spelling of it. */
#define ATOMIC_VALUE(bits) \
	SEEN uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(volatile uint##bits##_t *p, uint##bits##_t c, uint##bits##_t v, int, int) \
	{ \
		changed(const_cast<uint##bits##_t *>(p)); \
		__atomic_compare_exchange_n(p, &c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
		return c; \
	}
ATOMIC_VALUE(8) ATOMIC_VALUE(16) ATOMIC_VALUE(32) ATOMIC_VALUE(64)
ATOMIC(8) ATOMIC(16) ATOMIC(32) ATOMIC(64)
