// SPDX-License-Identifier: Apache-2.0
// step1_quantised.cu - kc_decode_step1 with int8 or int4 weights in dt_proj.
#include "step1.cuh"

cudaError_t kc__step1_quantised(const kc_step1 &s, const job &j, uint64_t bytes, cudaStream_t stream)
{
	return s.dt.type == KC_INT8 ? launch_step1<KC_INT8>(s, j, bytes, stream) : launch_step1<KC_INT4>(s, j, bytes, stream);
}
