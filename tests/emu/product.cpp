// SPDX-License-Identifier: Apache-2.0
// product.cpp - the matrix product behind cuBLAS and cuBLASLt: plain loops, float32 sums.
#include "product.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace emu {

size_t element_size(cudaDataType type)
{
	switch (type) {
	case CUDA_R_32F: return 4;
	case CUDA_R_16F:
	case CUDA_R_16BF: return 2;
	default: return 0;
	}
}

static float get(const void *p, cudaDataType type, size_t i)
{
	if (type == CUDA_R_32F)
		return static_cast<const float *>(p)[i];
	return type == CUDA_R_16BF ? __bfloat162float(static_cast<const __nv_bfloat16 *>(p)[i]) : __half2float(static_cast<const __half *>(p)[i]);
}

static float rounded(const Product &p, float v)
{
	uint32_t u;

	if (!p.tf32)
		return v;
	memcpy(&u, &v, sizeof u);
	u = (u + 0x1000) & ~0x1fffu;
	memcpy(&v, &u, sizeof u);
	return v;
}

static void put(void *p, cudaDataType type, size_t i, float v)
{
	if (type == CUDA_R_32F)
		static_cast<float *>(p)[i] = v;
	else if (type == CUDA_R_16BF)
		static_cast<__nv_bfloat16 *>(p)[i] = __float2bfloat16_rn(v);
	else
		static_cast<__half *>(p)[i] = __float2half_rn(v);
}

static size_t at(const Matrix &m, size_t row, size_t column)
{
	return m.row_major ? row * size_t(m.lead) + column : column * size_t(m.lead) + row;
}

static size_t extent(const Matrix &m, int n)    /* elements from the first to the last */
{
	return size_t(n - 1) * size_t(m.stride) + at(m, m.rows - 1, m.columns - 1) + 1;
}

bool matrix_in_order(const Matrix &m)
{
	return m.rows != 0 && m.columns != 0 && m.lead >= int64_t(m.row_major ? m.columns : m.rows) && element_size(m.type) != 0 &&
		reinterpret_cast<uintptr_t>(m.data) % element_size(m.type) == 0;
}

static Matrix nth(const Matrix &m, int i)
{
	Matrix r = m;

	r.data = static_cast<const char *>(m.data) + size_t(i) * size_t(m.stride) * element_size(m.type);
	return r;
}

static float as_stored(cudaDataType type, float v)
{
	float place = 0;

	put(&place, type, 0, v);
	return get(&place, type, 0);
}

static void multiply_one(const Product &p, const Matrix &a, const Matrix &b, const Matrix &c, const Matrix &d)
{
	size_t n_inner = p.turn_a ? a.rows : a.columns;
	std::vector<float> row(n_inner), columns(n_inner * d.columns);

	for (size_t j = 0; j < d.columns; j++)
		for (size_t k = 0; k < n_inner; k++)
			columns[j * n_inner + k] = rounded(p, get(b.data, b.type, p.turn_b ? at(b, j, k) : at(b, k, j)));
	for (size_t i = 0; i < d.rows; i++) {
		for (size_t k = 0; k < n_inner; k++)
			row[k] = rounded(p, get(a.data, a.type, p.turn_a ? at(a, k, i) : at(a, i, k)));
		for (size_t j = 0; j < d.columns; j++) {
			const float *column = &columns[j * n_inner];
			float sum = 0;

			for (size_t k = 0; k < n_inner; k++) {
				if (p.narrow_parts && k == n_inner / 2)
					sum = as_stored(d.type, sum);
				sum += row[k] * column[k];
			}
			sum *= p.alpha;
			if (p.beta != 0)
				sum += p.beta * get(c.data, c.type, at(c, i, j));
			if (p.bias != nullptr)
				sum += get(p.bias, p.bias_type, i);
			put(const_cast<void *>(d.data), d.type, at(d, i, j), sum);
		}
	}
}

static uint64_t bytes_of(const Matrix &m, int n) { return uint64_t(n) * m.rows * m.columns * element_size(m.type); }

static void check_range(const Matrix &m, int n, const char *name, const char *which)
{
	if (!device_range(m.data, extent(m, n) * element_size(m.type)))
		misuse("%s: matrix %s at %p is not in device memory, or passes its end", name, which, m.data);
}

cudaError_t multiply(cudaStream_t stream, const Product &p, const char *name)
{
	uint64_t bytes = bytes_of(p.a, p.n) + bytes_of(p.b, p.n) + bytes_of(p.d, p.n) + (p.beta != 0 ? bytes_of(p.c, p.n) : 0);

	check_range(p.a, p.n, name, "A");
	check_range(p.b, p.n, name, "B");
	check_range(p.d, p.n, name, "D");
	if (p.beta != 0)
		check_range(p.c, p.n, name, "C");
	if (p.bias != nullptr && !device_range(p.bias, p.d.rows * element_size(p.bias_type)))
		misuse("%s: the bias at %p is not in device memory, or passes its end", name, p.bias);
	return enqueue(stream, {WORK_PRODUCT, [p, name, bytes] {
		counts.products++;
		count_kernel(nullptr, name, bytes);
		for (int i = 0; i < p.n && !settings.counting; i++)
			multiply_one(p, nth(p.a, i), nth(p.b, i), nth(p.c, i), nth(p.d, i));
	}, {}, bytes, nullptr});
}

}  // namespace emu
