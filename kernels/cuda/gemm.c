/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gemm.c - products of prefill. Exact ones are our own kernel, with one order of sums; fast ones
 * are cuBLASLt's, on tensor cores, from 16-bit inputs with float32 sums.
 *
 * Row-major out [n, rows] = in [n, k] * matrix [rows, k]^T is to cuBLAS, which counts by columns,
 * out' [rows, n] = matrix'^T [rows, k] * in' [k, n]: the first operand transposed, the second not.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"

#include <string.h>

static cudaDataType_t type_of(uint32_t type)
{
	return type == KC_F32 ? CUDA_R_32F : type == KC_F16 ? CUDA_R_16F : CUDA_R_16BF;
}

/* ---- plans --------------------------------------------------------------------------------- */

static void make_key(uint64_t key[4], const struct gemm *gemm, enum kc_type type)
{
	key[0] = (uint64_t)gemm->matrix->rows << 32 | gemm->n_rows;
	key[1] = (uint64_t)gemm->matrix->k << 32 | gemm->in.stride;
	key[2] = (uint64_t)gemm->out.stride << 32 | gemm->out.type << 8 | (uint32_t)type;
	key[3] = (uint64_t)(gemm->bias != NULL) << 1 | gemm->accumulate | 4;
}

static void forget(struct gemm_plan *plan)
{
	if (plan->how)
		cublasLtMatmulDescDestroy(plan->how);
	if (plan->a)
		cublasLtMatrixLayoutDestroy(plan->a);
	if (plan->b)
		cublasLtMatrixLayoutDestroy(plan->b);
	if (plan->c)
		cublasLtMatrixLayoutDestroy(plan->c);
	memset(plan, 0, sizeof(*plan));
}

static cublasStatus_t describe(struct gemm_plan *plan, const struct gemm *gemm, enum kc_type type)
{
	/* float32 in fast precision is rounded to 10 bits for the tensor cores */
	cublasComputeType_t compute = type == KC_F32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
	cublasLtEpilogue_t epilogue = gemm->bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
	cublasOperation_t turned = CUBLAS_OP_T;
	const struct kc_matrix *m = gemm->matrix;
	cublasStatus_t status = cublasLtMatmulDescCreate(&plan->how, compute, CUDA_R_32F);

	if (status == CUBLAS_STATUS_SUCCESS)
		status = cublasLtMatmulDescSetAttribute(plan->how, CUBLASLT_MATMUL_DESC_TRANSA, &turned, sizeof(turned));
	if (status == CUBLAS_STATUS_SUCCESS)
		status = cublasLtMatmulDescSetAttribute(plan->how, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof(epilogue));
	if (status == CUBLAS_STATUS_SUCCESS)
		status = cublasLtMatrixLayoutCreate(&plan->a, type_of(type), m->k, m->rows, m->k);
	if (status == CUBLAS_STATUS_SUCCESS)
		status = cublasLtMatrixLayoutCreate(&plan->b, type_of(type), m->k, gemm->n_rows, gemm->in.stride);
	if (status == CUBLAS_STATUS_SUCCESS)
		status = cublasLtMatrixLayoutCreate(&plan->c, type_of(gemm->out.type), m->rows, gemm->n_rows, gemm->out.stride);
	return status;
}

/* Parts of a long sum may be made by different blocks, but they are added in float32: not in the type of the result, which
 * is float16 between products. */
static cublasStatus_t keep_sums_wide(cublasLtMatmulPreference_t preference)
{
	uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_INPLACE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;

	return cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes, sizeof(schemes));
}

/* That it has no way is an answer, too: our own kernel does that shape. */
static bool refused(cublasStatus_t status)
{
	return status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_ARCH_MISMATCH || status == CUBLAS_STATUS_INTERNAL_ERROR;
}

static cublasStatus_t choose(struct emodel *model, struct gemm_plan *plan)
{
	cublasLtMatmulPreference_t preference = NULL;
	cublasLtMatmulHeuristicResult_t result = { 0 };
	size_t workspace = GEMM_WORKSPACE;
	int n = 0;
	cublasStatus_t status = cublasLtMatmulPreferenceCreate(&preference);

	if (status == CUBLAS_STATUS_SUCCESS)
		status = cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof(workspace));
	if (status == CUBLAS_STATUS_SUCCESS)
		status = keep_sums_wide(preference);
	if (status == CUBLAS_STATUS_SUCCESS)
		status = cublasLtMatmulAlgoGetHeuristic(model->blas, plan->how, plan->a, plan->b, plan->c, plan->c, preference, 1, &result, &n);
	if (preference)
		cublasLtMatmulPreferenceDestroy(preference);
	plan->good = status == CUBLAS_STATUS_SUCCESS && n > 0 && result.state == CUBLAS_STATUS_SUCCESS;
	plan->algorithm = result.algo;
	return refused(status) ? CUBLAS_STATUS_SUCCESS : status;
}

static cublasStatus_t find_plan(struct emodel *model, struct gemm_plan **out, const struct gemm *gemm, enum kc_type type)
{
	struct gemm_plan *plan;
	uint64_t key[4];
	cublasStatus_t status;

	make_key(key, gemm, type);
	for (size_t i = 0; i < N_GEMMS; i++)
		if (!memcmp(model->gemms[i].key, key, sizeof(key))) {
			*out = &model->gemms[i];
			return CUBLAS_STATUS_SUCCESS;
		}
	*out = plan = &model->gemms[model->next_gemm];
	forget(plan);
	status = describe(plan, gemm, type);
	if (status == CUBLAS_STATUS_SUCCESS)
		status = choose(model, plan);
	if (status != CUBLAS_STATUS_SUCCESS) {
		forget(plan);
		return status;
	}
	memcpy(plan->key, key, sizeof(key));
	model->next_gemm = (model->next_gemm + 1) % N_GEMMS;
	return status;
}

void krait__cuda_gemms_free(struct emodel *model)
{
	for (size_t i = 0; i < N_GEMMS; i++)
		forget(&model->gemms[i]);
	if (model->blas)
		cublasLtDestroy(model->blas);
	model->blas = NULL;
}

/* ---- products ------------------------------------------------------------------------------- */

static cudaError_t error_of(cublasStatus_t status)
{
	switch (status) {
	case CUBLAS_STATUS_SUCCESS:
		return cudaSuccess;
	case CUBLAS_STATUS_ALLOC_FAILED:
		return cudaErrorMemoryAllocation;
	case CUBLAS_STATUS_INVALID_VALUE:
		return cudaErrorInvalidValue;
	default:
		return cudaErrorLaunchFailure;
	}
}

/* Each operand once; the widened copy of a matrix aside. */
static uint64_t bytes_of(const struct gemm *gemm)
{
	uint64_t n = gemm->n_rows, out = n * gemm->matrix->rows * krait__cuda_type_size((enum kc_type)gemm->out.type);

	return krait__cuda_matrix_bytes(gemm->matrix) + n * gemm->matrix->k * krait__cuda_type_size((enum kc_type)gemm->in.type) +
		(gemm->accumulate ? 2 : 1) * out;
}

static cudaError_t exact(struct emodel *model, const struct gemm *gemm)
{
	struct kc_gemm call = { .matrix = *gemm->matrix, .in = gemm->in, .out = gemm->out, .bias = gemm->bias, .n_rows = gemm->n_rows,
		.accumulate = gemm->accumulate };

	return kc_gemm_exact(&call, model->stream);
}

static cublasStatus_t run(struct emodel *model, const struct gemm *gemm, struct gemm_plan *plan, const void *matrix)
{
	const void *bias = gemm->out.type == KC_F32 ? (const void *)gemm->bias : gemm->narrow_bias;
	float one = 1, old = gemm->accumulate;
	cublasStatus_t status = CUBLAS_STATUS_SUCCESS;

	if (gemm->bias)
		status = cublasLtMatmulDescSetAttribute(plan->how, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof(bias));
	if (status != CUBLAS_STATUS_SUCCESS)
		return status;
	return cublasLtMatmul(model->blas, plan->how, &one, matrix, plan->a, gemm->in.data, plan->b, &old, gemm->out.data, plan->c,
		gemm->out.data, plan->c, &plan->algorithm, model->arena.gemm_workspace, GEMM_WORKSPACE, model->stream);
}

/* The matrix in the type of the inputs: as it is, or widened into the arena. */
static cudaError_t same_type(struct emodel *model, const struct gemm *gemm, const void **out)
{
	*out = gemm->matrix->data;
	if (gemm->matrix->type == gemm->in.type)
		return cudaSuccess;
	*out = model->arena.prefill.panel;
	return kc_widen(gemm->matrix, model->arena.prefill.panel, (enum kc_type)gemm->in.type, model->stream);
}

/* In float32, an order of magnitude slower: a profile has it by its own name. */
static cudaError_t without_blas(struct emodel *model, const struct gemm *gemm)
{
	model->refused_products++;
	return krait__cuda_mark(model, "refused by cuBLASLt", exact(model, gemm));
}

cudaError_t krait__cuda_gemm(struct emodel *model, const struct gemm *gemm)
{
	struct gemm_plan *plan;
	const void *matrix;
	cublasStatus_t status;
	cudaError_t error;

	if (krait__cuda_preparing && model->fast && gemm->matrix->type != gemm->in.type) {
		error = kc_widen(gemm->matrix, model->arena.prefill.panel, (enum kc_type)gemm->in.type, model->stream);
		return error == cudaSuccess ? exact(model, gemm) : error;
	}
	if (!model->fast || krait__cuda_preparing)
		return exact(model, gemm);
	status = find_plan(model, &plan, gemm, (enum kc_type)gemm->in.type);
	if (status != CUBLAS_STATUS_SUCCESS)
		return error_of(status);
	if (!plan->good)
		return without_blas(model, gemm);
	error = same_type(model, gemm, &matrix);
	if (error != cudaSuccess)
		return error;
	status = run(model, gemm, plan, matrix);
	if (refused(status)) {
		plan->good = false;
		return without_blas(model, gemm);
	}
	krait__cuda_stated += bytes_of(gemm);
	return error_of(status);
}
