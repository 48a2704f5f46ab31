// SPDX-License-Identifier: Apache-2.0
// product_int4.cu - products with weights of type int4.
#include "product.cuh"

cudaError_t kc::product_int4(const job &j, bool fast, uint64_t bytes, cudaStream_t stream)
{
	return make_product<KC_INT4>(j, fast, bytes, stream);
}
