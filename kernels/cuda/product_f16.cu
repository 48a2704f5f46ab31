// SPDX-License-Identifier: Apache-2.0
// product_f16.cu - products with weights of type f16.
#include "product.cuh"

cudaError_t kc::product_f16(const job &j, bool fast, uint64_t bytes, cudaStream_t stream)
{
	return make_product<KC_F16>(j, fast, bytes, stream);
}
