/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.c - one token for each of up to 1,024 sequences, as a graph that is launched as a whole.
 * There is one graph for each number of rows that is a power of two; rows that are too many have
 * no slot, and kernels leave them out.
 *
 * What a graph reads beside weights and slots stands in the call's block, at places that only
 * its number of rows decides.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"

uint32_t krait__cuda_bucket(uint32_t n_rows)
{
	uint32_t index = 0;

	while ((1u << index) < n_rows)
		index++;
	return index;
}

static struct kc_norm norm_of(const struct emodel *model, const struct cuda_ready *ready)
{
	return (struct kc_norm){ ready->norm, ready->norm_bias, ready->part->eps, model->plan->layer_norm };
}

static cudaError_t queue_in(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	const struct arena *a = &model->arena;
	struct kc_in in = {
		.x = a->decode.x, .norm = norm_of(model, ready), .in = ready->in, .in_bias = ready->in_bias,
		.conv = ready->conv, .conv_bias = ready->conv_bias,
		.conv_first = ready->conv_first, .n_channels = ready->n_channels, .d_conv = ready->part->d_conv, .conv_at = ready->conv_at,
		.u = a->decode.u, .u_stride = model->sizes.channels,
		.projected = a->decode.projected, .projected_stride = model->sizes.projected, .fast = model->fast,
	};

	return krait__cuda_mark(model, "in", kc_decode_in(&in, pieces, model->stream));
}

static cudaError_t queue_small(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	const struct arena *a = &model->arena;
	struct kc_product product = {
		.matrix = ready->x, .in = a->decode.u, .in_stride = model->sizes.channels,
		.slot = pieces->slot, .out = a->decode.small, .out_stride = model->sizes.small, .n_rows = pieces->n_rows, .fast = model->fast,
	};

	return krait__cuda_mark(model, "x_proj", kc_decode_product(&product, model->stream));
}

static cudaError_t queue_step1(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	const struct arena *a = &model->arena;
	const struct part *part = ready->part;
	struct kc_step1 step = {
		.small = a->decode.small, .small_stride = model->sizes.small, .u = a->decode.u, .u_stride = model->sizes.channels,
		.z = a->decode.projected + ready->z_at, .z_stride = model->sizes.projected,
		.dt = ready->dt, .dt_bias = ready->dt_bias, .a = ready->a, .d = ready->d,
		.d_inner = part->d_inner, .d_state = part->d_state, .rank = part->rank, .ssm_at = ready->ssm_at,
		.y = a->decode.y, .y_stride = model->sizes.inner, .fast = model->fast,
	};

	return krait__cuda_mark(model, "step", kc_decode_step1(&step, pieces, model->stream));
}

static bool gates_last(const struct cuda_ready *ready)
{
	return ready->gate_norm && (ready->part->flags & PART_NORM_BEFORE_GATE);
}

static cudaError_t queue_step2(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	const struct arena *a = &model->arena;
	const struct part *part = ready->part;
	struct kc_step2 step = {
		.projected = a->decode.projected, .projected_stride = model->sizes.projected, .dt_first = ready->dt_at,
		.u = a->decode.u, .u_stride = model->sizes.channels, .dt_bias = ready->dt_bias, .a = ready->a, .d = ready->d,
		.limit_low = part->limit_low, .limit_high = part->limit_high, .d_inner = part->d_inner, .d_ssm = part->d_ssm,
		.d_state = part->d_state, .n_heads = part->n_heads, .head_dim = part->head_dim, .n_groups = part->n_groups,
		.gated = !gates_last(ready), .ssm_at = ready->ssm_at, .y = a->decode.y, .y_stride = model->sizes.inner,
	};

	return krait__cuda_mark(model, "step", kc_decode_step2(&step, pieces, model->stream));
}

static cudaError_t queue_out(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	const struct arena *a = &model->arena;
	struct kc_product product = {
		.matrix = ready->out, .in = a->decode.y, .in_stride = model->sizes.inner, .bias = ready->out_bias,
		.slot = pieces->slot, .out = a->decode.x, .out_stride = model->plan->width, .n_rows = pieces->n_rows, .accumulate = 1, .fast = model->fast,
	};

	if (ready->gate_norm) {
		product.gate_norm = ready->gate_norm;
		product.gate = gates_last(ready) ? a->decode.projected + ready->z_at : NULL;
		product.gate_stride = model->sizes.projected;
		product.n_groups = ready->part->n_groups;
		product.n_normed = ready->part->d_ssm;
		product.eps = ready->part->inner_eps;
	}
	return krait__cuda_mark(model, "out", kc_decode_product(&product, model->stream));
}

bool krait__cuda_loaded(const struct emodel *model, uint32_t i)
{
	return krait__cuda_preparing && i > 0 && model->parts[i].part->kind == model->parts[i - 1].part->kind;
}

static cudaError_t queue_part(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	cudaError_t error = queue_in(model, ready, pieces);

	if (ready->part->kind == PART_MAMBA1) {
		if (error == cudaSuccess)
			error = queue_small(model, ready, pieces);
		if (error == cudaSuccess)
			error = queue_step1(model, ready, pieces);
	} else if (error == cudaSuccess) {
		error = queue_step2(model, ready, pieces);
	}
	return error == cudaSuccess ? queue_out(model, ready, pieces) : error;
}

/* Rows are in x: through all parts, and their hidden vectors into the slots. */
static cudaError_t queue_parts(struct emodel *model, const struct kc_pieces *pieces)
{
	struct kc_hidden hidden = { .x = model->arena.decode.x, .norm = model->final_norm, .slot = pieces->slot, .hidden_at = model->sizes.hidden_at,
		.n = pieces->n_rows, .width = model->plan->width };
	cudaError_t error = cudaSuccess;

	for (uint32_t i = 0; i < model->plan->n_parts && error == cudaSuccess; i++)
		if (!krait__cuda_loaded(model, i))
			error = queue_part(model, &model->parts[i], pieces);
	return error == cudaSuccess ? krait__cuda_mark(model, "hidden", kc_hidden(&hidden, model->stream)) : error;
}

/* The head over hidden vectors where they are, and a draw from each row's logits. */
static cudaError_t queue_draw(struct emodel *model, const struct kc_pieces *pieces, const struct decode_block *block)
{
	const struct arena *a = &model->arena;
	struct kc_product head = { .matrix = model->head, .in_slot = pieces->slot, .in_at = model->sizes.hidden_at,
		.out = a->decode.logits, .out_stride = model->plan->vocab, .n_rows = pieces->n_rows, .fast = model->fast };
	struct kc_sampling *sampling = (struct kc_sampling *)(void *)(a->block + block->sampling);
	struct kc_accept accept = { .x = a->decode.x, .table = model->embedding, .token = a->decode.token, .slot = (float **)(void *)(a->block + block->slot),
		.draw = (struct kc_draw *)(void *)(a->block + block->draw), .sampling = sampling, .n_rows = pieces->n_rows };
	cudaError_t error = krait__cuda_mark(model, "head", kc_decode_product(&head, model->stream));

	if (error == cudaSuccess)
		error = krait__cuda_mark(model, "sample", kc_sample(a->decode.logits, model->plan->vocab, sampling, pieces->slot, a->decode.token,
			pieces->n_rows, model->plan->vocab, model->stream));
	return error == cudaSuccess ? krait__cuda_mark(model, "accept", kc_accept(&accept, model->stream)) : error;
}

static cudaError_t queue_step(struct emodel *model, enum step step, uint32_t n_rows)
{
	struct decode_block block;
	struct kc_pieces pieces = { .n = n_rows, .n_rows = n_rows, .longest = 1 };
	cudaError_t error;

	error = krait__cuda_mark(model, NULL, cudaSuccess);
	if (error != cudaSuccess)
		return error;
	krait__cuda_decode_block(&block, n_rows);
	pieces.slot = (float *const *)(void *)(model->arena.block + block.slot);
	if (step == STEP_DRAW)
		error = queue_draw(model, &pieces, &block);
	else
		error = krait__cuda_mark(model, "embed", kc_embed(model->arena.decode.x, &model->embedding,
			(const int32_t *)(void *)(model->arena.block + block.token), n_rows, model->stream));
	return error == cudaSuccess ? queue_parts(model, &pieces) : error;
}

/* ---- graphs -------------------------------------------------------------------------------- */

static cudaError_t make_graph(struct emodel *model, cudaGraphExec_t *out, enum step step, uint32_t n_rows)
{
	cudaGraph_t graph = NULL;
	cudaError_t error = cudaStreamBeginCapture(model->stream, cudaStreamCaptureModeThreadLocal), ended;

	if (error != cudaSuccess)
		return error;
	error = queue_step(model, step, n_rows);
	ended = cudaStreamEndCapture(model->stream, &graph);
	if (error == cudaSuccess)
		error = ended;
	if (error == cudaSuccess)
		error = cudaGraphInstantiate(out, graph, 0);
	if (error != cudaSuccess)
		*out = NULL;
	if (graph)
		cudaGraphDestroy(graph);
	return error;
}

/* A graph of its own, with an event behind each kernel. */
static cudaError_t profiled_step(struct emodel *model, enum step step, uint32_t n_rows)
{
	size_t n_before = model->profile.n;
	cudaGraphExec_t graph = NULL;
	cudaError_t error = krait__cuda_profile_capture(model);

	if (error == cudaSuccess)
		error = make_graph(model, &graph, step, n_rows);
	if (error == cudaSuccess)
		error = cudaGraphLaunch(graph, model->stream);
	if (error != cudaSuccess && graph) {
		cudaGraphExecDestroy(graph);
		graph = NULL;
	}
	krait__cuda_profile_captured(model, n_before, graph);
	return error;
}

cudaError_t krait__cuda_step(struct emodel *model, enum step step, uint32_t bucket)
{
	cudaGraphExec_t *graph = &model->graphs[step][bucket];
	cudaError_t error;

	if (model->profile.on)
		return profiled_step(model, step, 1u << bucket);
	error = *graph ? cudaSuccess : make_graph(model, graph, step, 1u << bucket);
	return error == cudaSuccess ? cudaGraphLaunch(*graph, model->stream) : error;
}

/* ---- kernels ------------------------------------------------------------------------------- */

/* The kernels of a pass through prefill, with few rows and with many of one sequence, as scans choose by that. */
static cudaError_t load_prefill(struct emodel *model)
{
	const uint32_t rows[] = { 1, model->sizes.prefill_rows };
	cudaError_t error = cudaSuccess;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && error == cudaSuccess; i++) {
		struct kc_pieces pieces = { .n = 1, .n_rows = rows[i], .longest = rows[i] };

		error = krait__cuda_layers(model, &pieces);
	}
	return error;
}

cudaError_t krait__cuda_load_kernels(struct emodel *model)
{
	cudaError_t error = cudaSuccess;

	krait__cuda_preparing = 1;
	for (uint32_t bucket = 0; bucket < N_BUCKETS && error == cudaSuccess; bucket++) {
		error = queue_step(model, STEP_READ, 1u << bucket);
		if (error == cudaSuccess)
			error = queue_step(model, STEP_DRAW, 1u << bucket);
	}
	if (error == cudaSuccess)
		error = load_prefill(model);
	krait__cuda_preparing = 0;
	return error;
}

void krait__cuda_graphs_free(struct emodel *model)
{
	for (int step = 0; step < N_STEPS; step++)
		for (int i = 0; i < N_BUCKETS; i++) {
			if (model->graphs[step][i])
				cudaGraphExecDestroy(model->graphs[step][i]);
			model->graphs[step][i] = NULL;
		}
}
