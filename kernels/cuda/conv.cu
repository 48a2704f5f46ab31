// SPDX-License-Identifier: Apache-2.0
// conv.cu - the causal convolution and SiLU over pieces of any length.
//
// in [n_rows, C] -> out [n_rows, C]; conv [K, C], the window of a piece in its slot [K-1, C] float32, oldest first.
// Channels lie side by side, so a thread owns a pack of them (16 bytes) and walks down ROWS rows with the last
// K - 1 inputs in registers: a warp reads 512 bytes of a row at once, and each input is read once but for K - 1
// rows at the head of a tile (3 of 32). Memory moves 2 C elements a row.
//
// blockIdx.x counts tiles of channels, and above them tiles of rows; blockIdx.y pieces. The thread that owns the first
// rows of a channel is the one that reads its old window, so it also writes the new one: no other thread looks.
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned THREADS = 128, ROWS = 32;

// The input that stood `back` rows before row t of a piece (t - back may lie in the window).
template <class T, bool WIDE, unsigned N> __device__ __forceinline__ void input(float (&v)[N], const struct kc_conv &conv, const float *window,
	size_t first, int t, unsigned c)
{
	int held = int(conv.d_conv) - 1;

	if (t >= 0)
		load_row<T, WIDE>(v, row_of<T>(conv.in, first + t) + c, N);
	else
		load_row<float, WIDE>(v, window + size_t(t + held) * conv.n_channels + c, N);
}

template <class T, bool WIDE, unsigned N> __device__ __forceinline__ void keep_window(const struct kc_conv &conv, float *window, size_t first, unsigned count, unsigned c)
{
	int held = int(conv.d_conv) - 1;

	for (int k = 0; k < held; k++) {        // oldest first: what is read lies after what is written
		float v[N];

		input<T, WIDE>(v, conv, window, first, int(count) - held + k, c);
		store_row<float, WIDE>(window + size_t(k) * conv.n_channels + c, v, N);
	}
}

// K taps: the inputs of the last K rows are in `past`, oldest first.
template <class T, unsigned K, bool WIDE> __device__ __forceinline__ void walk(const struct kc_conv &conv, const float *window, size_t first, int from, int to, unsigned c)
{
	constexpr unsigned N = WIDE ? PACK<T> : 1;
	float weight[K][N], bias[N] = {}, past[K][N];

#pragma unroll
	for (unsigned k = 0; k < K; k++)
		load_row<float, WIDE>(weight[k], conv.conv + size_t(k) * conv.n_channels + c, N);
	if (conv.conv_bias)
		load_row<float, WIDE>(bias, conv.conv_bias + c, N);
#pragma unroll
	for (unsigned k = 0; k + 1 < K; k++)
		input<T, WIDE>(past[k + 1], conv, window, first, from - int(K) + 1 + int(k), c);
#pragma unroll 4
	for (int t = from; t < to; t++) {
		float sum[N];

#pragma unroll
		for (unsigned k = 0; k + 1 < K; k++)
#pragma unroll
			for (unsigned i = 0; i < N; i++)
				past[k][i] = past[k + 1][i];
		load_row<T, WIDE>(past[K - 1], row_of<T>(conv.in, first + t) + c, N);
#pragma unroll
		for (unsigned i = 0; i < N; i++) {
			sum[i] = bias[i];
#pragma unroll
			for (unsigned k = 0; k < K; k++)
				sum[i] = fmaf(weight[k][i], past[k][i], sum[i]);
			sum[i] = silu<FAST<T>>(sum[i]);
		}
		store_row<T, WIDE>(row_of<T>(conv.out, first + t) + c, sum, N);
	}
}

// Any number of taps, one channel a thread: inputs come again from the cache.
template <class T> __device__ __forceinline__ void walk_any(const struct kc_conv &conv, const float *window, size_t first, int from, int to, unsigned c)
{
	for (int t = from; t < to; t++) {
		float sum[1] = { conv.conv_bias ? conv.conv_bias[c] : 0.0f };

		for (unsigned k = 0; k < conv.d_conv; k++) {
			float v[1];

			input<T, false>(v, conv, window, first, t - int(conv.d_conv) + 1 + int(k), c);
			sum[0] = fmaf(conv.conv[size_t(k) * conv.n_channels + c], v[0], sum[0]);
		}
		sum[0] = silu<FAST<T>>(sum[0]);
		store_row<T, false>(row_of<T>(conv.out, first + t) + c, sum, 1);
	}
}

// K = 0: any number.
template <class T, unsigned K, bool WIDE> __global__ void __launch_bounds__(THREADS, 1) conv_kernel(const struct kc_conv conv, const kc_pieces pieces, unsigned channel_tiles)
{
	constexpr unsigned N = WIDE ? PACK<T> : 1;
	unsigned c = (blockIdx.x % channel_tiles * THREADS + threadIdx.x) * N, tile = blockIdx.x / channel_tiles, piece = blockIdx.y;
	float *slot = pieces.slot[piece];
	unsigned count = pieces.count[piece], from = tile * ROWS, to = min(from + ROWS, count);

	if (c >= conv.n_channels || from >= count || !slot)
		return;
	float *window = slot + conv.conv_at;
	size_t first = pieces.first[piece];

	if constexpr (K)
		walk<T, K, WIDE>(conv, window, first, int(from), int(to), c);
	else
		walk_any<T>(conv, window, first, int(from), int(to), c);
	if (tile == 0)
		keep_window<T, WIDE, N>(conv, window, first, count, c);
}

template <class T> cudaError_t launch_conv(const struct kc_conv *conv, const kc_pieces *pieces, bool wide, cudaStream_t stream)
{
	bool four = conv->d_conv == 4;
	unsigned tiles = ceil_div(conv->n_channels, THREADS * (wide && four ? PACK<T> : 1));
	launch_how how = { dim3(tiles * ceil_div(pieces->longest, ROWS), pieces->n), dim3(THREADS), 0, stream, false, false,
		uint64_t(pieces->n_rows) * conv->n_channels * 2 * sizeof(T) };

	if (!four)
		return launch_kernel(how, conv_kernel<T, 0, false>, *conv, *pieces, tiles);
	return launch_kernel(how, wide ? conv_kernel<T, 4, true> : conv_kernel<T, 4, false>, *conv, *pieces, tiles);
}

}  // namespace

cudaError_t kc_conv(const struct kc_conv *conv, const struct kc_pieces *pieces, cudaStream_t stream)
{
	size_t width = conv->n_channels;
	bool wide = in_packs(conv->in, width) && in_packs(conv->out, width) && in_packs(conv->conv, width, width)
		&& in_packs(conv->conv_bias, 0, width) && conv->conv_at % 4 == 0;

	if (conv->in.type != conv->out.type)
		return cudaErrorInvalidValue;
	if (!pieces->n || !pieces->longest)
		return cudaSuccess;
	return with_type(conv->in.type, [&](auto zero) {
		return launch_conv<decltype(zero)>(conv, pieces, wide, stream);
	});
}
