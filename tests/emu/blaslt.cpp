// SPDX-License-Identifier: Apache-2.0
// blaslt.cpp - the functions of cuBLASLt that are in use: products with an added bias, added to
// what is there, in row or column order, in batches. What is not emulated is refused.
#include "product.h"

#include <cublasLt.h>

using namespace emu;

namespace emu {

struct How {                    /* in a cublasLtMatmulDescOpaque_t */
	cublasComputeType_t compute;
	cudaDataType scale, bias_type;
	cublasOperation_t a, b;
	cublasLtEpilogue_t epilogue;
	cublasLtPointerMode_t pointers;
	const void *bias;
};

struct Layout {                 /* in a cublasLtMatrixLayoutOpaque_t */
	cudaDataType type;
	uint64_t rows, columns;
	int64_t lead, stride;
	int32_t n;
	cublasLtOrder_t order;
};

struct Preference {
	uint64_t workspace;
	uint32_t schemes;
};

/* In a cublasLtMatmulAlgo_t: what it was chosen for. Where the preference allows it, parts of the sum are added in the type
 * of the result, as cuBLASLt may do. */
struct Algorithm {
	uint64_t magic, m, n, k : 63, narrow_parts : 1, workspace;
};
static const uint64_t MAGIC = 0x6b72616974616c67;

static_assert(sizeof(How) <= sizeof(cublasLtMatmulDescOpaque_t) && sizeof(Layout) <= sizeof(cublasLtMatrixLayoutOpaque_t) &&
	sizeof(Algorithm) <= sizeof(cublasLtMatmulAlgo_t), "room for ours");

static How *how_of(cublasLtMatmulDesc_t d) { return reinterpret_cast<How *>(d); }
static Layout *layout_of(cublasLtMatrixLayout_t l) { return reinterpret_cast<Layout *>(l); }

static cublasStatus_t status_of(cudaError_t e)
{
	switch (e) {
	case cudaSuccess: return CUBLAS_STATUS_SUCCESS;
	case cudaErrorMemoryAllocation: return CUBLAS_STATUS_ALLOC_FAILED;
	case cudaErrorNotSupported: return CUBLAS_STATUS_NOT_SUPPORTED;
	case cudaErrorNoKernelImageForDevice: return CUBLAS_STATUS_ARCH_MISMATCH;
	case cudaErrorUnknown: return CUBLAS_STATUS_INTERNAL_ERROR;
	default: return CUBLAS_STATUS_EXECUTION_FAILED;
	}
}

template <class T> static cublasStatus_t set(T *to, const void *from, size_t n)
{
	if (from == nullptr || n != sizeof *to)
		return CUBLAS_STATUS_INVALID_VALUE;
	memcpy(to, from, n);
	return CUBLAS_STATUS_SUCCESS;
}

static Matrix matrix(const Layout &l, const void *data) { return {data, l.type, l.rows, l.columns, l.lead, l.stride, l.order == CUBLASLT_ORDER_ROW}; }

/* The table of cublasLtMatmul in the manual, as far as it is in use. */
static bool supported(const How &h, const Layout &a, const Layout &b, const Layout &c, const Layout &d)
{
	bool compute = h.compute == CUBLAS_COMPUTE_32F || (a.type == CUDA_R_32F &&
		(h.compute == CUBLAS_COMPUTE_32F_FAST_TF32 || h.compute == CUBLAS_COMPUTE_32F_PEDANTIC));
	auto column_order = [](const Layout &l) { return l.order == CUBLASLT_ORDER_COL; };

	if (!compute || h.scale != CUDA_R_32F || h.pointers != CUBLASLT_POINTER_MODE_HOST)
		return false;
	if (a.type != b.type || c.type != d.type || (d.type != a.type && d.type != CUDA_R_32F))
		return false;
	if (h.epilogue != CUBLASLT_EPILOGUE_DEFAULT && h.epilogue != CUBLASLT_EPILOGUE_BIAS)
		return false;
	for (const Layout *l : {&a, &b, &c, &d})
		if (l->order != CUBLASLT_ORDER_COL && l->order != CUBLASLT_ORDER_ROW)
			return false;
	return h.epilogue == CUBLASLT_EPILOGUE_DEFAULT || column_order(d);
}

static uint64_t inner(const How &h, const Layout &a) { return h.a == CUBLAS_OP_N ? a.columns : a.rows; }

static bool shapes_agree(const How &h, const Layout &a, const Layout &b, const Layout &c, const Layout &d)
{
	uint64_t m = h.a == CUBLAS_OP_N ? a.rows : a.columns, n = h.b == CUBLAS_OP_N ? b.columns : b.rows;

	return inner(h, a) == (h.b == CUBLAS_OP_N ? b.rows : b.columns) && d.rows == m && d.columns == n && c.rows == m && c.columns == n &&
		a.n == d.n && b.n == d.n && c.n == d.n && d.n > 0;
}

}  // namespace emu

#define BLAS_ENTER() \
	emu::Call call_(__func__); \
	if (call_.error != cudaSuccess) \
		return status_of(call_.error)

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t *out)
{
	Call call(__func__);

	if (call.error != cudaSuccess)
		return call.error == cudaErrorMemoryAllocation ? CUBLAS_STATUS_ALLOC_FAILED : CUBLAS_STATUS_NOT_INITIALIZED;
	*out = reinterpret_cast<cublasLtHandle_t>(new uint64_t(MAGIC));
	handle_made(1);
	return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t h)
{
	Call call(__func__);

	delete reinterpret_cast<uint64_t *>(h);
	handle_made(-1);
	return status_of(call.error);
}

const char *cublasLtGetStatusName(cublasStatus_t s)
{
	switch (s) {
	case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
	case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
	case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
	case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
	case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
	case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
	default: return "CUBLAS_STATUS_UNKNOWN";
	}
}
const char *cublasLtGetStatusString(cublasStatus_t s) { return cublasLtGetStatusName(s); }
const char *cublasGetStatusName(cublasStatus_t s) { return cublasLtGetStatusName(s); }
const char *cublasGetStatusString(cublasStatus_t s) { return cublasLtGetStatusName(s); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *out, cublasComputeType_t compute, cudaDataType_t scale)
{
	BLAS_ENTER();
	*out = new cublasLtMatmulDescOpaque_t{};
	*how_of(*out) = {compute, scale, cudaDataType(-1), CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_POINTER_MODE_HOST, nullptr};
	handle_made(1);
	return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d)
{
	Call call(__func__);

	delete d;
	handle_made(-1);
	return status_of(call.error);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t attribute, const void *from, size_t n)
{
	How *h = how_of(d);

	BLAS_ENTER();
	switch (attribute) {
	case CUBLASLT_MATMUL_DESC_TRANSA: return set(&h->a, from, n);
	case CUBLASLT_MATMUL_DESC_TRANSB: return set(&h->b, from, n);
	case CUBLASLT_MATMUL_DESC_EPILOGUE: return set(&h->epilogue, from, n);
	case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return set(&h->bias, from, n);
	case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE: return set(&h->bias_type, from, n);
	case CUBLASLT_MATMUL_DESC_POINTER_MODE: return set(&h->pointers, from, n);
	default: return CUBLAS_STATUS_NOT_SUPPORTED;
	}
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out, cudaDataType type, uint64_t rows, uint64_t columns, int64_t lead)
{
	BLAS_ENTER();
	*out = new cublasLtMatrixLayoutOpaque_t{};
	*layout_of(*out) = {type, rows, columns, lead, 0, 1, CUBLASLT_ORDER_COL};
	handle_made(1);
	return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l)
{
	Call call(__func__);

	delete l;
	handle_made(-1);
	return status_of(call.error);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t attribute, const void *from, size_t n)
{
	Layout *l = layout_of(layout);

	BLAS_ENTER();
	switch (attribute) {
	case CUBLASLT_MATRIX_LAYOUT_TYPE: return set(&l->type, from, n);
	case CUBLASLT_MATRIX_LAYOUT_ORDER: return set(&l->order, from, n);
	case CUBLASLT_MATRIX_LAYOUT_ROWS: return set(&l->rows, from, n);
	case CUBLASLT_MATRIX_LAYOUT_COLS: return set(&l->columns, from, n);
	case CUBLASLT_MATRIX_LAYOUT_LD: return set(&l->lead, from, n);
	case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT: return set(&l->n, from, n);
	case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET: return set(&l->stride, from, n);
	default: return CUBLAS_STATUS_NOT_SUPPORTED;
	}
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out)
{
	BLAS_ENTER();
	*out = new cublasLtMatmulPreferenceOpaque_t{};
	reinterpret_cast<Preference *>(*out)->schemes = CUBLASLT_REDUCTION_SCHEME_MASK;
	handle_made(1);
	return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p)
{
	Call call(__func__);

	delete p;
	handle_made(-1);
	return status_of(call.error);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t p, cublasLtMatmulPreferenceAttributes_t attribute, const void *from,
	size_t n)
{
	BLAS_ENTER();
	if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
		return set(&reinterpret_cast<Preference *>(p)->workspace, from, n);
	if (attribute == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
		return set(&reinterpret_cast<Preference *>(p)->schemes, from, n);
	return n == sizeof(uint32_t) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;     /* alignments, masks */
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t how, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
	cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int n_wanted,
	cublasLtMatmulHeuristicResult_t results[], int *n_found)
{
	const How &h = *how_of(how);
	const Layout &la = *layout_of(a), &lb = *layout_of(b), &lc = *layout_of(c), &ld = *layout_of(d);
	const Preference &wanted = *reinterpret_cast<Preference *>(preference);
	Algorithm algorithm = {MAGIC, ld.rows, ld.columns, inner(h, la), (wanted.schemes & CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE) != 0, wanted.workspace};

	BLAS_ENTER();
	*n_found = 0;
	if (n_wanted < 1 || !shapes_agree(h, la, lb, lc, ld))
		return CUBLAS_STATUS_INVALID_VALUE;
	if (!supported(h, la, lb, lc, ld))
		return CUBLAS_STATUS_NOT_SUPPORTED;
	memset(&results[0], 0, sizeof results[0]);
	memcpy(results[0].algo.data, &algorithm, sizeof algorithm);
	results[0].workspaceSize = algorithm.workspace;
	results[0].state = CUBLAS_STATUS_SUCCESS;
	results[0].wavesCount = 1;
	*n_found = 1;
	return CUBLAS_STATUS_SUCCESS;
}

/* The algorithm must be one for this shape, and have the workspace that it wants. */
static bool algorithm_fits(const cublasLtMatmulAlgo_t *given, const How &h, const Layout &a, const Layout &d, const void *workspace, size_t n)
{
	Algorithm algorithm;

	if (n != 0 && (!device_range(workspace, n) || reinterpret_cast<uintptr_t>(workspace) % 16 != 0))
		return false;
	if (given == nullptr)
		return true;
	memcpy(&algorithm, given->data, sizeof algorithm);
	return algorithm.magic == MAGIC && algorithm.m == d.rows && algorithm.n == d.columns && algorithm.k == inner(h, a) && algorithm.workspace <= n;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t how, const void *alpha, const void *a_data, cublasLtMatrixLayout_t a,
	const void *b_data, cublasLtMatrixLayout_t b, const void *beta, const void *c_data, cublasLtMatrixLayout_t c, void *d_data,
	cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t *algorithm, void *workspace, size_t n_workspace, cudaStream_t stream)
{
	const How &h = *how_of(how);
	const Layout &la = *layout_of(a), &lb = *layout_of(b), &lc = *layout_of(c), &ld = *layout_of(d);
	Product p = {};

	BLAS_ENTER();
	if (handle == nullptr || *reinterpret_cast<uint64_t *>(handle) != MAGIC)
		return CUBLAS_STATUS_NOT_INITIALIZED;
	if (!shapes_agree(h, la, lb, lc, ld))
		return CUBLAS_STATUS_INVALID_VALUE;
	if (!supported(h, la, lb, lc, ld))
		return CUBLAS_STATUS_NOT_SUPPORTED;
	p.a = matrix(la, a_data);
	p.b = matrix(lb, b_data);
	p.c = matrix(lc, c_data);
	p.d = matrix(ld, d_data);
	p.turn_a = h.a != CUBLAS_OP_N;
	p.turn_b = h.b != CUBLAS_OP_N;
	p.alpha = *static_cast<const float *>(alpha);
	p.beta = *static_cast<const float *>(beta);
	p.bias = h.epilogue == CUBLASLT_EPILOGUE_BIAS ? h.bias : nullptr;
	p.bias_type = h.bias_type == cudaDataType(-1) ? ld.type : h.bias_type;
	p.n = ld.n;
	p.narrow_parts = algorithm != nullptr && reinterpret_cast<const Algorithm *>(algorithm->data)->narrow_parts;
	p.tf32 = h.compute == CUBLAS_COMPUTE_32F_FAST_TF32;
	if (!matrix_in_order(p.a) || !matrix_in_order(p.b) || !matrix_in_order(p.c) || !matrix_in_order(p.d) ||
			(h.epilogue == CUBLASLT_EPILOGUE_BIAS && p.bias == nullptr) || !algorithm_fits(algorithm, h, la, ld, workspace, n_workspace))
		return CUBLAS_STATUS_INVALID_VALUE;
	return status_of(multiply(stream, p, "cublasLtMatmul"));
}

}
