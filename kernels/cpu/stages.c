/* SPDX-License-Identifier: Apache-2.0 */
/* stages.c - the stages of a pass that the kinds of blocks have in common. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

struct product krait__product(const struct emodel *model, unsigned thread, const struct matrix *matrix, size_t n_rows)
{
	return (struct product){
		.matrix = *matrix, .n_rows = n_rows, .scale = 1, .stream = model->stream,
		.row = model->scratch.rows + (size_t)thread * model->scratch.n_row,
	};
}

void krait__norm_rows(const struct pass *pass, const float *weight, const float *bias, float eps, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct share share = krait__pool_share(model->pool, thread, pass->n_rows, 1);

	for (size_t r = share.first; r < share.last; r++)
		model->kernels->norm(model->scratch.normed + r * model->scratch.wide,
			model->scratch.x + r * model->scratch.wide,
			weight, bias, model->plan->width, eps, model->plan->layer_norm);
}

/* Rows [share.first, share.last) of the run. */
void krait__run_product(const struct pass *pass, const struct cpu_run *run, struct share share, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = krait__product(model, thread, &run->matrix, pass->n_rows);

	product.in = model->scratch.normed;
	product.in_stride = model->scratch.wide;
	product.scale = run->scale;
	product.bias = run->bias;
	product.out = model->scratch.projected + run->at;
	product.out_stride = model->scratch.projected_wide;
	model->kernels->product(&product, share.first, share.last);
}

/* Rows [share.first, share.last) of the segment. */
void krait__segment_product(const struct pass *pass, const struct cpu_ready *ready, enum segment segment,
	struct share share, unsigned thread)
{
	for (size_t i = 0; i < ready->n_runs[segment]; i++) {
		const struct cpu_run *run = &ready->runs[segment][i];
		size_t begin = run->at - ready->at[segment], end = begin + run->matrix.rows;
		size_t first = share.first > begin ? share.first : begin, last = share.last < end ? share.last : end;

		if (first < last)
			krait__run_product(pass, run, (struct share){ first - begin, last - begin }, thread);
	}
}

/* Whole blocks: what stands behind the last channel is zero and stays so. */
void krait__conv_pieces(const struct pass *pass, const struct cpu_ready *ready, struct share channels)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	size_t at = ready->at[SEGMENT_CONV];

	for (size_t i = 0; i < pass->n_pieces; i++) {
		const struct cpu_piece *piece = &pass->pieces[i];
		struct conv conv = {
			.in = s->projected + piece->row * s->projected_wide + at, .in_stride = s->projected_wide,
			.n_rows = piece->n,
			.out = s->convolved + piece->row * s->convolved_wide, .out_stride = s->convolved_wide,
			.state = piece->span->slot->data + ready->conv_at, .weight = ready->conv,
			.bias = ready->conv_bias,
			.stride = krait__pad(ready->geometry.channels), .d_conv = ready->part->d_conv,
			.linear = ready->conv_linear,
		};

		model->kernels->conv(&conv, channels.first, channels.last);
	}
}

void krait__activate(const struct emodel *model, const struct part *part, float *out, const float *up,
	const float *gate, size_t n)
{
	const float *in = gate ? up : NULL, *z = gate ? gate : up;

	if (part->flags & PART_RELU2)
		model->kernels->relu2(out, in, z, n);
	else
		model->kernels->gate(out, in, z, n);
}

void krait__out_product(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = krait__product(model, thread, &ready->out, pass->n_rows);
	struct share share = krait__pool_share(model->pool, thread, model->plan->width, BLOCK);

	product.in = model->scratch.y;
	product.in_stride = model->scratch.y_wide;
	product.scale = ready->part->out_scale;
	product.bias = ready->out_bias;
	product.out = model->scratch.x;
	product.out_stride = model->scratch.wide;
	product.add = true;
	model->kernels->product(&product, share.first, share.last);
}
