/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload.c - brings a plan's tensors into device memory. Matrices go as they are stored, through
 * two pinned buffers in turn, or are quantised there; small tensors are widened and laid out for
 * the kernels on the way.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)8 << 20)

struct upload {
	struct emodel *model;
	char *buffer[2];                /* pinned */
	cudaEvent_t sent[2];
	int next;
	float *wide;                    /* a small tensor */
	size_t n_wide;
};

/* ---- bytes --------------------------------------------------------------------------------- */

static cudaError_t send_piece(struct upload *up, void *to, const void *from, size_t n)
{
	cudaError_t error = cudaEventSynchronize(up->sent[up->next]);

	if (error == cudaSuccess) {
		memcpy(up->buffer[up->next], from, n);
		error = cudaMemcpyAsync(to, up->buffer[up->next], n, cudaMemcpyHostToDevice, up->model->stream);
	}
	if (error == cudaSuccess)
		error = cudaEventRecord(up->sent[up->next], up->model->stream);
	up->next ^= 1;
	return error;
}

static cudaError_t send(struct upload *up, void *to, const void *from, size_t n)
{
	cudaError_t error = cudaSuccess;

	for (size_t at = 0; at < n && error == cudaSuccess; at += BUFFER_BYTES)
		error = send_piece(up, (char *)to + at, (const char *)from + at, n - at < BUFFER_BYTES ? n - at : BUFFER_BYTES);
	return error;
}

/* ---- matrices ------------------------------------------------------------------------------ */

static enum kc_type type_of(const struct tensor *tensor)
{
	return tensor->type == DTYPE_F32 ? KC_F32 : tensor->type == DTYPE_F16 ? KC_F16 : KC_BF16;
}

/* From the arena's begin, where they are as stored. */
static cudaError_t change(struct upload *up, struct kc_matrix *to, enum kc_type stored)
{
	struct kc_matrix from = { .data = up->model->arena.base, .rows = to->rows, .k = to->k, .type = stored };

	if (to->group)
		return kc_quantise(from.data, stored, to, up->model->stream);
	return kc_widen(&from, (void *)(uintptr_t)to->data, (enum kc_type)to->type, up->model->stream);
}

/* Some rows at a time, as many as the arena, which nobody uses yet, holds as they are stored. */
static cudaError_t send_changed(struct upload *up, const struct kc_matrix *matrix, const struct tensor *tensor)
{
	const struct arena *arena = &up->model->arena;
	size_t row = (size_t)matrix->k * krait__dtype_size(tensor->type), groups = matrix->group ? (matrix->k + (size_t)matrix->group - 1) / matrix->group : 0;
	size_t room = arena->size / row, most = room < matrix->rows ? room : matrix->rows;
	cudaError_t error = most ? cudaSuccess : cudaErrorMemoryAllocation;

	for (size_t at = 0; at < matrix->rows && error == cudaSuccess; at += most) {
		size_t n = matrix->rows - at < most ? matrix->rows - at : most;
		struct kc_matrix part = *matrix, done = *matrix;

		done.rows = (uint32_t)at;
		part.rows = (uint32_t)n;
		part.data = (const char *)matrix->data + krait__cuda_matrix_bytes(&done);
		part.scales = groups ? matrix->scales + at * groups : NULL;
		error = send(up, arena->base, (const char *)tensor->data + at * row, n * row);
		if (error == cudaSuccess)
			error = change(up, &part, type_of(tensor));
	}
	return error;
}

static cudaError_t send_matrix(struct upload *up, const struct kc_matrix *matrix, const struct tensor *tensor)
{
	if (!tensor)
		return cudaSuccess;
	if (matrix->type != type_of(tensor))
		return send_changed(up, matrix, tensor);
	return send(up, (void *)(uintptr_t)matrix->data, tensor->data, krait__cuda_matrix_bytes(matrix));
}

/* ---- small tensors --------------------------------------------------------------------------- */

static size_t count(const struct tensor *tensor)
{
	size_t n = 1;

	for (uint32_t i = 0; i < tensor->rank; i++)
		n *= (size_t)tensor->shape[i];
	return n;
}

static cudaError_t send_wide(struct upload *up, const float *to, size_t n)
{
	return send(up, (void *)(uintptr_t)to, up->wide, n * sizeof(float));
}

static cudaError_t send_vector(struct upload *up, const float *to, const struct tensor *tensor)
{
	if (!tensor || !to)
		return cudaSuccess;
	krait__widen(up->wide, tensor->data, tensor->type, count(tensor));
	return send_wide(up, to, count(tensor));
}

static cudaError_t send_narrow(struct upload *up, void *to, const struct tensor *tensor)
{
	size_t n;

	if (!tensor || up->model->activations == KC_F32)
		return cudaSuccess;
	n = count(tensor);
	krait__widen(up->wide + n, tensor->data, tensor->type, n);
	krait__narrow(up->wide, DTYPE_F16, up->wide + n, n);
	return send(up, to, up->wide, n * krait__dtype_size(DTYPE_F16));
}

/* [channels, d_conv] to [d_conv, channels]. */
static cudaError_t send_conv(struct upload *up, const struct cuda_ready *ready, const struct tensor *tensor)
{
	size_t channels = ready->n_channels, n = ready->part->d_conv;
	float *as_stored = up->wide + channels * n;

	krait__widen(as_stored, tensor->data, tensor->type, channels * n);
	for (size_t c = 0; c < channels; c++)
		for (size_t k = 0; k < n; k++)
			up->wide[k * channels + c] = as_stored[c * n + k];
	return send_wide(up, ready->conv, channels * n);
}

/* A = -exp(A_log) */
static cudaError_t send_a(struct upload *up, const struct cuda_ready *ready, const struct tensor *tensor)
{
	size_t n = count(tensor);

	krait__widen(up->wide, tensor->data, tensor->type, n);
	for (size_t i = 0; i < n; i++)
		up->wide[i] = -expf(up->wide[i]);
	return send_wide(up, ready->a, n);
}

/* D: [heads] or already [channels]. */
static cudaError_t send_d(struct upload *up, const struct cuda_ready *ready, const struct tensor *tensor)
{
	size_t n = ready->part->d_ssm, each = count(tensor) == n ? 1 : ready->part->head_dim;
	float *as_stored = up->wide + n;

	krait__widen(as_stored, tensor->data, tensor->type, count(tensor));
	for (size_t i = 0; i < n; i++)
		up->wide[i] = as_stored[i / each];
	return send_wide(up, ready->d, n);
}

static cudaError_t send_vectors(struct upload *up, const struct cuda_ready *ready)
{
	const struct plan *plan = up->model->plan;
	const struct part *part = ready->part;
	struct { const float *to; enum role role; } plain[] = {
		{ ready->norm, ROLE_NORM }, { ready->norm_bias, ROLE_NORM_BIAS }, { ready->in_bias, ROLE_IN_PROJ_BIAS },
		{ ready->conv_bias, ROLE_CONV_BIAS }, { ready->dt_bias, ROLE_DT_BIAS }, { ready->gate_norm, ROLE_GATE_NORM },
		{ ready->out_bias, ROLE_OUT_PROJ_BIAS },
	};
	cudaError_t error = cudaSuccess;

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain) && error == cudaSuccess; i++)
		error = send_vector(up, plain[i].to, krait__part_tensor(plan, part, plain[i].role));
	if (error == cudaSuccess)
		error = send_narrow(up, ready->in_bias_narrow, krait__part_tensor(plan, part, ROLE_IN_PROJ_BIAS));
	if (error == cudaSuccess)
		error = send_conv(up, ready, krait__part_tensor(plan, part, ROLE_CONV));
	if (error == cudaSuccess)
		error = send_a(up, ready, krait__part_tensor(plan, part, ROLE_A_LOG));
	if (error != cudaSuccess)
		return error;
	if (part->kind == PART_MAMBA1)
		return send_vector(up, ready->d, krait__part_tensor(plan, part, ROLE_D));
	return send_d(up, ready, krait__part_tensor(plan, part, ROLE_D));
}

/* ---- all ------------------------------------------------------------------------------------- */

static cudaError_t send_part(struct upload *up, const struct cuda_ready *ready)
{
	const struct plan *plan = up->model->plan;
	struct { const struct kc_matrix *matrix; enum role role; } all[] = {
		{ &ready->in, ROLE_IN_PROJ }, { &ready->x, ROLE_X_PROJ }, { &ready->dt, ROLE_DT_PROJ }, { &ready->out, ROLE_OUT_PROJ },
	};
	cudaError_t error = send_vectors(up, ready);

	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && error == cudaSuccess; i++)
		error = send_matrix(up, all[i].matrix, krait__part_tensor(plan, ready->part, all[i].role));
	return error;
}

static cudaError_t send_all(struct upload *up)
{
	struct emodel *model = up->model;
	const struct plan *plan = model->plan;
	cudaError_t error = send_matrix(up, &model->embedding, &plan->tensors[plan->embedding]);

	if (error == cudaSuccess && plan->head != plan->embedding)
		error = send_matrix(up, &model->head, &plan->tensors[plan->head]);
	if (error == cudaSuccess)
		error = send_vector(up, model->final_norm.weight, &plan->tensors[plan->norm]);
	if (error == cudaSuccess && plan->norm_bias != NO_TENSOR)
		error = send_vector(up, model->final_norm.bias, &plan->tensors[plan->norm_bias]);
	for (uint32_t i = 0; i < plan->n_parts && error == cudaSuccess; i++)
		error = send_part(up, &model->parts[i]);
	return error == cudaSuccess ? cudaStreamSynchronize(model->stream) : error;
}

/* Room for any small tensor twice. */
static size_t wide_floats(const struct plan *plan)
{
	size_t most = 0;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];
		size_t channels = krait__geometry(part).channels, sizes[] = { channels * part->d_conv,
			(size_t)part->d_inner * part->d_state, plan->width, 2 * (size_t)part->d_inner + channels + part->n_heads };

		for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++)
			most = most > sizes[k] ? most : sizes[k];
	}
	return 2 * most;
}

krait_status krait__cuda_upload(struct emodel *model, struct why *why)
{
	struct upload up = { .model = model, .wide = krait__alloc(wide_floats(model->plan), sizeof(float)) };
	cudaError_t error = up.wide ? cudaSuccess : cudaErrorMemoryAllocation;

	for (int i = 0; i < 2 && error == cudaSuccess; i++) {
		error = cudaHostAlloc((void **)&up.buffer[i], BUFFER_BYTES, cudaHostAllocDefault);
		if (error == cudaSuccess)
			error = cudaEventCreateWithFlags(&up.sent[i], cudaEventDisableTiming);
	}
	if (error == cudaSuccess)
		error = send_all(&up);
	for (int i = 0; i < 2; i++) {
		if (up.sent[i])
			cudaEventDestroy(up.sent[i]);
		if (up.buffer[i])
			cudaFreeHost(up.buffer[i]);
	}
	krait__free(up.wide);
	return error == cudaSuccess ? KRAIT_OK : krait__cuda_why(error, "bringing the weights to the device", why);
}
