/* SPDX-License-Identifier: Apache-2.0 */
/* mlp.c - an MLP. Threads share out the rows of its width, so that a gate meets its value without
 * anybody waiting, then those of the product down. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

static bool fused(const struct part *part)
{
	return part->tensor[ROLE_GATE_UP] != NO_TENSOR;
}

static void layout(struct cpu_carver *carver, struct cpu_ready *ready, const struct plan *plan)
{
	const struct part *part = ready->part;
	bool one = fused(part);

	ready->mlp.gate_bias = krait__carve_role(carver, part, one ? ROLE_GATE_UP_BIAS : ROLE_GATE_BIAS, 1, part->d_ff);
	ready->mlp.up_bias = krait__carve_role(carver, part, one ? ROLE_GATE_UP_BIAS : ROLE_UP_BIAS, 1, part->d_ff);
	ready->out_bias = krait__carve_role(carver, part, ROLE_DOWN_BIAS, 1, plan->width);
}

static void widths(struct scratch *s, const struct cpu_ready *ready)
{
	krait__widen_to(&s->projected_wide, 2 * krait__pad(ready->part->d_ff));
	krait__widen_to(&s->y_wide, ready->part->d_ff);
	krait__widen_to(&s->n_row, ready->part->d_ff);
}

static void prepare(const struct plan *plan, struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	struct cpu_mlp *mlp = &ready->mlp;
	bool one = fused(part), up_first = part->flags & PART_UP_FIRST;
	size_t n = part->d_ff;

	if (one || part->tensor[ROLE_GATE] != NO_TENSOR)
		mlp->gate = krait__prepare_run(plan, part, one ? ROLE_GATE_UP : ROLE_GATE, one && up_first ? n : 0, n,
			one ? ROLE_GATE_UP_BIAS : ROLE_GATE_BIAS, mlp->gate_bias, part->row_scale[SCALE_GATE]);
	mlp->up = krait__prepare_run(plan, part, one ? ROLE_GATE_UP : ROLE_UP, one && !up_first ? n : 0, n,
		one ? ROLE_GATE_UP_BIAS : ROLE_UP_BIAS, mlp->up_bias, part->row_scale[SCALE_UP]);
	mlp->gate.at = krait__pad(n);
	krait__prepare_out(plan, ready, ROLE_DOWN, ROLE_DOWN_BIAS);
}

static void run(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	const struct cpu_mlp *mlp = &ready->mlp;
	struct share share = krait__pool_share(model->pool, thread, ready->part->d_ff, BLOCK);
	bool gated = mlp->gate.matrix.rows > 0;

	krait__run_product(pass, &mlp->up, share, thread);
	if (gated)
		krait__run_product(pass, &mlp->gate, share, thread);
	for (size_t r = 0; r < pass->n_rows; r++) {
		const float *up = s->projected + r * s->projected_wide + mlp->up.at + share.first;
		const float *gate = s->projected + r * s->projected_wide + mlp->gate.at + share.first;

		krait__activate(model, ready->part, s->y + r * s->y_wide + share.first, up, gated ? gate : NULL,
			share.last - share.first);
	}
	krait__pool_barrier(model->pool);
	krait__out_product(pass, ready, thread);
	krait__pool_barrier(model->pool);
}

const struct cpu_block krait__cpu_mlp = {
	.layout = layout, .widths = widths, .prepare = prepare, .run = run,
};
