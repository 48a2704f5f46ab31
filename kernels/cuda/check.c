/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - what the engine can run, and in which precision it does. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"

#define MOST_TAPS 33u           /* conv.cu: the first 32 rows of a piece read the window that is written behind them */

/* What a block does beyond that of its original. */
static bool plain(const struct part *part)
{
	bool scaled = part->in_scale != 1 || part->out_scale != 1;

	for (int i = 0; i < N_ROW_SCALES; i++)
		scaled = scaled || part->row_scale[i] != 1;
	return !scaled && part->input == INPUT_NORM && !(part->flags & PART_INNER_NORMS);
}

static krait_status check_part(const struct part *part, struct why *why)
{
	const struct block_kind *kind = krait__block_kind(part->kind);

	if (part->kind != PART_MAMBA1 && part->kind != PART_MAMBA2)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "layer %u: the CUDA engine does not run blocks of the kind "
			"'%s': device=cpu may",
			part->layer, kind ? kind->name : "unknown");
	if (!plain(part))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "layer %u: the CUDA engine does not run a '%s' block with norms of dt, B "
			"and C, multipliers, or another block's input: device=cpu may", part->layer, kind->name);
	if (part->d_conv > MOST_TAPS)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "layer %u: the CUDA engine has convolutions of up to %u taps, and this has %u: device=cpu runs it",
			part->layer, MOST_TAPS, part->d_conv);
	return KRAIT_OK;
}

krait_status krait__cuda_check_plan(const struct plan *plan, struct why *why)
{
	if (plan->head == NO_TENSOR)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "the CUDA engine does not run models without a head: "
			"device=cpu does");
	if (plan->embed_scale != 1 || plan->logit_scale != 1)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "the CUDA engine does not run models that multiply their embedding or "
			"logits: device=cpu may");
	for (uint32_t i = 0; i < plan->n_parts; i++) {
		krait_status status = check_part(&plan->parts[i], why);

		if (status)
			return status;
	}
	return KRAIT_OK;
}

static bool is_matrix(const struct plan *plan, uint32_t tensor)
{
	const struct tensor *t = &plan->tensors[tensor];

	return t->rank == 2 && (tensor == plan->embedding || tensor == plan->head || t->shape[1] > 64);
}

static bool has_matrix_of(const struct plan *plan, enum dtype type)
{
	for (uint32_t i = 0; i < plan->n_tensors; i++)
		if (is_matrix(plan, i) && plan->tensors[i].type == type)
			return true;
	return false;
}

/* By default precision follows the weights: what was stored in 16 bits or fewer is not worth more. */
bool krait__cuda_wants_fast(const struct plan *plan, const struct engine_config *config)
{
	if (config->precision != PRECISION_DEFAULT)
		return config->precision == PRECISION_FAST;
	return config->weights != WEIGHTS_AS_THEY_ARE || has_matrix_of(plan, DTYPE_F16) || has_matrix_of(plan, DTYPE_BF16);
}

/* Of what stands between products in prefill. float16 and not bfloat16, whatever the weights are: its
 * three bits more are the difference between 0.3 % and 2.5 % in the logits of small models. */
enum kc_type krait__cuda_activations(bool fast)
{
	return fast ? KC_F16 : KC_F32;
}
