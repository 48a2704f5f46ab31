/* SPDX-License-Identifier: Apache-2.0 */
/* emu_warp.h - shuffles, votes and reductions. __activemask() is left out: the programming model
 * does not define its answer. */
#ifndef EMU_WARP_H
#define EMU_WARP_H

namespace emu {

inline int shuffle_source(Op op, int lane, int argument, int width)
{
	int base = lane & ~(width - 1), last = base + width - 1, source;

	switch (op) {
	case OP_SHFL: return base + (argument & (width - 1));
	case OP_SHFL_UP: source = lane - argument; return source < base ? lane : source;
	case OP_SHFL_DOWN: source = lane + argument; return source > last ? lane : source;
	default: source = lane ^ argument; return source > last ? lane : source;
	}
}

template <class T> EMU_NOTSAN inline T shuffle(unsigned mask, Op op, T v, int argument, int width, const char *file, int line)
{
	static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8, "a shuffle takes 4 or 8 bytes");
	Warp_view w = warp_sync(mask, op, &v, sizeof v, file, line);
	int source;
	T r;

	if (width <= 0 || width > 32 || (width & (width - 1)) != 0)
		fail(file, line, "shuffle of width %d", width);
	source = shuffle_source(op, int(lane_id()), argument, width);
	if ((w.lanes >> source & 1) == 0)
		fail(file, line, "shuffle reads lane %d, which takes no part (mask %08x)", source, mask);
	__builtin_memcpy(&r, w.slot + source * SLOT, sizeof r);
	return r;
}

/* The lanes whose word is not zero. */
EMU_NOTSAN inline unsigned vote(unsigned mask, Op op, int p, const char *file, int line)
{
	int v = p != 0;
	Warp_view w = warp_sync(mask, op, &v, sizeof v, file, line);
	unsigned r = 0;

	for (int i = 0; i < 32; i++)
		if ((w.lanes >> i & 1) != 0 && w.slot[i * SLOT] != 0)
			r |= 1u << i;
	return r;
}

template <class T, class F> EMU_NOTSAN inline T warp_reduce(unsigned mask, T v, F f, const char *file, int line)
{
	Warp_view w = warp_sync(mask, OP_REDUCE, &v, sizeof v, file, line);
	bool first = true;
	T r{}, x;

	for (int i = 0; i < 32; i++) {
		if ((w.lanes >> i & 1) == 0)
			continue;
		__builtin_memcpy(&x, w.slot + i * SLOT, sizeof x);
		r = first ? x : f(r, x);
		first = false;
	}
	return r;
}

/* The butterfly over each LANES lanes, for all of them at once. */
template <int LANES, class T, class F> EMU_NOTSAN inline void combine_lanes(char *slots)
{
	static_assert(std::is_empty_v<F>, "a function of its arguments alone");
	char nothing = 0;
	F &f = reinterpret_cast<F &>(nothing);
	T v[32];

	for (int i = 0; i < 32; i++)
		__builtin_memcpy(&v[i], slots + i * SLOT, sizeof(T));
	for (int o = LANES / 2; o > 0; o /= 2)
		for (int i = 0; i < 32; i++)
			if ((i & o) == 0)
				v[i] = v[i + o] = f(v[i], v[i + o]);
	for (int i = 0; i < 32; i++)
		__builtin_memcpy(slots + i * SLOT, &v[i], sizeof(T));
}

template <int LANES, class T, class F> EMU_NOTSAN inline T warp_all(T v, F, const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
	Warp_view w = warp_sync(~0u, OP_ALL_REDUCE, &v, sizeof v, file, line, combine_lanes<LANES, T, F>);
	T r;

	__builtin_memcpy(&r, w.slot + lane_id() * SLOT, sizeof r);
	return r;
}

template <class T> EMU_NOTSAN inline unsigned match_any(unsigned mask, T v, const char *file, int line)
{
	Warp_view w = warp_sync(mask, OP_MATCH, &v, sizeof v, file, line);
	unsigned r = 0;
	T x;

	for (int i = 0; i < 32; i++) {
		__builtin_memcpy(&x, w.slot + i * SLOT, sizeof x);
		if ((w.lanes >> i & 1) != 0 && x == v)
			r |= 1u << i;
	}
	return r;
}

}  // namespace emu

inline void __syncwarp(unsigned m = ~0u, EMU_WHERE) { emu::warp_sync(m, emu::OP_SYNCWARP, nullptr, 0, file, line); }
template <class T> inline T __shfl_sync(unsigned m, T v, int s, int w = 32, EMU_WHERE) { return emu::shuffle(m, emu::OP_SHFL, v, s, w, file, line); }
template <class T> inline T __shfl_up_sync(unsigned m, T v, unsigned d, int w = 32, EMU_WHERE) { return emu::shuffle(m, emu::OP_SHFL_UP, v, int(d), w, file, line); }
template <class T> inline T __shfl_down_sync(unsigned m, T v, unsigned d, int w = 32, EMU_WHERE) { return emu::shuffle(m, emu::OP_SHFL_DOWN, v, int(d), w, file, line); }
template <class T> inline T __shfl_xor_sync(unsigned m, T v, int x, int w = 32, EMU_WHERE) { return emu::shuffle(m, emu::OP_SHFL_XOR, v, x, w, file, line); }
inline unsigned __ballot_sync(unsigned m, int p, EMU_WHERE) { return emu::vote(m, emu::OP_BALLOT, p, file, line); }
inline int __any_sync(unsigned m, int p, EMU_WHERE) { return emu::vote(m, emu::OP_ANY, p, file, line) != 0; }
inline int __all_sync(unsigned m, int p, EMU_WHERE) { return emu::vote(m, emu::OP_ALL, !p, file, line) == 0; }
template <class T> inline unsigned __match_any_sync(unsigned m, T v, EMU_WHERE) { return emu::match_any(m, v, file, line); }
template <class T> inline T __reduce_add_sync(unsigned m, T v, EMU_WHERE) { return emu::warp_reduce(m, v, [](T a, T b) { return T(a + b); }, file, line); }
template <class T> inline T __reduce_max_sync(unsigned m, T v, EMU_WHERE) { return emu::warp_reduce(m, v, [](T a, T b) { return a > b ? a : b; }, file, line); }
template <class T> inline T __reduce_min_sync(unsigned m, T v, EMU_WHERE) { return emu::warp_reduce(m, v, [](T a, T b) { return a < b ? a : b; }, file, line); }
inline unsigned __reduce_and_sync(unsigned m, unsigned v, EMU_WHERE) { return emu::warp_reduce(m, v, [](unsigned a, unsigned b) { return a & b; }, file, line); }
inline unsigned __reduce_or_sync(unsigned m, unsigned v, EMU_WHERE) { return emu::warp_reduce(m, v, [](unsigned a, unsigned b) { return a | b; }, file, line); }
inline unsigned __reduce_xor_sync(unsigned m, unsigned v, EMU_WHERE) { return emu::warp_reduce(m, v, [](unsigned a, unsigned b) { return a ^ b; }, file, line); }

#endif
