// SPDX-License-Identifier: Apache-2.0
// product_f32.cu - products with weights of type f32.
#include "product.cuh"

cudaError_t kc::product_f32(const job &j, bool fast, uint64_t bytes, cudaStream_t stream)
{
	return make_product<KC_F32>(j, fast, bytes, stream);
}
