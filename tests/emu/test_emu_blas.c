/* SPDX-License-Identifier: Apache-2.0 */
/* test_emu_blas.c - the emulated cuBLAS and cuBLASLt against sums in double precision. */
#include "emu_api.h"
#include "support.h"

#include <cublasLt.h>
#include <cublas_v2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CALL(call) ck_assert_int_eq((call), cudaSuccess)
#define BLAS(call) ck_assert_int_eq((call), CUBLAS_STATUS_SUCCESS)

/* ---- 16-bit values, by hand */

static float f32_of_bf16(uint16_t v)
{
	uint32_t u = (uint32_t)v << 16;
	float f;

	memcpy(&f, &u, sizeof f);
	return f;
}

static uint16_t bf16_of(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof u);
	return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static float f32_of_f16(uint16_t v)
{
	int e = v >> 10 & 31, m = v & 1023;
	double x = e == 0 ? ldexp(m, -24) : ldexp(1024 + m, e - 25);

	return (float)((v & 0x8000) != 0 ? -x : x);
}

/* Values of the tests have few bits and a small exponent: no rounding, no overflow. */
static uint16_t f16_of(float f)
{
	int e;
	double m = frexp(fabs((double)f), &e);

	if (f == 0)
		return 0;
	return (uint16_t)((f < 0 ? 0x8000 : 0) | (e + 14) << 10 | ((int)(m * 2048) & 1023));
}

static size_t size_of(cudaDataType type) { return type == CUDA_R_32F ? 4 : 2; }

static float get(const void *p, cudaDataType type, size_t i)
{
	if (type == CUDA_R_32F)
		return ((const float *)p)[i];
	return type == CUDA_R_16BF ? f32_of_bf16(((const uint16_t *)p)[i]) : f32_of_f16(((const uint16_t *)p)[i]);
}

static void put(void *p, cudaDataType type, size_t i, float v)
{
	if (type == CUDA_R_32F)
		((float *)p)[i] = v;
	else
		((uint16_t *)p)[i] = type == CUDA_R_16BF ? bf16_of(v) : f16_of(v);
}

/* ---- one product and its reference */

enum { M = 5, N = 7, K = 11, BATCH = 2, PAD = 3 };

struct operand {
	void *host, *device;
	cudaDataType type;
	int rows, columns, lead;
	bool row_major;
	size_t stride, n;
};

static size_t at(const struct operand *o, int batch, int row, int column)
{
	return (size_t)batch * o->stride + (size_t)(o->row_major ? row * o->lead + column : column * o->lead + row);
}

static void make(struct operand *o, cudaDataType type, int rows, int columns, bool row_major, int seed)
{
	o->type = type;
	o->rows = rows;
	o->columns = columns;
	o->row_major = row_major;
	o->lead = (row_major ? columns : rows) + PAD;
	o->stride = (size_t)o->lead * (size_t)(row_major ? rows : columns) + 8;
	o->n = o->stride * BATCH;
	o->host = malloc(o->n * size_of(type));
	for (size_t i = 0; i < o->n; i++)
		put(o->host, type, i, (float)((int)(i * 7919 + (size_t)seed * 104729) % 33 - 16) / 16);
	CALL(cudaMalloc(&o->device, o->n * size_of(type)));
	CALL(cudaMemcpy(o->device, o->host, o->n * size_of(type), cudaMemcpyHostToDevice));
}

static void drop(struct operand *o)
{
	free(o->host);
	CALL(cudaFree(o->device));
}

struct product {
	struct operand a, b, d, bias;
	bool turn_a, turn_b, biased;
	float alpha, beta;
	int n;
};

static double expected(const struct product *p, int batch, int i, int j)
{
	double sum = 0;

	for (int k = 0; k < K; k++)
		sum += (double)get(p->a.host, p->a.type, p->turn_a ? at(&p->a, batch, k, i) : at(&p->a, batch, i, k)) *
			(double)get(p->b.host, p->b.type, p->turn_b ? at(&p->b, batch, j, k) : at(&p->b, batch, k, j));
	sum *= (double)p->alpha;
	if (p->beta != 0)
		sum += (double)p->beta * (double)get(p->d.host, p->d.type, at(&p->d, batch, i, j));
	return p->biased ? sum + (double)get(p->bias.host, p->bias.type, (size_t)i) : sum;
}

static void check(const struct product *p)
{
	void *got = malloc(p->d.n * size_of(p->d.type));
	double rounding = p->d.type == CUDA_R_32F ? 1e-6 : p->d.type == CUDA_R_16F ? 1e-3 : 8e-3;

	CALL(cudaMemcpy(got, p->d.device, p->d.n * size_of(p->d.type), cudaMemcpyDeviceToHost));
	for (int batch = 0; batch < p->n; batch++)
		for (int i = 0; i < M; i++)
			for (int j = 0; j < N; j++) {
				double want = expected(p, batch, i, j), have = (double)get(got, p->d.type, at(&p->d, batch, i, j));

				ck_assert_double_le(fabs(have - want), rounding * (fabs(want) + 0.1));
			}
	/* what lies between the columns is not touched */
	for (int j = 0; j < (p->d.row_major ? M : N); j++)
		for (int i = p->d.lead - PAD; i < p->d.lead; i++)
			ck_assert_float_eq(get(got, p->d.type, (size_t)(j * p->d.lead + i)), get(p->d.host, p->d.type, (size_t)(j * p->d.lead + i)));
	free(got);
}

static void make_product(struct product *p, cudaDataType in, cudaDataType out, int kind)
{
	memset(p, 0, sizeof *p);
	p->turn_a = (kind & 1) != 0;
	p->turn_b = (kind & 2) != 0;
	p->alpha = (kind & 4) != 0 ? 0.5f : 1;
	p->beta = (kind & 8) != 0 ? 1 : 0;
	p->n = BATCH;
	make(&p->a, in, p->turn_a ? K : M, p->turn_a ? M : K, false, 1);
	make(&p->b, in, p->turn_b ? N : K, p->turn_b ? K : N, false, 2);
	make(&p->d, out, M, N, false, 3);
	make(&p->bias, out, M, 1, false, 4);
}

static void drop_product(struct product *p)
{
	drop(&p->a);
	drop(&p->b);
	drop(&p->d);
	drop(&p->bias);
}

static const cudaDataType types[][2] = {
	{ CUDA_R_32F, CUDA_R_32F }, { CUDA_R_16BF, CUDA_R_16BF }, { CUDA_R_16BF, CUDA_R_32F }, { CUDA_R_16F, CUDA_R_16F }, { CUDA_R_16F, CUDA_R_32F },
};
enum { N_TYPES = 5, N_KINDS = 16 };

START_TEST(gemm)
{
	cublasHandle_t handle;
	struct product p;

	BLAS(cublasCreate(&handle));
	for (int kind = 0; kind < N_KINDS; kind++) {
		make_product(&p, types[_i][0], types[_i][1], kind);
		BLAS(cublasGemmStridedBatchedEx(handle, p.turn_a ? CUBLAS_OP_T : CUBLAS_OP_N, p.turn_b ? CUBLAS_OP_T : CUBLAS_OP_N, M, N, K, &p.alpha,
			p.a.device, p.a.type, p.a.lead, (long long)p.a.stride, p.b.device, p.b.type, p.b.lead, (long long)p.b.stride, &p.beta,
			p.d.device, p.d.type, p.d.lead, (long long)p.d.stride, BATCH, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
		check(&p);
		drop_product(&p);
	}
	BLAS(cublasDestroy(handle));
}
END_TEST

/* ---- cuBLASLt */

static cublasLtMatrixLayout_t layout(const struct operand *o, int n)
{
	cublasLtOrder_t order = o->row_major ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL;
	cublasLtMatrixLayout_t l;
	int64_t stride = (int64_t)o->stride;

	BLAS(cublasLtMatrixLayoutCreate(&l, o->type, (uint64_t)o->rows, (uint64_t)o->columns, o->lead));
	BLAS(cublasLtMatrixLayoutSetAttribute(l, CUBLASLT_MATRIX_LAYOUT_ORDER, &order, sizeof order));
	BLAS(cublasLtMatrixLayoutSetAttribute(l, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &n, sizeof n));
	BLAS(cublasLtMatrixLayoutSetAttribute(l, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride));
	return l;
}

static cublasLtMatmulDesc_t describe(const struct product *p)
{
	cublasOperation_t a = p->turn_a ? CUBLAS_OP_T : CUBLAS_OP_N, b = p->turn_b ? CUBLAS_OP_T : CUBLAS_OP_N;
	cublasLtEpilogue_t epilogue = p->biased ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
	cublasLtMatmulDesc_t d;

	BLAS(cublasLtMatmulDescCreate(&d, CUBLAS_COMPUTE_32F, CUDA_R_32F));
	BLAS(cublasLtMatmulDescSetAttribute(d, CUBLASLT_MATMUL_DESC_TRANSA, &a, sizeof a));
	BLAS(cublasLtMatmulDescSetAttribute(d, CUBLASLT_MATMUL_DESC_TRANSB, &b, sizeof b));
	BLAS(cublasLtMatmulDescSetAttribute(d, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue));
	if (p->biased)
		BLAS(cublasLtMatmulDescSetAttribute(d, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &p->bias.device, sizeof p->bias.device));
	return d;
}

struct matmul {
	cublasLtHandle_t handle;
	cublasLtMatmulDesc_t how;
	cublasLtMatrixLayout_t a, b, d;
	cublasLtMatmulPreference_t preference;
	cublasLtMatmulHeuristicResult_t found;
	void *workspace;
	size_t n_workspace;
};

static void set_up(struct matmul *m, const struct product *p)
{
	uint32_t in_float32 = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_INPLACE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
	int n = 0;

	m->n_workspace = 1024;
	BLAS(cublasLtCreate(&m->handle));
	m->how = describe(p);
	m->a = layout(&p->a, p->n);
	m->b = layout(&p->b, p->n);
	m->d = layout(&p->d, p->n);
	CALL(cudaMalloc(&m->workspace, m->n_workspace));
	BLAS(cublasLtMatmulPreferenceCreate(&m->preference));
	BLAS(cublasLtMatmulPreferenceSetAttribute(m->preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &m->n_workspace, sizeof m->n_workspace));
	/* else parts of a sum may wait in the type of the result */
	BLAS(cublasLtMatmulPreferenceSetAttribute(m->preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &in_float32, sizeof in_float32));
	BLAS(cublasLtMatmulAlgoGetHeuristic(m->handle, m->how, m->a, m->b, m->d, m->d, m->preference, 1, &m->found, &n));
	ck_assert_int_eq(n, 1);
}

static cublasStatus_t run(const struct matmul *m, const struct product *p, size_t n_workspace)
{
	return cublasLtMatmul(m->handle, m->how, &p->alpha, p->a.device, m->a, p->b.device, m->b, &p->beta, p->d.device, m->d, p->d.device, m->d,
		&m->found.algo, m->workspace, n_workspace, NULL);
}

static void tear_down(struct matmul *m)
{
	cublasLtMatmulPreferenceDestroy(m->preference);
	cublasLtMatrixLayoutDestroy(m->a);
	cublasLtMatrixLayoutDestroy(m->b);
	cublasLtMatrixLayoutDestroy(m->d);
	cublasLtMatmulDescDestroy(m->how);
	cublasLtDestroy(m->handle);
	CALL(cudaFree(m->workspace));
}

START_TEST(matmul)
{
	size_t alive = emu_alive();
	struct product p;
	struct matmul m;

	for (int kind = 0; kind < 2 * N_KINDS; kind++) {
		make_product(&p, types[_i][0], types[_i][1], kind);
		p.biased = kind >= N_KINDS;
		set_up(&m, &p);
		BLAS(run(&m, &p, m.n_workspace));
		check(&p);
		tear_down(&m);
		drop_product(&p);
	}
	ck_assert_uint_eq(emu_alive(), alive);
}
END_TEST

/* Matrices that lie by rows. */
START_TEST(row_order)
{
	struct product p = { .alpha = 1, .beta = 1, .n = BATCH };
	struct matmul m;

	make(&p.a, types[_i][0], M, K, true, 1);
	make(&p.b, types[_i][0], K, N, true, 2);
	make(&p.d, types[_i][1], M, N, true, 3);
	make(&p.bias, types[_i][1], M, 1, false, 4);
	set_up(&m, &p);
	BLAS(run(&m, &p, m.n_workspace));
	check(&p);
	tear_down(&m);
	drop_product(&p);
}
END_TEST

START_TEST(refusals)
{
	struct product p, q;
	struct matmul m, other;

	make_product(&p, CUDA_R_16BF, CUDA_R_16F, 0);
	make_product(&q, CUDA_R_16BF, CUDA_R_16BF, 0);
	set_up(&m, &q);
	ck_assert_int_eq(run(&m, &q, m.n_workspace / 2), CUBLAS_STATUS_INVALID_VALUE);          /* less workspace than it was chosen for */
	other = m;
	other.d = layout(&p.d, p.n);
	ck_assert_int_eq(run(&other, &q, m.n_workspace), CUBLAS_STATUS_NOT_SUPPORTED);           /* bfloat16 in, float16 out */
	cublasLtMatrixLayoutDestroy(other.d);
	other.d = layout(&q.a, q.n);
	ck_assert_int_eq(run(&other, &q, m.n_workspace), CUBLAS_STATUS_INVALID_VALUE);           /* shapes */
	cublasLtMatrixLayoutDestroy(other.d);
	emu_fail("cublasLtMatmul", 1, cudaErrorMemoryAllocation, 0);
	ck_assert_int_eq(run(&m, &q, m.n_workspace), CUBLAS_STATUS_ALLOC_FAILED);
	emu_device_reset();
	BLAS(run(&m, &q, m.n_workspace));
	tear_down(&m);
	drop_product(&p);
	drop_product(&q);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("emu_blas");
	TCase *test = tcase_create("blas");

	tcase_add_loop_test(test, gemm, 0, N_TYPES);
	tcase_add_loop_test(test, matmul, 0, N_TYPES);
	tcase_add_loop_test(test, row_order, 0, N_TYPES);
	tcase_add_test(test, refusals);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
