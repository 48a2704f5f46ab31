/* SPDX-License-Identifier: Apache-2.0 */
/* head.c - logits that a caller wants to see, and scores of given tokens. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"

static cudaError_t fetch_rows(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n)
{
	size_t width = model->plan->width;
	cudaError_t error = cudaSuccess;

	for (size_t i = 0; i < n && error == cudaSuccess; i++) {
		const float *row = hidden && hidden[i] ? hidden[i] : slots[i]->data + model->sizes.hidden_at;

		error = cudaMemcpyAsync(model->arena.decode.x + i * width, row, width * sizeof(float),
			hidden && hidden[i] ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToDevice, model->stream);
	}
	return error;
}

static cudaError_t some_rows(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n, float *const *logits)
{
	size_t vocab = model->plan->vocab;
	struct kc_product head = { .matrix = model->head, .in = model->arena.decode.x, .in_stride = model->plan->width,
		.out = model->arena.decode.logits, .out_stride = model->plan->vocab, .n_rows = (uint32_t)n, .fast = model->fast };
	cudaError_t error = fetch_rows(model, slots, hidden, n);

	if (error == cudaSuccess)
		error = kc_decode_product(&head, model->stream);
	for (size_t i = 0; i < n && error == cudaSuccess; i++)
		error = cudaMemcpyAsync(logits[i], model->arena.decode.logits + i * vocab, vocab * sizeof(float), cudaMemcpyDeviceToHost, model->stream);
	return error == cudaSuccess ? krait__cuda_drain(model) : error;
}

krait_status krait__cuda_logits(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n, float *const *logits, struct why *why)
{
	krait_status status = KRAIT_OK;

	for (size_t at = 0; at < n && status == KRAIT_OK; at += HEAD_ROWS) {
		size_t rows = n - at < HEAD_ROWS ? n - at : HEAD_ROWS;
		cudaError_t error;

		status = krait__cuda_enter(model, why);
		if (status != KRAIT_OK)
			return status;
		error = some_rows(model, slots ? slots + at : NULL, hidden ? hidden + at : NULL, rows, logits + at);
		status = krait__cuda_finish(model, error, "computing logits", false, why);
	}
	return status;
}

/* ---- scores ---------------------------------------------------------------------------------- */

/* In the type that the head's product wants. */
static cudaError_t normed_rows(struct emodel *model, const uint32_t *rows, uint32_t n, struct kc_rows *out)
{
	struct arena *a = &model->arena;
	uint32_t width = model->plan->width;
	struct kc_hidden hidden = { .x = a->prefill.x, .norm = model->final_norm, .row = rows, .out = a->prefill.hidden, .n = n, .width = width };
	struct kc_matrix as_stored = { .data = a->prefill.hidden, .rows = n, .k = width, .type = KC_F32 };
	cudaError_t error = kc_hidden(&hidden, model->stream);

	*out = (struct kc_rows){ a->prefill.hidden, width, KC_F32 };
	if (error != cudaSuccess || model->activations == KC_F32)
		return error;
	*out = (struct kc_rows){ a->prefill.hidden_narrow, width, model->activations };
	return kc_widen(&as_stored, a->prefill.hidden_narrow, model->activations, model->stream);
}

cudaError_t krait__cuda_score_rows(struct emodel *model, const struct prefill_block *block, uint32_t n_scored)
{
	struct arena *a = &model->arena;
	const uint32_t *rows = (const uint32_t *)(void *)(a->block + block->scored_row);
	const int32_t *targets = (const int32_t *)(void *)(a->block + block->target);
	float *scores = (float *)(void *)a->results;
	struct gemm head = { .matrix = &model->head, .out = { a->prefill.logits, model->plan->vocab, KC_F32 } };
	cudaError_t error = cudaSuccess;

	for (uint32_t at = 0; at < n_scored && error == cudaSuccess; at += HEAD_ROWS) {
		head.n_rows = n_scored - at < HEAD_ROWS ? n_scored - at : HEAD_ROWS;
		error = normed_rows(model, rows + at, head.n_rows, &head.in);
		if (error == cudaSuccess)
			error = krait__cuda_gemm(model, &head);
		if (error == cudaSuccess)
			error = kc_score(a->prefill.logits, model->plan->vocab, model->plan->vocab, targets + at, scores + at, head.n_rows, model->stream);
	}
	return error;
}
