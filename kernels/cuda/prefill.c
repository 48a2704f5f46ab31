/* SPDX-License-Identifier: Apache-2.0 */
/* prefill.c - many rows through all parts: products over all of them, recurrences along each piece. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"

/* Some columns of rows, from the at-th on. */
static struct kc_rows columns(const struct emodel *model, void *data, size_t stride, size_t at)
{
	return (struct kc_rows){ (char *)data + at * krait__cuda_type_size(model->activations), (uint32_t)stride, model->activations };
}

static struct kc_rows projected(const struct emodel *model, size_t at)
{
	return columns(model, model->arena.prefill.projected, model->sizes.projected, at);
}

static struct kc_rows convolved(const struct emodel *model)
{
	return columns(model, model->arena.prefill.u, model->sizes.channels, 0);
}

static struct kc_rows result(const struct emodel *model)
{
	return columns(model, model->arena.prefill.y, model->sizes.inner, 0);
}

static struct kc_rows wide_rows(float *data, uint32_t stride)
{
	return (struct kc_rows){ data, stride, KC_F32 };
}

static cudaError_t project(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	struct kc_norm norm = { ready->norm, ready->norm_bias, ready->part->eps, model->plan->layer_norm };
	struct kc_rows normed = columns(model, model->arena.prefill.normed, model->plan->width, 0);
	struct gemm in = { .matrix = &ready->in, .in = normed, .out = projected(model, 0), .bias = ready->in_bias,
		.narrow_bias = ready->in_bias_narrow, .n_rows = pieces->n_rows };
	cudaError_t error = krait__cuda_mark(model, "norm", kc_norm_rows(model->arena.prefill.x, model->plan->width, &norm, normed, pieces->n_rows,
		model->plan->width, model->stream));

	return error == cudaSuccess ? krait__cuda_mark(model, "in_proj", krait__cuda_gemm(model, &in)) : error;
}

static cudaError_t convolve(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	struct kc_conv conv = { .in = projected(model, ready->conv_first), .out = convolved(model), .conv = ready->conv, .conv_bias = ready->conv_bias,
		.n_channels = ready->n_channels, .d_conv = ready->part->d_conv, .conv_at = ready->conv_at };

	return krait__cuda_mark(model, "conv", kc_conv(&conv, pieces, model->stream));
}

/* dt's low rank, B and C come in float32; the product that widens dt may want them narrower. */
static cudaError_t time_steps(struct emodel *model, const struct cuda_ready *ready, uint32_t n_rows)
{
	struct arena *a = &model->arena;
	uint32_t n_small = ready->part->rank + 2 * ready->part->d_state;
	struct gemm small = { .matrix = &ready->x, .in = convolved(model), .out = wide_rows(a->prefill.small, n_small), .n_rows = n_rows };
	struct kc_matrix as_stored = { .data = a->prefill.small, .rows = n_rows, .k = n_small, .type = KC_F32 };
	struct gemm dt = { .matrix = &ready->dt, .in = wide_rows(a->prefill.small, n_small),
		.out = columns(model, a->prefill.dt, ready->part->d_inner, 0), .n_rows = n_rows };
	cudaError_t error = krait__cuda_mark(model, "x_proj", krait__cuda_gemm(model, &small));

	if (error == cudaSuccess && model->activations != KC_F32) {
		error = kc_widen(&as_stored, a->prefill.small_narrow, model->activations, model->stream);
		dt.in = columns(model, a->prefill.small_narrow, n_small, 0);
	}
	return error == cudaSuccess ? krait__cuda_mark(model, "dt_proj", krait__cuda_gemm(model, &dt)) : error;
}

/* Where a long piece is cut for a scan depends on the other pieces of a pass: exact ones are not cut. */
static void *segments(const struct emodel *model)
{
	return model->fast ? model->arena.prefill.scan_workspace : NULL;
}

static cudaError_t scan1(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	struct arena *a = &model->arena;
	const struct part *part = ready->part;
	struct kc_scan1 scan = {
		.dt = columns(model, a->prefill.dt, part->d_inner, 0), .u = convolved(model), .z = projected(model, ready->z_at), .y = result(model),
		.small = a->prefill.small, .small_stride = part->rank + 2 * part->d_state, .rank = part->rank,
		.dt_bias = ready->dt_bias, .a = ready->a, .d = ready->d, .d_inner = part->d_inner, .d_state = part->d_state,
		.ssm_at = ready->ssm_at, .workspace = segments(model),
	};
	cudaError_t error = time_steps(model, ready, pieces->n_rows);

	return error == cudaSuccess ? krait__cuda_mark(model, "scan", kc_scan1(&scan, pieces, model->stream)) : error;
}

static cudaError_t scan2(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	const struct part *part = ready->part;
	bool gates_last = ready->gate_norm && (part->flags & PART_NORM_BEFORE_GATE);
	struct kc_scan2 scan = {
		.projected = projected(model, 0), .u = convolved(model), .y = result(model), .dt_first = ready->dt_at,
		.dt_bias = ready->dt_bias, .a = ready->a, .d = ready->d, .limit_low = part->limit_low, .limit_high = part->limit_high,
		.d_inner = part->d_inner, .d_ssm = part->d_ssm, .d_state = part->d_state, .n_heads = part->n_heads, .head_dim = part->head_dim,
		.n_groups = part->n_groups, .gated = !gates_last, .fast = model->fast, .ssm_at = ready->ssm_at,
		.workspace = segments(model),
	};
	struct kc_gate_norm norm = { .y = result(model), .weight = ready->gate_norm, .first = part->d_inner - part->d_ssm, .n_normed = part->d_ssm,
		.n_groups = part->n_groups, .n_rows = pieces->n_rows, .eps = part->inner_eps };
	cudaError_t error = krait__cuda_mark(model, "scan", kc_scan2(&scan, pieces, model->stream));

	if (gates_last)
		norm.gate = projected(model, ready->z_at);
	return error == cudaSuccess && ready->gate_norm ? krait__cuda_mark(model, "gate_norm", kc_gate_norm(&norm, model->stream)) : error;
}

static cudaError_t add_part(struct emodel *model, const struct cuda_ready *ready, const struct kc_pieces *pieces)
{
	struct gemm out = { .matrix = &ready->out, .in = result(model), .out = wide_rows(model->arena.prefill.x, model->plan->width),
		.bias = ready->out_bias, .n_rows = pieces->n_rows, .accumulate = true };
	cudaError_t error = project(model, ready, pieces);

	if (error == cudaSuccess)
		error = convolve(model, ready, pieces);
	if (error == cudaSuccess)
		error = ready->part->kind == PART_MAMBA1 ? scan1(model, ready, pieces) : scan2(model, ready, pieces);
	return error == cudaSuccess ? krait__cuda_mark(model, "out_proj", krait__cuda_gemm(model, &out)) : error;
}

cudaError_t krait__cuda_layers(struct emodel *model, const struct kc_pieces *pieces)
{
	cudaError_t error = cudaSuccess;

	for (uint32_t i = 0; i < model->plan->n_parts && error == cudaSuccess; i++)
		if (!krait__cuda_loaded(model, i))
			error = add_part(model, &model->parts[i], pieces);
	return error;
}
