// SPDX-License-Identifier: Apache-2.0
// step1.cu - kc_decode_step1 with float32, float16 and bfloat16 weights in dt_proj; step1_quantised.cu has the others.
#include "step1.cuh"

cudaError_t kc__step1_quantised(const kc_step1 &s, const job &j, uint64_t bytes, cudaStream_t stream);

extern "C" cudaError_t kc_decode_step1(const struct kc_step1 *s, const struct kc_pieces *pieces, cudaStream_t stream)
{
	uint64_t row = s->rank + 2 * s->d_state + 3 * uint64_t(s->d_inner) + 2 * uint64_t(s->d_inner) * s->d_state;
	uint64_t bytes = kc::matrix_bytes(s->dt) + 4 * (uint64_t(s->d_inner) * (s->d_state + 2) + row * pieces->n_rows);
	job j = {};

	if (!kc::set_matrix(j, s->dt) || s->dt.k != s->rank || s->dt.rows != s->d_inner)
		return cudaErrorInvalidValue;
	if (pieces->n_rows == 0)
		return cudaSuccess;
	j.in = s->small;
	j.in_stride = s->small_stride;
	j.n_rows = pieces->n_rows;
	j.slot = pieces->slot;
	switch (s->dt.type) {
	case KC_F32: return launch_step1<KC_F32>(*s, j, bytes, stream);
	case KC_F16: return launch_step1<KC_F16>(*s, j, bytes, stream);
	case KC_BF16: return launch_step1<KC_BF16>(*s, j, bytes, stream);
	default: return kc__step1_quantised(*s, j, bytes, stream);
	}
}
