/* SPDX-License-Identifier: Apache-2.0 */
/* pass.c - one pass over the weights, run by all threads together. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

#include <string.h>

static void embed_row(const struct emodel *model, const struct span *span, size_t position, float *out)
{
	const struct tensor *table = &model->plan->tensors[model->plan->embedding];
	size_t width = model->plan->width;

	if (span->tokens)
		krait__widen_at(out, table, (size_t)span->tokens[position] * width, width);
	else
		memcpy(out, span->embeddings + position * width, width * sizeof(float));
	krait__multiply(out, width, model->plan->embed_scale);
}

static void embed_rows(const struct pass *pass, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct share share = krait__pool_share(model->pool, thread, pass->n_rows, 1);

	for (size_t i = 0; i < pass->n_pieces; i++) {
		const struct cpu_piece *piece = &pass->pieces[i];

		for (size_t r = 0; r < piece->n; r++)
			if (piece->row + r >= share.first && piece->row + r < share.last)
				embed_row(model, piece->span, piece->span->n_done + r,
					model->scratch.x + (piece->row + r) * model->scratch.wide);
	}
}

void krait__pass_job(void *argument, unsigned thread)
{
	const struct pass *pass = argument;
	const struct emodel *model = pass->model;
	struct float_mode mode = krait__float_mode_enter();

	embed_rows(pass, thread);
	krait__pool_barrier(model->pool);
	for (uint32_t i = 0; i < model->plan->n_parts; i++) {
		const struct cpu_ready *ready = &model->parts[i];

		if (ready->part->input == INPUT_NORM) {
			krait__norm_rows(pass, ready->norm, ready->norm_bias, ready->part->eps, thread);
			krait__pool_barrier(model->pool);
		}
		krait__cpu_block(ready->part->kind)->run(pass, ready, thread);
	}
	krait__norm_rows(pass, model->final_norm, model->final_bias, model->plan->eps, thread);
	if (pass->n_scored) {
		krait__pool_barrier(model->pool);
		krait__score_rows(pass, thread);
	}
	krait__float_mode_leave(mode);
}
