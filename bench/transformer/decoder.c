/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decoder.c - the Transformer's host side. Products are cuBLASLt's, with the residual added in float32 by the product
 * itself; a step is captured in a graph once and replayed, so that launches cost as little as they can.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "bench/transformer/decoder.h"

#include "bench/transformer/attention.h"
#include "kernels/cuda/kernels.h"

#include <cublasLt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORKSPACE ((size_t)32 << 20)
#define CHUNK_ROWS 8192u        /* of the prompts that are read at once */
#define N_PLANS 16
#define FILLING 528u            /* blocks that fill a device of 132 multiprocessors well */
#define MOST_SPLITS 16u

static const struct decoder_shape shapes[] = {
	{ "mamba-130m", 12, 768, 12, 64, 2048, 50280 },
	{ "mamba-1.4b", 24, 2048, 16, 128, 5504, 50280 },
	{ "mamba-2.8b", 32, 2560, 32, 80, 6912, 50280 },
};

struct layer {
	void *qkv, *out, *up, *down, *keys, *values;
};

/* How cuBLASLt does one shape of product. */
struct plan {
	uint32_t rows, k, n_rows, in_stride;
	cudaDataType_t type;
	cublasLtMatmulDesc_t how;
	cublasLtMatrixLayout_t a, b, c;
	cublasLtMatmulAlgo_t algorithm;
};

struct decoder {
	const struct decoder_shape *shape;
	uint32_t n_sequences, n_prompt, capacity, group;        /* group: sequences whose prompts are read at once */
	struct layer *layers;
	void *table, *normed, *qkv, *attended, *up, *gated, *workspace;
	float *x, *logits, *norm, *turns, *partial;
	int32_t *prompt, *token;
	uint32_t *length;
	void *blocks[512];
	size_t n_blocks;
	struct plan plans[N_PLANS];
	size_t n_plans;
	cublasLtHandle_t blas;
	cudaStream_t stream;
	cudaGraphExec_t step;
};

/* ---- what goes wrong ------------------------------------------------------------------------- */

static const char *cuda(cudaError_t error)
{
	return error == cudaSuccess ? NULL : cudaGetErrorString(error);
}

static const char *blas(cublasStatus_t status)
{
	return status == CUBLAS_STATUS_SUCCESS ? NULL : cublasLtGetStatusString(status);
}

/* ---- sizes -------------------------------------------------------------------------------------- */

const struct decoder_shape *decoder_shape(const char *mamba)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (!strcmp(shapes[i].mamba, mamba))
			return &shapes[i];
	return NULL;
}

double decoder_parameters(const struct decoder_shape *s)
{
	double width = s->width;

	return s->n_layers * (4 * width * width + 3 * width * s->hidden + 2 * width) + width + width * s->vocab;
}

double decoder_cache_bytes(const struct decoder_shape *s, uint32_t capacity)
{
	return 4.0 * s->n_layers * s->width * capacity;
}

static uint32_t group_of(uint32_t n_sequences, uint32_t n_prompt)
{
	uint32_t group = CHUNK_ROWS / n_prompt;

	return group < 1 ? 1 : group < n_sequences ? group : n_sequences;
}

/* Bytes of a row of everything that is not a weight or a cache. */
static double row_bytes(const struct decoder_shape *s)
{
	return 4.0 * s->width + 2.0 * (5.0 * s->width + 3.0 * s->hidden);
}

const char *decoder_most(uint32_t *out, const struct decoder_shape *s, uint32_t n_prompt, uint32_t n_new)
{
	size_t free_bytes, all;
	const char *error = cuda(cudaMemGetInfo(&free_bytes, &all));
	double rows = n_prompt > CHUNK_ROWS ? n_prompt : CHUNK_ROWS, left, each = decoder_cache_bytes(s, n_prompt + n_new) + 4.0 * s->vocab;

	if (error)
		return error;
	left = 0.97 * (double)free_bytes - 2 * decoder_parameters(s) - rows * row_bytes(s) - (double)WORKSPACE - 1e9;
	*out = left < each ? 0 : left / each > 65535 ? 65535 : (uint32_t)(left / each);
	return NULL;
}

/* ---- memory ---------------------------------------------------------------------------------------- */

static void *take(struct decoder *d, size_t size, const char **error)
{
	void *at = NULL;

	if (*error)
		return NULL;
	if (d->n_blocks == sizeof d->blocks / sizeof *d->blocks) {
		*error = "too many blocks of memory";
		return NULL;
	}
	*error = cuda(cudaMalloc(&at, size));
	if (!*error)
		d->blocks[d->n_blocks++] = at;
	return at;
}

static void *weights(struct decoder *d, size_t rows, size_t k, const char **error)
{
	void *at = take(d, rows * k * 2, error);

	if (!*error)
		*error = cuda(dense_fill(at, rows * k, sqrtf(3.0f / (float)k), (uint32_t)d->n_blocks, d->stream));
	return at;
}

static const char *send(void *to, const void *from, size_t size)
{
	return cuda(cudaMemcpy(to, from, size, cudaMemcpyHostToDevice));
}

static const char *fill_tables(struct decoder *d)
{
	const struct decoder_shape *s = d->shape;
	uint32_t half = s->head_dim / 2;
	size_t n_tokens = (size_t)d->n_sequences * d->n_prompt;
	float *norm = malloc(s->width * sizeof *norm), *turns = malloc((size_t)d->capacity * s->head_dim * sizeof *turns);
	int32_t *tokens = malloc(n_tokens * sizeof *tokens);
	const char *error = norm && turns && tokens ? NULL : "out of memory";

	for (uint32_t i = 0; !error && i < s->width; i++)
		norm[i] = 1;
	for (uint32_t t = 0; !error && t < d->capacity; t++)
		for (uint32_t i = 0; i < half; i++) {
			double angle = t * pow(10000, -2.0 * i / s->head_dim);

			turns[((size_t)t * half + i) * 2] = (float)cos(angle);
			turns[((size_t)t * half + i) * 2 + 1] = (float)sin(angle);
		}
	for (size_t i = 0; !error && i < n_tokens; i++)
		tokens[i] = (int32_t)((i * 2654435761u + 12345) % s->vocab);
	if (!error)
		error = send(d->norm, norm, s->width * sizeof *norm);
	if (!error)
		error = send(d->turns, turns, (size_t)d->capacity * s->head_dim * sizeof *turns);
	if (!error)
		error = send(d->prompt, tokens, n_tokens * sizeof *tokens);
	free(norm);
	free(turns);
	free(tokens);
	return error;
}

static struct attention attention(const struct decoder *d, uint32_t first, uint32_t n_sequences, uint32_t n_rows, const struct layer *layer)
{
	const struct decoder_shape *s = d->shape;
	size_t at = (size_t)first * d->capacity * s->width * 2;
	uint32_t splits = (FILLING + n_sequences * s->n_heads - 1) / (n_sequences * s->n_heads);

	return (struct attention){ d->qkv, layer ? (char *)layer->keys + at : NULL, layer ? (char *)layer->values + at : NULL, d->attended, d->turns, d->length, d->partial,
		n_sequences, n_rows, s->n_heads, s->head_dim, d->capacity, splits < MOST_SPLITS ? splits : MOST_SPLITS };
}

static const char *take_all(struct decoder *d)
{
	const struct decoder_shape *s = d->shape;
	size_t rows = (size_t)d->group * d->n_prompt, width = s->width, cache = (size_t)d->n_sequences * d->capacity * width * 2;
	struct attention step = attention(d, 0, d->n_sequences, 1, NULL);
	const char *error = NULL;

	if (rows < d->n_sequences)
		rows = d->n_sequences;
	for (uint32_t i = 0; i < s->n_layers; i++) {
		struct layer *layer = &d->layers[i];

		layer->qkv = weights(d, 3 * width, width, &error);
		layer->out = weights(d, width, width, &error);
		layer->up = weights(d, 2 * (size_t)s->hidden, width, &error);
		layer->down = weights(d, width, s->hidden, &error);
		layer->keys = take(d, cache, &error);
		layer->values = take(d, cache, &error);
	}
	d->table = weights(d, s->vocab, width, &error);
	d->x = take(d, rows * width * 4, &error);
	d->normed = take(d, rows * width * 2, &error);
	d->qkv = take(d, rows * width * 6, &error);
	d->attended = take(d, rows * width * 2, &error);
	d->up = take(d, rows * s->hidden * 4, &error);
	d->gated = take(d, rows * s->hidden * 2, &error);
	d->workspace = take(d, WORKSPACE, &error);
	d->logits = take(d, (size_t)d->n_sequences * s->vocab * 4, &error);
	d->norm = take(d, width * 4, &error);
	d->turns = take(d, (size_t)d->capacity * s->head_dim * 4, &error);
	d->partial = take(d, attend_partial(&step) * 4 + 4, &error);
	d->prompt = take(d, (size_t)d->n_sequences * d->n_prompt * 4, &error);
	d->token = take(d, (size_t)d->n_sequences * 4, &error);
	d->length = take(d, 4, &error);
	return error ? error : fill_tables(d);
}

/* ---- products ----------------------------------------------------------------------------------------- */

static const char *describe(struct decoder *d, struct plan *plan)
{
	cublasOperation_t turned = CUBLAS_OP_T;
	cublasLtMatmulPreference_t preference = NULL;
	cublasLtMatmulHeuristicResult_t result;
	size_t workspace = WORKSPACE;
	uint32_t aligned = 16, schemes = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_INPLACE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
	int n = 0;
	const char *error = blas(cublasLtMatmulDescCreate(&plan->how, CUBLAS_COMPUTE_32F, CUDA_R_32F));

	if (!error)
		error = blas(cublasLtMatmulDescSetAttribute(plan->how, CUBLASLT_MATMUL_DESC_TRANSA, &turned, sizeof turned));
	if (!error)
		error = blas(cublasLtMatrixLayoutCreate(&plan->a, CUDA_R_16BF, plan->k, plan->rows, plan->k));
	if (!error)
		error = blas(cublasLtMatrixLayoutCreate(&plan->b, CUDA_R_16BF, plan->k, plan->n_rows, plan->in_stride));
	if (!error)
		error = blas(cublasLtMatrixLayoutCreate(&plan->c, plan->type, plan->rows, plan->n_rows, plan->rows));
	if (!error)
		error = blas(cublasLtMatmulPreferenceCreate(&preference));
	if (!error)
		error = blas(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace));
	/* the logits of a sequence begin where those before it end */
	if (!error)
		error = blas(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &aligned, sizeof aligned));
	if (!error)
		error = blas(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &aligned, sizeof aligned));
	if (!error)
		error = blas(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes, sizeof schemes));
	if (!error)
		error = blas(cublasLtMatmulAlgoGetHeuristic(d->blas, plan->how, plan->a, plan->b, plan->c, plan->c, preference, 1, &result, &n));
	if (preference)
		cublasLtMatmulPreferenceDestroy(preference);
	if (!error && n < 1)
		error = "cuBLASLt knows no way to multiply these sizes";
	if (!error)
		plan->algorithm = result.algo;
	return error;
}

/* out [n_rows, rows] (+)= in [n_rows, k] matrix [rows, k]^T, all row-major; to cuBLAS, which counts by columns, the transpose. */
static const char *multiply(struct decoder *d, void *out, cudaDataType_t type, const void *matrix, uint32_t rows, uint32_t k, const void *in, uint32_t n_rows)
{
	struct plan wanted = { .rows = rows, .k = k, .n_rows = n_rows, .in_stride = k, .type = type }, *plan = NULL;
	bool residual = type == CUDA_R_32F && rows == d->shape->width;
	float one = 1, old = residual ? 1 : 0;
	const char *error = NULL;

	for (size_t i = 0; i < d->n_plans && !plan; i++) {
		struct plan *p = &d->plans[i];

		if (p->rows == rows && p->k == k && p->n_rows == n_rows && p->type == type)
			plan = p;
	}
	if (!plan) {
		if (d->n_plans == N_PLANS)
			return "too many shapes of products";
		plan = &d->plans[d->n_plans++];
		*plan = wanted;
		error = describe(d, plan);
	}
	return error ? error : blas(cublasLtMatmul(d->blas, plan->how, &one, matrix, plan->a, in, plan->b, &old, out, plan->c, out, plan->c, &plan->algorithm,
		d->workspace, WORKSPACE, d->stream));
}

/* ---- layers --------------------------------------------------------------------------------------------- */

/* Every stride-th row of x, normed. */
static const char *normalise(struct decoder *d, const float *x, uint32_t stride, uint32_t n_rows)
{
	uint32_t width = d->shape->width;
	struct kc_norm norm = { d->norm, NULL, 1e-5f, 0 };
	struct kc_rows out = { d->normed, width, KC_BF16 };

	return cuda(kc_norm_rows(x, stride * width, &norm, out, n_rows, width, d->stream));
}

static const char *run_layer(struct decoder *d, const struct layer *layer, uint32_t first, uint32_t n_sequences, uint32_t n_rows)
{
	const struct decoder_shape *s = d->shape;
	struct attention a = attention(d, first, n_sequences, n_rows, layer);
	uint32_t n = n_sequences * n_rows;
	const char *error = normalise(d, d->x, 1, n);

	if (!error)
		error = multiply(d, d->qkv, CUDA_R_16BF, layer->qkv, 3 * s->width, s->width, d->normed, n);
	if (!error)
		error = cuda(attend_rotate(&a, d->stream));
	if (!error)
		error = cuda(n_rows == 1 ? attend_step(&a, d->stream) : attend_prompt(&a, d->stream));
	if (!error)
		error = multiply(d, d->x, CUDA_R_32F, layer->out, s->width, s->width, d->attended, n);
	if (!error)
		error = normalise(d, d->x, 1, n);
	if (!error)
		error = multiply(d, d->up, CUDA_R_16BF, layer->up, 2 * s->hidden, s->width, d->normed, n);
	if (!error)
		error = cuda(dense_gate(d->gated, d->up, n, s->hidden, d->stream));
	return error ? error : multiply(d, d->x, CUDA_R_32F, layer->down, s->width, s->hidden, d->gated, n);
}

/* n_rows tokens of each of n_sequences from `first` on; the logits of the last ones. */
static const char *run_rows(struct decoder *d, const int32_t *tokens, uint32_t first, uint32_t n_sequences, uint32_t n_rows)
{
	const struct decoder_shape *s = d->shape;
	const char *error = cuda(dense_embed(d->x, d->table, tokens, n_sequences * n_rows, s->width, d->stream));

	for (uint32_t i = 0; i < s->n_layers && !error; i++)
		error = run_layer(d, &d->layers[i], first, n_sequences, n_rows);
	if (!error)
		error = normalise(d, d->x + (size_t)(n_rows - 1) * s->width, n_rows, n_sequences);
	return error ? error : multiply(d, d->logits + (size_t)first * s->vocab, CUDA_R_32F, d->table, s->vocab, s->width, d->normed, n_sequences);
}

static const char *queue_step(struct decoder *d)
{
	const char *error = run_rows(d, d->token, 0, d->n_sequences, 1);

	return error ? error : cuda(dense_pick(d->token, d->logits, d->n_sequences, d->shape->vocab, d->length, 1, d->stream));
}

static const char *capture_step(struct decoder *d)
{
	cudaGraph_t graph = NULL;
	const char *error = cuda(cudaStreamBeginCapture(d->stream, cudaStreamCaptureModeRelaxed)), *ended;

	if (error)
		return error;
	error = queue_step(d);
	ended = cuda(cudaStreamEndCapture(d->stream, &graph));
	if (!error)
		error = ended;
	if (!error)
		error = cuda(cudaGraphInstantiate(&d->step, graph, 0));
	if (graph)
		cudaGraphDestroy(graph);
	return error;
}

const char *decoder_prompt(struct decoder *d)
{
	const char *error = cuda(cudaMemsetAsync(d->length, 0, sizeof *d->length, d->stream));

	for (uint32_t first = 0; first < d->n_sequences && !error; first += d->group) {
		uint32_t n = d->n_sequences - first < d->group ? d->n_sequences - first : d->group;

		error = run_rows(d, d->prompt + (size_t)first * d->n_prompt, first, n, d->n_prompt);
	}
	if (!error)
		error = cuda(dense_pick(d->token, d->logits, d->n_sequences, d->shape->vocab, d->length, d->n_prompt, d->stream));
	return error ? error : cuda(cudaStreamSynchronize(d->stream));
}

const char *decoder_steps(struct decoder *d, uint32_t n)
{
	const char *error = NULL;

	for (uint32_t i = 0; i < n && !error; i++)
		error = cuda(cudaGraphLaunch(d->step, d->stream));
	return error ? error : cuda(cudaStreamSynchronize(d->stream));
}

const char *decoder_set_prompt(struct decoder *d, const int32_t *tokens)
{
	return send(d->prompt, tokens, (size_t)d->n_sequences * d->n_prompt * sizeof *tokens);
}

const char *decoder_read(const struct decoder *d, float *logits, int32_t *tokens)
{
	const char *error = cuda(cudaMemcpy(logits, d->logits, (size_t)d->n_sequences * d->shape->vocab * sizeof *logits, cudaMemcpyDeviceToHost));

	return error ? error : cuda(cudaMemcpy(tokens, d->token, d->n_sequences * sizeof *tokens, cudaMemcpyDeviceToHost));
}

/* ---- opening ---------------------------------------------------------------------------------------------- */

const char *decoder_open(struct decoder **out, const struct decoder_shape *shape, uint32_t n_sequences, uint32_t n_prompt, uint32_t n_new)
{
	struct decoder *d = calloc(1, sizeof *d);
	const char *error = NULL;

	*out = d;
	if (!d)
		return "out of memory";
	d->shape = shape;
	d->n_sequences = n_sequences;
	d->n_prompt = n_prompt;
	d->capacity = n_prompt + n_new;
	d->group = group_of(n_sequences, n_prompt);
	d->layers = calloc(shape->n_layers, sizeof *d->layers);
	if (!d->layers)
		return "out of memory";
	if (!attend_head_dim(shape->head_dim))
		error = "there is no attention for heads of this size";
	if (!error)
		error = cuda(cudaStreamCreate(&d->stream));
	if (!error)
		error = blas(cublasLtCreate(&d->blas));
	if (!error)
		error = take_all(d);
	return error ? error : capture_step(d);
}

void decoder_close(struct decoder *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_plans; i++) {
		if (d->plans[i].how)
			cublasLtMatmulDescDestroy(d->plans[i].how);
		if (d->plans[i].a)
			cublasLtMatrixLayoutDestroy(d->plans[i].a);
		if (d->plans[i].b)
			cublasLtMatrixLayoutDestroy(d->plans[i].b);
		if (d->plans[i].c)
			cublasLtMatrixLayoutDestroy(d->plans[i].c);
	}
	if (d->step)
		cudaGraphExecDestroy(d->step);
	for (size_t i = 0; i < d->n_blocks; i++)
		cudaFree(d->blocks[i]);
	if (d->blas)
		cublasLtDestroy(d->blas);
	if (d->stream)
		cudaStreamDestroy(d->stream);
	free(d->layers);
	free(d);
}
