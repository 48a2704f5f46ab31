/* SPDX-License-Identifier: Apache-2.0 */
#include "session/moment.h"
#include "base/memory.h"

struct session_moment *krait__moment_new(krait_model *model, struct why *why)
{
	struct session_moment *moment = krait__alloc_zero(1, sizeof(*moment));

	if (!moment) {
		krait__why_memory(why);
		return NULL;
	}
	atomic_init(&moment->references, 1);
	moment->model = krait__model_ref(model);
	krait__course_start(&moment->course);
	if (model->engine->slot_new(&moment->slot, model->emodel, why) != KRAIT_OK) {
		krait__moment_free(moment);
		return NULL;
	}
	return moment;
}

struct session_moment *krait__moment_ref(struct session_moment *moment)
{
	atomic_fetch_add(&moment->references, 1);
	return moment;
}

void krait__moment_free(struct session_moment *moment)
{
	if (!moment || atomic_fetch_sub(&moment->references, 1) != 1)
		return;
	if (moment->slot)
		moment->model->engine->slot_free(moment->slot);
	krait__course_free(&moment->course);
	krait__rules_free(moment->rules);
	krait__history_free(&moment->past);
	krait__model_free(moment->model);
	krait__free(moment);
}

struct session_moment *krait__moment_of(krait_model *model, const struct session_now *now, struct why *why)
{
	struct session_moment *moment = krait__moment_new(model, why);
	bool copied = moment && krait__course_copy(&moment->course, &now->course);

	if (moment && !copied)
		krait__why_memory(why);
	if (!copied || model->engine->slot_copy(moment->slot, now->slot, why) != KRAIT_OK) {
		krait__moment_free(moment);
		return NULL;
	}
	moment->rules = krait__rules_ref(now->rules);
	return moment;
}
