// SPDX-License-Identifier: Apache-2.0
// sample.cu - a token from each row of logits, the one that the core's sampler would draw
// (lib/session/sampling.c): one block a row, one kernel.
//
// The core sorts; here a cut is found by selection instead. select() splits the range of the keys that
// are left into 512 bins, one to a thread, adds up a measure in each and goes on in the bin where the
// running sum passes the mark: three or four passes over the vocabulary for what a sort would do in
// sixteen. top-k counts from the lowest score, top-p adds weights, a tie is split by counting ids.
//
// Sums of 50,000 weights in another order than the core's differ in the last digits, and exp in
// float32, 16 times as fast, in the seventh. So every decision is made three times at most: with
// float32 weights, unless the mark lies so near to a running sum that their error could matter; then
// with double weights and the same caution; then by adding up in the core's own order. What comes
// out is what the core draws, at the price of the first.
//
// Each pass reads the row of logits (200 KB, from the second-level cache) with 512 threads.
#include "kernels.h"
#include "launch.cuh"
#include "philox.cuh"

namespace {

constexpr int THREADS = 512, WARPS = THREADS / 32;

// How exactly weights are known and added.
enum level { ROUGH, EXACT, IN_ORDER };

struct shared_space {
	double sums[THREADS];           // of bins, or weights in order of ids
	unsigned long long counts[WARPS];
	double warps[WARPS];
	unsigned long long word;
	double value;
	uint32_t index;
};

struct selected {
	uint64_t key, last;             // the keys [key, last] hold the place; one key, or one element
	double below, at;               // the measure of smaller keys, and of these
};

// ---- sums and extremes over the block; every thread gets them ------------------------------------

template <class T, class F> __device__ __forceinline__ T block_reduce(T v, T *space, F combine)
{
	v = warp_all(v, combine);
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		space[threadIdx.x / 32] = v;
	__syncthreads();
	return warp_all<WARPS>(space[threadIdx.x % WARPS], combine);
}

__device__ __forceinline__ double block_sum(double v, shared_space &space)
{
	return block_reduce(v, space.warps, [](double a, double b) { return a + b; });
}

__device__ __forceinline__ double block_max(double v, shared_space &space)
{
	return block_reduce(v, space.warps, [](double a, double b) { return a > b ? a : b; });
}

__device__ __forceinline__ uint64_t block_min(uint64_t v, shared_space &space)
{
	return block_reduce(static_cast<unsigned long long>(v), space.counts,
		[](unsigned long long a, unsigned long long b) { return a < b ? a : b; });
}

// ---- a row ------------------------------------------------------------------------------------------

// Ascending with x: the bits of a double as an unsigned number.
__device__ __forceinline__ uint64_t key_of(double x)
{
	uint64_t bits = uint64_t(__double_as_longlong(x));

	return bits >> 63 ? ~bits : bits | 1ull << 63;
}

// Apart, for what double precision takes in instructions and registers.
__device__ __attribute__((noinline)) double exact_weight(double behind, double temperature)
{
	return exp(behind / temperature);
}

struct row {
	const float *logits;
	const kc_sampling &s;
	uint32_t n;
	bool penalised;
	double best, low;               // low: what top-k left is at least this
	uint64_t cut;                   // what top-p left: keys above, and of equal keys the ids below cut_ids
	uint32_t cut_ids;
	bool cut_by_weight;             // the key is the weight's, else the score's

	__device__ __forceinline__ double bias(uint32_t id) const
	{
		uint32_t first = 0, end = s.n_biases;

		while (first < end) {
			uint32_t middle = (first + end) / 2;

			if (uint32_t(s.bias_token[middle]) < id)
				first = middle + 1;
			else
				end = middle;
		}
		return first < s.n_biases && uint32_t(s.bias_token[first]) == id ? double(s.bias_value[first]) : 0.0;
	}

	// Products and sums apart: fused, they would not be the core's.
	__device__ __forceinline__ double score(uint32_t id) const
	{
		double x = logits[id];

		if (s.n_biases)
			x += bias(id);
		if (penalised && s.counts[id]) {
			x = x < 0.0 ? x * s.repetition : x / s.repetition;
			x -= __dadd_rn(__dmul_rn(double(s.counts[id]), s.frequency), s.presence);
		}
		return x;
	}

	__device__ __forceinline__ double weight(double x, enum level level) const
	{
		if (level == ROUGH)
			return expf(float(x - best) * float(1.0 / s.temperature));
		return exact_weight(x - best, s.temperature);
	}

	// How far off a sum of all may be, in parts of the whole.
	__device__ __forceinline__ double slack(enum level level) const
	{
		return level == ROUGH ? 4e-6 : 8e-16 * double(n);
	}

	// Whether top-k and top-p leave it.
	__device__ __forceinline__ bool in_nucleus(uint32_t id, double x) const
	{
		if (!(x >= low))
			return false;
		if (cut == 0)
			return true;
		uint64_t key = key_of(cut_by_weight ? weight(x, EXACT) : x);

		return key > cut || (key == cut && id < cut_ids);
	}

	// The weight of what stays; 0: gone. min_p compares exact weights, which far from it need not be made.
	__device__ __forceinline__ double kept(uint32_t id, enum level level) const
	{
		double x = score(id), w = in_nucleus(id, x) ? weight(x, level) : 0.0;

		if (s.min_p <= 0.0 || w == 0.0 || w > 1.001 * s.min_p)
			return w;
		return w >= 0.999 * s.min_p && weight(x, EXACT) >= s.min_p ? w : 0.0;
	}
};

// ---- selection ----------------------------------------------------------------------------------------

// The first key, ascending, with which the running sum of the measure passes `mark`; the last where none
// does. each(id, key, measure) answers whether the id takes part.
template <class F> __device__ __forceinline__ selected select(uint32_t n, double mark, shared_space &space, F each)
{
	uint64_t low = ~0ull, high = 0;
	selected out;

#pragma unroll 1
	for (uint32_t id = threadIdx.x; id < n; id += THREADS) {
		uint64_t key;
		double measure;

		if (each(id, key, measure)) {
			low = key < low ? key : low;
			high = key > high ? key : high;
		}
	}
	out.key = block_min(low, space);
	out.last = ~block_min(~high, space);
	out.below = 0.0;
#pragma unroll 1
	for (;;) {
		int shift = 0;
		uint32_t count = 0, bin = THREADS;

		while ((out.last - out.key) >> shift >= THREADS)
			shift++;
		__syncthreads();
		space.sums[threadIdx.x] = 0.0;
		__syncthreads();
#pragma unroll 1
		for (uint32_t id = threadIdx.x; id < n; id += THREADS) {
			uint64_t key;
			double measure;

			if (each(id, key, measure) && key >= out.key && key <= out.last)
				atomicAdd(&space.sums[(key - out.key) >> shift], measure);
		}
		__syncthreads();
		// Running sums: within a warp, then over warps.
		double mine = space.sums[threadIdx.x], sum = mine;
#pragma unroll
		for (int o = 1; o < 32; o *= 2) {
			double other = __shfl_up_sync(WHOLE_WARP, sum, o);

			if (threadIdx.x % 32 >= unsigned(o))
				sum += other;
		}
		if (threadIdx.x % 32 == 31)
			space.warps[threadIdx.x / 32] = sum;
		__syncthreads();
		double before = out.below;
		for (uint32_t w = 0; w < threadIdx.x / 32; w++)
			before += space.warps[w];
		if (mine > 0.0 && before + sum > mark)
			bin = threadIdx.x;
		bin = uint32_t(block_min(bin, space));
		if (bin == THREADS)             // none: the highest that holds anything
			bin = THREADS - 1 - uint32_t(block_min(mine > 0.0 ? THREADS - 1 - threadIdx.x : THREADS - 1, space));
		if (threadIdx.x == bin)
			space.value = before + sum - mine;
		__syncthreads();
		out.below = space.value;
		out.at = space.sums[bin];
		uint64_t first = out.key + (uint64_t(bin) << shift), end = first + ((1ull << shift) - 1);

		out.last = end < out.last ? end : out.last;
		out.key = first;
		if (shift == 0)
			return out;
#pragma unroll 1
		for (uint32_t id = threadIdx.x; id < n; id += THREADS) {
			uint64_t key;
			double measure;

			count += each(id, key, measure) && key >= out.key && key <= out.last;
		}
		if (block_sum(double(count), space) == 1.0)
			return out;
	}
}

// ---- top-k and top-p --------------------------------------------------------------------------------------

// The k-th highest score.
__device__ __forceinline__ void find_top_k(row &r, shared_space &space)
{
	selected found = select(r.n, double(r.n) - double(r.s.top_k), space, [&](uint32_t id, uint64_t &key, double &measure) {
		key = key_of(r.score(id));
		measure = 1.0;
		return true;
	});
	double low = -INFINITY;

#pragma unroll 1
	for (uint32_t id = threadIdx.x; id < r.n; id += THREADS) {
		double x = r.score(id);
		uint64_t key = key_of(x);

		if (key >= found.key && key <= found.last)
			low = x;
	}
	r.low = block_max(low, space);
}

// Of the ids that `tie` holds for, the first n: the id behind them.
template <class F> __device__ __forceinline__ uint32_t behind_ties(uint32_t n_ids, double n, shared_space &space, F tie)
{
	selected found = select(n_ids, n - 1.0, space, [&](uint32_t id, uint64_t &key, double &measure) {
		key = id;
		measure = 1.0;
		return tie(id);
	});

	return uint32_t(found.last) + 1;
}

// The lightest go while their running sum is at most 1 - top_p of the whole. False: too near to tell.
__device__ __forceinline__ bool find_top_p(row &r, enum level level, shared_space &space)
{
	bool by_weight = level != ROUGH;
	double total = 0.0, n_equal = 0.0, gone;

#pragma unroll 1
	for (uint32_t id = threadIdx.x; id < r.n; id += THREADS) {
		double x = r.score(id);

		if (x >= r.low)
			total += r.weight(x, level);
	}
	total = block_sum(total, space);
	double mark = (1.0 - r.s.top_p) * total, near = r.slack(level) * total;
	selected found = select(r.n, mark, space, [&](uint32_t id, uint64_t &key, double &measure) {
		double x = r.score(id);

		measure = x >= r.low ? r.weight(x, level) : 0.0;
		key = key_of(by_weight ? measure : x);
		return measure > 0.0;
	});
#pragma unroll 1
	for (uint32_t id = threadIdx.x; id < r.n; id += THREADS) {
		double x = r.score(id);
		uint64_t key = key_of(by_weight && x >= r.low ? r.weight(x, level) : x);

		n_equal += x >= r.low && key >= found.key && key <= found.last;
	}
	n_equal = block_sum(n_equal, space);
	double each = found.at / n_equal;

	gone = floor((mark - found.below) / each);
	gone = fmin(fmax(gone, 0.0), n_equal - 1.0);
	if (fabs(found.below + gone * each - mark) < near || fabs(found.below + (gone + 1.0) * each - mark) < near)
		return false;
	r.cut_by_weight = by_weight;
	r.cut = found.key;
	if (gone > 0.0)
		r.cut_ids = behind_ties(r.n, n_equal - gone, space, [&](uint32_t id) {
			double x = r.score(id);

			return x >= r.low && key_of(by_weight ? r.weight(x, level) : x) == found.key;
		});
	else
		r.cut--, r.cut_ids = 0;         // all from this key on
	return true;
}

// Adds the weights of ids in ascending order, as the core does. With a target, the id whose weight takes the
// sum above it, or the last; without, the sum. in(id): its weight, 0 for none.
template <class F> __device__ __forceinline__ double add_in_order(uint32_t n, double target, uint32_t &id_there, shared_space &space, F in)
{
	double sum = 0.0;
	uint32_t there = ~0u;

	for (uint32_t first = 0; first < n; first += THREADS) {
		__syncthreads();
		space.sums[threadIdx.x] = first + threadIdx.x < n ? in(first + threadIdx.x) : 0.0;
		__syncthreads();
		if (threadIdx.x == 0)
			for (uint32_t i = 0; i < THREADS && !(sum > target); i++)
				if (space.sums[i] > 0.0) {
					sum += space.sums[i];
					there = first + i;
				}
	}
	__syncthreads();
	if (threadIdx.x == 0) {
		space.value = sum;
		space.index = there;
	}
	__syncthreads();
	id_there = space.index;
	return space.value;
}

// The core's definition, step by step: one pass for each weight that differs from the last.
__device__ __forceinline__ void find_top_p_in_order(row &r, shared_space &space)
{
	auto weight_in = [&](uint32_t id) {
		double x = r.score(id);

		return x >= r.low ? r.weight(x, EXACT) : 0.0;
	};
	uint32_t unused;
	double total = add_in_order(r.n, INFINITY, unused, space, weight_in), sum = 0.0, n_left = 0.0;
	uint64_t last = 0;

#pragma unroll 1
	for (uint32_t id = threadIdx.x; id < r.n; id += THREADS)
		n_left += weight_in(id) > 0.0;
	n_left = block_sum(n_left, space);
#pragma unroll 1
	for (;;) {
		uint64_t next = ~0ull;
		double n_equal = 0.0, gone = 0.0;

#pragma unroll 1
		for (uint32_t id = threadIdx.x; id < r.n; id += THREADS) {
			double w = weight_in(id);
			uint64_t key = key_of(w);

			if (w > 0.0 && key > last && key < next)
				next = key;
		}
		next = block_min(next, space);
#pragma unroll 1
		for (uint32_t id = threadIdx.x; id < r.n; id += THREADS)
			n_equal += key_of(weight_in(id)) == next;
		n_equal = block_sum(n_equal, space);
		double part = __longlong_as_double(static_cast<long long>(next & ~(1ull << 63))) / total;

		for (; gone < n_equal; gone++, n_left--) {
			if (n_left <= 1.0)
				break;
			sum += part;
			if (sum > 1.0 - r.s.top_p)
				break;
		}
		last = next;
		if (gone == n_equal)
			continue;
		r.cut_by_weight = true;
		r.cut = next;
		r.cut_ids = behind_ties(r.n, n_equal - gone, space, [&](uint32_t id) { return key_of(weight_in(id)) == next; });
		return;
	}
}

// ---- the draw -----------------------------------------------------------------------------------------------

// Every warp adds up a run of ids; then the warp in whose run the target falls walks it. ~0: too near to tell.
__device__ __forceinline__ uint32_t draw(const row &r, double uniform, enum level level, shared_space &space)
{
	uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32, run = (r.n + THREADS - 1) / THREADS * 32, first = warp * run;
	double mine = 0.0, before = 0.0, sum = 0.0, total = 0.0;
	uint32_t there = WARPS;

	for (uint32_t id = first + lane; id < min(first + run, r.n); id += 32)
		mine += r.kept(id, level);
	mine = warp_sum(mine);
	__syncthreads();
	if (lane == 0)
		space.warps[warp] = mine;
	if (threadIdx.x == 0)
		space.index = ~0u;
	__syncthreads();
	for (int w = 0; w < WARPS; w++)
		total += space.warps[w];
	double target = uniform * total, near = r.slack(level) * total;

	for (uint32_t w = 0; w < WARPS; w++) {
		if (there == WARPS && sum + space.warps[w] > target) {
			there = w;
			before = sum;
		}
		sum += space.warps[w];
	}
	if (there == WARPS)
		return ~0u;
	if (warp == there) {
		for (uint32_t at = first; at < first + run; at += 32) {
			uint32_t id = at + lane;
			double w = id < r.n ? r.kept(id, level) : 0.0, upto = w;

#pragma unroll
			for (int o = 1; o < 32; o *= 2) {
				double other = __shfl_up_sync(WHOLE_WARP, upto, o);

				if (lane >= unsigned(o))
					upto += other;
			}
			unsigned hit = __ballot_sync(WHOLE_WARP, w > 0.0 && before + upto > target);

			if (hit) {
				double below = before + upto - w;
				bool above_it = target - below > near || (below <= 0.0 && (level == EXACT || target > 0.0));

				if (lane == unsigned(__ffs(int(hit)) - 1) && above_it && before + upto - target > near)
					space.index = id;
				break;
			}
			before += __shfl_sync(WHOLE_WARP, upto, 31);
		}
	}
	__syncthreads();
	return space.index;
}

__device__ __forceinline__ uint32_t draw_in_order(const row &r, double uniform, shared_space &space)
{
	auto kept = [&](uint32_t id) { return r.kept(id, EXACT); };
	uint32_t id;
	double total = add_in_order(r.n, INFINITY, id, space, kept);

	add_in_order(r.n, uniform * total, id, space, kept);
	return id;
}

// ---- the whole ------------------------------------------------------------------------------------------------

// The best score, the first id that has it, and whether all logits are sound.
__device__ __forceinline__ bool find_best(row &r, uint32_t &id_best, shared_space &space)
{
	double best = -INFINITY;
	uint32_t mine = ~0u, bad = 0;

#pragma unroll 1
	for (uint32_t id = threadIdx.x; id < r.n; id += THREADS) {
		bad |= !(r.logits[id] < INFINITY);
		double x = r.score(id);

		if (x > best) {
			best = x;
			mine = id;
		}
	}
	r.best = block_max(best, space);
	id_best = uint32_t(block_min(best == r.best ? mine : ~0u, space));
	return block_sum(double(bad), space) == 0.0 && r.best > -INFINITY;
}

__device__ __forceinline__ uint32_t sample_row(row &r, shared_space &space)
{
	uint32_t id;

	if (!find_best(r, id, space))
		return ~0u;
	if (r.s.temperature == 0.0)
		return id;
	// At a high temperature scores that differ may have one weight: then weights decide from the start. One that
	// float32 cannot divide by is left to double precision too.
	int first = r.s.temperature > 1000.0 || r.s.temperature < 1e-30 ? EXACT : ROUGH, level;

	if (r.s.top_k > 0 && uint64_t(r.s.top_k) < r.n)
		find_top_k(r, space);
	if (r.s.top_p < 1.0) {
#pragma unroll 1
		for (level = first; level != IN_ORDER && !find_top_p(r, static_cast<enum level>(level), space); )
			level++;
		if (level == IN_ORDER)
			find_top_p_in_order(r, space);
	}
	double uniform = philox_uniform(r.s.seed, r.s.position);

	id = ~0u;
#pragma unroll 1
	for (level = first; level != IN_ORDER && id == ~0u; level++)
		id = draw(r, uniform, static_cast<enum level>(level), space);
	return id == ~0u ? draw_in_order(r, uniform, space) : id;
}

__global__ void __launch_bounds__(THREADS, 1) sample_kernel(const float *logits, size_t stride, const kc_sampling *sampling, float *const *slot, int32_t *token,
	uint32_t vocab)
{
	__shared__ shared_space space;

	grid_wait();
	grid_release();
	if (slot && !slot[blockIdx.x])
		return;
	const kc_sampling &s = sampling[blockIdx.x];
	row r = { logits + blockIdx.x * stride, s, s.n_valid < vocab ? s.n_valid : vocab,
		s.counts && (s.repetition != 1.0 || s.presence != 0.0 || s.frequency != 0.0), 0.0, -INFINITY, 0, 0, false };
	uint32_t id = sample_row(r, space);

	if (threadIdx.x == 0)
		token[blockIdx.x] = int32_t(id);
}

}  // namespace

extern "C" cudaError_t kc_sample(const float *logits, size_t stride, const struct kc_sampling *sampling, float *const *slot, int32_t *token,
	uint32_t n, uint32_t vocab, cudaStream_t stream)
{
	uint64_t bytes = n * (uint64_t(vocab) * sizeof(float) + sizeof(kc_sampling) + sizeof *token);

	if (n == 0 || vocab == 0)
		return n ? cudaErrorInvalidValue : cudaSuccess;
	return launch_kernel(decode_launch(dim3(n), THREADS, 0, bytes, stream), sample_kernel, logits, stride, sampling, slot, token, vocab);
}
