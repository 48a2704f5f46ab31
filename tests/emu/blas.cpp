// SPDX-License-Identifier: Apache-2.0
// blas.cpp - the functions of cuBLAS that are in use.
#include "product.h"

#include <cublas_v2.h>

using namespace emu;

struct cublasContext {
	cudaStream_t stream;
};

static cublasStatus_t status_of(cudaError_t e)
{
	return e == cudaSuccess ? CUBLAS_STATUS_SUCCESS : e == cudaErrorMemoryAllocation ? CUBLAS_STATUS_ALLOC_FAILED : CUBLAS_STATUS_EXECUTION_FAILED;
}

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t *out)
{
	Call call(__func__);

	if (call.error != cudaSuccess)
		return call.error == cudaErrorMemoryAllocation ? CUBLAS_STATUS_ALLOC_FAILED : CUBLAS_STATUS_NOT_INITIALIZED;
	*out = new cublasContext{nullptr};
	handle_made(1);
	return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t h)
{
	Call call(__func__);

	delete h;
	handle_made(-1);
	return status_of(call.error);
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t h, cudaStream_t stream)
{
	Call call(__func__);

	h->stream = stream;
	return status_of(call.error);
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t, void *workspace, size_t n)
{
	Call call(__func__);

	if (n != 0 && (!device_range(workspace, n) || reinterpret_cast<uintptr_t>(workspace) % 256 != 0))
		return CUBLAS_STATUS_INVALID_VALUE;
	return status_of(call.error);
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t)
{
	Call call(__func__);

	return status_of(call.error);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, const void *alpha,
	const void *a, cudaDataType a_type, int lda, long long a_stride, const void *b, cudaDataType b_type, int ldb, long long b_stride,
	const void *beta, void *c, cudaDataType c_type, int ldc, long long c_stride, int n_products, cublasComputeType_t compute, cublasGemmAlgo_t)
{
	Call call(__func__);
	Product p = {};

	if (call.error != cudaSuccess)
		return status_of(call.error);
	if (m <= 0 || n <= 0 || k <= 0 || n_products <= 0)
		return m < 0 || n < 0 || k < 0 || n_products < 0 ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
	p.turn_a = ta != CUBLAS_OP_N;
	p.turn_b = tb != CUBLAS_OP_N;
	p.a = {a, a_type, uint64_t(p.turn_a ? k : m), uint64_t(p.turn_a ? m : k), lda, a_stride, false};
	p.b = {b, b_type, uint64_t(p.turn_b ? n : k), uint64_t(p.turn_b ? k : n), ldb, b_stride, false};
	p.c = p.d = {c, c_type, uint64_t(m), uint64_t(n), ldc, c_stride, false};
	p.alpha = *static_cast<const float *>(alpha);
	p.beta = *static_cast<const float *>(beta);
	p.n = n_products;
	if (compute != CUBLAS_COMPUTE_32F || a_type != b_type || (c_type != CUDA_R_32F && c_type != a_type))
		return CUBLAS_STATUS_NOT_SUPPORTED;
	if (!matrix_in_order(p.a) || !matrix_in_order(p.b) || !matrix_in_order(p.d))
		return CUBLAS_STATUS_INVALID_VALUE;
	return status_of(multiply(h->stream, p, "cublasGemm"));
}

cublasStatus_t cublasGemmEx(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, const void *alpha, const void *a,
	cudaDataType a_type, int lda, const void *b, cudaDataType b_type, int ldb, const void *beta, void *c, cudaDataType c_type, int ldc,
	cublasComputeType_t compute, cublasGemmAlgo_t algorithm)
{
	return cublasGemmStridedBatchedEx(h, ta, tb, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta, c, c_type, ldc, 0, 1, compute, algorithm);
}

}
