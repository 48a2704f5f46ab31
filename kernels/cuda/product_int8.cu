// SPDX-License-Identifier: Apache-2.0
// product_int8.cu - products with weights of type int8.
#include "product.cuh"

cudaError_t kc::product_int8(const job &j, bool fast, uint64_t bytes, cudaStream_t stream)
{
	return make_product<KC_INT8>(j, fast, bytes, stream);
}
