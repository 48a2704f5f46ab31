// SPDX-License-Identifier: Apache-2.0
// quantise.cu - int8 and int4 weights from wider ones, when a model is opened, and back. One warp a
// group of columns: the largest magnitude over 127 (int4: 7) is the scale, a column becomes the
// nearest whole number of scales (halves to even). Division is IEEE division: any machine gets these bits.
#include "job.cuh"
#include "launch.cuh"

namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32;

__device__ __forceinline__ int whole(float x, float scale, float most)
{
	float q = scale > 0.0f ? rintf(__fdiv_rn(x, scale)) : 0.0f;

	return int(fminf(fmaxf(q, -most), most));
}

// n_groups: of a row. Lane l looks at columns l, l + 32, ...; for int4 at bytes, which are two columns.
template <int FROM, int TO> __global__ void __launch_bounds__(THREADS)
quantise_kernel(const void *from, unsigned char *to, float *scales, uint32_t rows, uint32_t k, uint32_t group, uint32_t n_groups)
{
	constexpr float MOST = TO == KC_INT8 ? 127.0f : 7.0f;
	uint64_t at = uint64_t(blockIdx.x) * WARPS + threadIdx.x / 32;
	uint32_t row = uint32_t(at / n_groups), first = uint32_t(at % n_groups) * group, end = min(first + group, k), lane = threadIdx.x % 32;
	float top = 0.0f;

	if (row >= rows)
		return;
	const char *in = static_cast<const char *>(from) + row * row_bytes<FROM>(k);
	unsigned char *out = to + row * row_bytes<TO>(k);

	for (uint32_t c = first + lane; c < end; c += 32)
		top = fmaxf(top, fabsf(weights<FROM>::one(in, c)));
	top = warp_all(top, [](float a, float b) { return fmaxf(a, b); });
	float scale = __fdiv_rn(top, MOST);

	if (lane == 0)
		scales[at] = scale;
	if (TO == KC_INT8)
		for (uint32_t c = first + lane; c < end; c += 32)
			out[c] = static_cast<unsigned char>(whole(weights<FROM>::one(in, c), scale, MOST));
	else
		for (uint32_t c = first + 2 * lane; c < end; c += 64) {
			int low = whole(weights<FROM>::one(in, c), scale, MOST) + 8;
			int high = c + 1 < end ? whole(weights<FROM>::one(in, c + 1), scale, MOST) + 8 : 8;

			out[c / 2] = static_cast<unsigned char>(low | high << 4);
		}
}

__device__ __forceinline__ void put(void *to, unsigned type, size_t at, float v)
{
	if (type == KC_F32)
		static_cast<float *>(to)[at] = v;
	else if (type == KC_F16)
		static_cast<__half *>(to)[at] = __float2half_rn(v);
	else
		static_cast<__nv_bfloat16 *>(to)[at] = __float2bfloat16_rn(v);
}

// A block takes rows in turn, a thread columns t, t + 256, ...
template <int FROM> __global__ void __launch_bounds__(THREADS)
widen_kernel(const void *from, const float *scales, void *to, unsigned type, uint32_t rows, uint32_t k, uint32_t group)
{
	for (uint32_t row = blockIdx.x; row < rows; row += gridDim.x)
		for (uint32_t c = threadIdx.x; c < k; c += THREADS)
			put(to, type, size_t(row) * k + c, weight_at<FROM>(from, scales, k, group, row, c));
}

template <int FROM, int TO> cudaError_t quantise(const void *from, kc_matrix *to, cudaStream_t stream)
{
	uint32_t n_groups = divide_up(to->k, to->group);
	uint64_t bytes = kc::matrix_bytes(*to) + to->rows * uint64_t(row_bytes<FROM>(to->k));
	launch_how how = {};

	how.grid = dim3(divide_up(uint64_t(to->rows) * n_groups, WARPS));
	how.block = dim3(THREADS);
	how.stream = stream;
	how.bytes = bytes;
	return launch_kernel(how, quantise_kernel<FROM, TO>, from, static_cast<unsigned char *>(const_cast<void *>(to->data)),
		const_cast<float *>(to->scales), to->rows, to->k, uint32_t(to->group), n_groups);
}

template <int FROM> cudaError_t quantise_to(const void *from, kc_matrix *to, cudaStream_t stream)
{
	return to->type == KC_INT8 ? quantise<FROM, KC_INT8>(from, to, stream) : quantise<FROM, KC_INT4>(from, to, stream);
}

template <int FROM> cudaError_t widen(const kc_matrix *from, void *to, enum kc_type type, cudaStream_t stream)
{
	uint64_t wide = type == KC_F32 ? 4 : 2;
	launch_how how = {};

	how.grid = dim3(from->rows < 65535 ? from->rows : 65535);
	how.block = dim3(THREADS);
	how.stream = stream;
	how.bytes = kc::matrix_bytes(*from) + from->rows * wide * from->k;
	return launch_kernel(how, widen_kernel<FROM>, from->data, from->scales, to, unsigned(type), from->rows, from->k, uint32_t(from->group));
}

}  // namespace

extern "C" cudaError_t kc_quantise(const void *from, enum kc_type type, struct kc_matrix *to, cudaStream_t stream)
{
	bool four = to->type == KC_INT4;

	if ((to->type != KC_INT8 && !four) || to->group == 0 || (four && to->group % 2 && to->group < to->k))
		return cudaErrorInvalidValue;
	if (to->rows == 0 || to->k == 0)
		return cudaSuccess;
	switch (type) {
	case KC_F32: return quantise_to<KC_F32>(from, to, stream);
	case KC_F16: return quantise_to<KC_F16>(from, to, stream);
	case KC_BF16: return quantise_to<KC_BF16>(from, to, stream);
	default: return cudaErrorInvalidValue;
	}
}

extern "C" cudaError_t kc_widen(const struct kc_matrix *from, void *to, enum kc_type type, cudaStream_t stream)
{
	if (type != KC_F32 && type != KC_F16 && type != KC_BF16)
		return cudaErrorInvalidValue;
	if (from->rows == 0 || from->k == 0)
		return cudaSuccess;
	switch (from->type) {
	case KC_F32: return widen<KC_F32>(from, to, type, stream);
	case KC_F16: return widen<KC_F16>(from, to, type, stream);
	case KC_BF16: return widen<KC_BF16>(from, to, type, stream);
	case KC_INT8: return widen<KC_INT8>(from, to, type, stream);
	case KC_INT4: return widen<KC_INT4>(from, to, type, stream);
	default: return cudaErrorInvalidValue;
	}
}
