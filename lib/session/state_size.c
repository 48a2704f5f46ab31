/* SPDX-License-Identifier: Apache-2.0 */
/* state_size.c - how large states are, before there is one. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/size.h"
#include "session/state.h"

size_t krait__state_largest(const struct plan *plan, uint64_t n_positions)
{
	size_t most = 0;

	for (uint32_t i = 0; i < plan->n_components; i++)
		if (krait__extent(&plan->components[i], n_positions) > most)
			most = krait__extent(&plan->components[i], n_positions);
	return most;
}

/* In the order of the addends: biases, counts and stop tokens; a note and what is held back; the last tokens, and what
 * each of them showed; stop texts, each as long as one can be, as many as a generation_config.json may name. */
uint64_t krait__state_most(const struct krait_model *model)
{
	const uint64_t most_tokens = (uint64_t)1 << 24, most_texts = 1024;

	if (krait__model_token_bytes(model))
		return (uint64_t)INT64_MAX;
	return krait__state_size_at(model, 0) + 20 * (uint64_t)model->plan.vocab + 2 * NOTE_LIMIT + 9 * most_tokens
		+ most_texts * NOTE_LIMIT;
}

/* What n_positions add to a component: f32 values, and zeros up to a multiple of 8. False: more than can be told. */
static bool grown(uint64_t *out, const struct component *component, uint64_t n_positions)
{
	return krait__mul_u64(out, 4 * (uint64_t)krait__extent(component, 1), n_positions) && krait__add_u64(out, *out,
		*out % 8);
}

uint64_t krait__state_size_at(const struct krait_model *model, uint64_t n_positions)
{
	struct session_rules rules = { .max_new = 0 };
	struct session_now now = { .rules = &rules };
	uint64_t size, first, all;

	/* whatever does not grow is there with the first position */
	now.course.position = n_positions > 0;
	size = krait__state_size_now(model, &now, &(struct session_history){ 0 });
	for (uint32_t i = 0; i < model->plan.n_components && n_positions; i++) {
		const struct component *component = &model->plan.components[i];

		if (!component->per_token)
			continue;
		if (!grown(&first, component, 1) || !grown(&all, component, n_positions) || !krait__add_u64(&size, size,
			all - first))
			return UINT64_MAX;
	}
	return size;
}
