// SPDX-License-Identifier: Apache-2.0
// dense.cu - what a Transformer needs beside products and attention: the rotation of queries and keys, the gate of its
// feed-forward part, embeddings, the likeliest token, and random weights. All of it moves memory and little else.
#include "bench/transformer/attention.h"
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned THREADS = 256;
using half_t = __nv_bfloat16;

// A block owns a row; a thread owns a pair of columns, i and i + head_dim / 2, of a head.
__global__ void __launch_bounds__(THREADS) rotate_kernel(const attention a)
{
	unsigned row = blockIdx.x, sequence = row / a.n_rows, position = *a.length + row % a.n_rows, half = a.head_dim / 2, width = a.n_heads * a.head_dim;
	half_t *q = static_cast<half_t *>(a.qkv) + size_t(row) * 3 * width, *keys = static_cast<half_t *>(a.keys), *values = static_cast<half_t *>(a.values);
	float scale = LOG2E / sqrtf(float(a.head_dim));

	for (unsigned i = threadIdx.x; i < a.n_heads * half; i += THREADS) {
		unsigned head = i / half, low = head * a.head_dim + i % half, high = low + half;
		float cosine = a.turns[(size_t(position) * half + i % half) * 2], sine = a.turns[(size_t(position) * half + i % half) * 2 + 1];
		size_t at = ((size_t(sequence) * a.n_heads + head) * a.capacity + position) * a.head_dim + i % half;
		float q_low = widen(q[low]) * scale, q_high = widen(q[high]) * scale, k_low = widen(q[width + low]), k_high = widen(q[width + high]);

		q[low] = narrow<half_t>(q_low * cosine - q_high * sine);
		q[high] = narrow<half_t>(q_high * cosine + q_low * sine);
		keys[at] = narrow<half_t>(k_low * cosine - k_high * sine);
		keys[at + half] = narrow<half_t>(k_high * cosine + k_low * sine);
		values[at] = q[2 * width + low];
		values[at + half] = q[2 * width + high];
	}
}

__global__ void __launch_bounds__(THREADS) fill_kernel(half_t *out, size_t n, float scale, uint32_t seed)
{
	for (size_t i = size_t(blockIdx.x) * THREADS + threadIdx.x; i < n; i += size_t(gridDim.x) * THREADS) {
		uint32_t v = uint32_t(i) * 0x9e3779b1u ^ uint32_t(i >> 32) * 0x85ebca6bu ^ seed;

		v = (v ^ v >> 15) * 0x2c1b3c6du;
		v = (v ^ v >> 12) * 0x297a2d39u;
		v ^= v >> 15;
		out[i] = narrow<half_t>(scale * (float(v >> 8) / 8388608.0f - 1.0f));
	}
}

__global__ void __launch_bounds__(THREADS) embed_kernel(float *x, const half_t *table, const int32_t *token, uint32_t width)
{
	const half_t *from = table + size_t(token[blockIdx.x]) * width;

	for (unsigned c = threadIdx.x * 8; c < width; c += THREADS * 8) {
		float v[8];

		load_row<half_t, true>(v, from + c, 8);
		store_row<float, true>(x + size_t(blockIdx.x) * width + c, v, 8);
	}
}

__global__ void __launch_bounds__(THREADS) gate_kernel(half_t *out, const half_t *in, uint32_t width)
{
	const half_t *row = in + size_t(blockIdx.x) * 2 * width;

	for (unsigned c = threadIdx.x * 8; c < width; c += THREADS * 8) {
		float gate[8], v[8];

		load_row<half_t, true>(gate, row + c, 8);
		load_row<half_t, true>(v, row + width + c, 8);
#pragma unroll
		for (unsigned i = 0; i < 8; i++)
			v[i] *= silu<true>(gate[i]);
		store_row<half_t, true>(out + size_t(blockIdx.x) * width + c, v, 8);
	}
}

// A block owns a row of logits. Of equal ones the first is taken.
__global__ void __launch_bounds__(THREADS) pick_kernel(int32_t *token, const float *logits, uint32_t vocab, uint32_t *length, uint32_t n_rows)
{
	__shared__ float values[THREADS];
	__shared__ unsigned tokens[THREADS];
	const float *row = logits + size_t(blockIdx.x) * vocab;
	float best = -INFINITY;
	unsigned at = 0;

	for (unsigned c = threadIdx.x; c < vocab; c += THREADS)
		if (row[c] > best) {
			best = row[c];
			at = c;
		}
	values[threadIdx.x] = best;
	tokens[threadIdx.x] = at;
	__syncthreads();
	for (unsigned n = THREADS / 2; n; n /= 2) {
		if (threadIdx.x < n && (values[threadIdx.x + n] > values[threadIdx.x]
			|| (values[threadIdx.x + n] == values[threadIdx.x] && tokens[threadIdx.x + n] < tokens[threadIdx.x]))) {
			values[threadIdx.x] = values[threadIdx.x + n];
			tokens[threadIdx.x] = tokens[threadIdx.x + n];
		}
		__syncthreads();
	}
	if (threadIdx.x == 0) {
		token[blockIdx.x] = int32_t(tokens[0]);
		if (blockIdx.x == 0)
			*length += n_rows;
	}
}

launch_how rows(uint32_t n, cudaStream_t stream)
{
	return { dim3(n), dim3(THREADS), 0, stream, false, false, 0 };
}

}  // namespace

cudaError_t attend_rotate(const attention *a, cudaStream_t stream)
{
	return launch_kernel(rows(a->n_sequences * a->n_rows, stream), rotate_kernel, *a);
}

cudaError_t dense_fill(void *out, size_t n, float scale, uint32_t seed, cudaStream_t stream)
{
	return launch_kernel(rows(1024, stream), fill_kernel, static_cast<half_t *>(out), n, scale, seed);
}

cudaError_t dense_embed(float *x, const void *table, const int32_t *token, uint32_t n_rows, uint32_t width, cudaStream_t stream)
{
	return width % 8 ? cudaErrorInvalidValue : launch_kernel(rows(n_rows, stream), embed_kernel, x, static_cast<const half_t *>(table), token, width);
}

cudaError_t dense_gate(void *out, const void *in, uint32_t n_rows, uint32_t width, cudaStream_t stream)
{
	return width % 8 ? cudaErrorInvalidValue
		: launch_kernel(rows(n_rows, stream), gate_kernel, static_cast<half_t *>(out), static_cast<const half_t *>(in), width);
}

cudaError_t dense_pick(int32_t *token, const float *logits, uint32_t n, uint32_t vocab, uint32_t *length, uint32_t n_rows, cudaStream_t stream)
{
	return launch_kernel(rows(n, stream), pick_kernel, token, logits, vocab, length, n_rows);
}
