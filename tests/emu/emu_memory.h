/* SPDX-License-Identifier: Apache-2.0 */
/* emu_memory.h - atomics, and loads and stores with hints. */
#ifndef EMU_MEMORY_H
#define EMU_MEMORY_H

#define EMU_TYPE(T) std::common_type_t<T>       /* keeps T from being deduced here */

namespace emu {

/* A read-modify-write by the compiler's own atomics, which ThreadSanitizer sees. */
template <class T, class F> inline T atomic_update(T *p, F f, const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
	using U = std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>;
	U *q = reinterpret_cast<U *>(p), old, next;
	T a, b;

	if (reinterpret_cast<uintptr_t>(p) % sizeof(T) != 0)
		fail(file, line, "misaligned atomic");
	maybe_yield();
	old = __atomic_load_n(q, __ATOMIC_RELAXED);
	do {
		__builtin_memcpy(&a, &old, sizeof a);
		b = f(a);
		__builtin_memcpy(&next, &b, sizeof next);
	} while (!__atomic_compare_exchange_n(q, &old, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return a;
}

inline unsigned load_acquire(const unsigned *p) { maybe_yield(); return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
inline void store_release(unsigned *p, unsigned v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); maybe_yield(); }
/* Chains of releases count on a GPU, too: each add hands on what the earlier ones released. */
inline unsigned add_release(unsigned *p, unsigned v) { unsigned r = __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); maybe_yield(); return r; }

template <class T> inline T load(const void *p, const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
	if (reinterpret_cast<uintptr_t>(p) % alignof(T) != 0)
		fail(file, line, "misaligned load of %zu bytes at %p", sizeof(T), p);
	return *static_cast<const T *>(p);
}

void prefetch(const void *p);           /* changes nothing; of memory that is not there it is a mistake */

}  // namespace emu

template <class T> inline T atomicAdd(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return T(o + v); }); }
template <class T> inline T atomicSub(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return T(o - v); }); }
template <class T> inline T atomicMax(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return o > v ? o : v; }); }
template <class T> inline T atomicMin(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return o < v ? o : v; }); }
template <class T> inline T atomicExch(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T) { return v; }); }
template <class T> inline T atomicAnd(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return T(o & v); }); }
template <class T> inline T atomicOr(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return T(o | v); }); }
template <class T> inline T atomicXor(T *p, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return T(o ^ v); }); }
template <class T> inline T atomicCAS(T *p, EMU_TYPE(T) c, EMU_TYPE(T) v) { return emu::atomic_update(p, [&](T o) { return o == c ? v : o; }); }
inline unsigned atomicInc(unsigned *p, unsigned m) { return emu::atomic_update(p, [&](unsigned o) { return o >= m ? 0u : o + 1; }); }
inline unsigned atomicDec(unsigned *p, unsigned m) { return emu::atomic_update(p, [&](unsigned o) { return o == 0 || o > m ? m : o - 1; }); }

#define EMU_LOAD(name) template <class T> inline T name(const T *p, EMU_WHERE) { return emu::load<T>(p, file, line); }
EMU_LOAD(__ldg) EMU_LOAD(__ldca) EMU_LOAD(__ldcg) EMU_LOAD(__ldcs) EMU_LOAD(__ldlu) EMU_LOAD(__ldcv)
#define EMU_STORE(name) \
	template <class T> inline void name(T *p, EMU_TYPE(T) v, EMU_WHERE) \
	{ \
		if (reinterpret_cast<uintptr_t>(p) % alignof(T) != 0) \
			emu::fail(file, line, "misaligned store of %zu bytes", sizeof(T)); \
		*p = v; \
	}
EMU_STORE(__stwb) EMU_STORE(__stcg) EMU_STORE(__stcs) EMU_STORE(__stwt)

#endif
