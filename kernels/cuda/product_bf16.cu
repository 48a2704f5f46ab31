// SPDX-License-Identifier: Apache-2.0
// product_bf16.cu - products with weights of type bf16.
#include "product.cuh"

cudaError_t kc::product_bf16(const job &j, bool fast, uint64_t bytes, cudaStream_t stream)
{
	return make_product<KC_BF16>(j, fast, bytes, stream);
}
