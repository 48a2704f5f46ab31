/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/rules.h"
#include "base/memory.h"
#include "model/model.h"

#include <math.h>
#include <sys/random.h>
#include <time.h>

int64_t krait__rules_seed(void)
{
	uint64_t drawn;
	struct timespec now;

	if (getrandom(&drawn, sizeof(drawn), GRND_NONBLOCK) != (ssize_t)sizeof(drawn)) {
		clock_gettime(CLOCK_REALTIME, &now);
		drawn = (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
	}
	return (int64_t)(drawn >> 1);
}

/* Each number was found to be within its bounds when the model was opened. */
bool krait__rules_sampling(struct sampling *out, const struct generation *generation)
{
	struct why why;

	for (size_t i = 0; i < generation->n_settings; i++) {
		const struct generation_setting *setting = &generation->settings[i];

		if (krait__sampling_set_float(out, setting->setting, setting->value, &why) != KRAIT_OK)
			krait__sampling_set_int(out, setting->setting, (int64_t)setting->value, &why);
	}
	for (size_t i = 0; i < generation->n_suppressed; i++)
		if (krait__sampling_set_bias(out, generation->suppressed[i], -INFINITY, &why) != KRAIT_OK)
			return false;
	return true;
}

static bool fill(struct session_rules *rules, const struct generation *generation)
{
	bool whole = krait__rules_sampling(&rules->sampling, generation) &&
		krait__stops_add_many(&rules->stops, generation->stops, generation->n_stops);

	for (size_t i = 0; i < generation->n_settings; i++)
		if (generation->settings[i].setting == KRAIT_MAX_NEW_TOKENS)
			rules->max_new = (int64_t)generation->settings[i].value;
	for (size_t i = 0; i < generation->n_stop_texts && whole; i++)
		whole = krait__stops_add_text(&rules->stops, generation->stop_texts[i].text, generation->stop_texts[i].n_text);
	return whole;
}

struct session_rules *krait__rules_new(const struct generation *generation)
{
	struct session_rules *rules = krait__alloc_zero(1, sizeof(*rules));

	if (!rules)
		return NULL;
	atomic_init(&rules->references, 1);
	krait__sampling_defaults(&rules->sampling);
	rules->sampling.seed = krait__rules_seed();
	if (generation && !fill(rules, generation)) {
		krait__rules_free(rules);
		return NULL;
	}
	return rules;
}

struct session_rules *krait__rules_ref(struct session_rules *rules)
{
	atomic_fetch_add(&rules->references, 1);
	return rules;
}

void krait__rules_free(struct session_rules *rules)
{
	if (!rules || atomic_fetch_sub(&rules->references, 1) != 1)
		return;
	krait__sampling_free(&rules->sampling);
	krait__stops_free(&rules->stops);
	krait__buffer_free(&rules->note);
	krait__free(rules);
}

bool krait__rules_own(struct session_rules **rules)
{
	const struct session_rules *from = *rules;
	struct session_rules *copy;

	if (atomic_load(&from->references) == 1)
		return true;
	copy = krait__alloc_zero(1, sizeof(*copy));
	if (!copy)
		return false;
	atomic_init(&copy->references, 1);
	copy->max_new = from->max_new;
	if (!krait__sampling_copy(&copy->sampling, &from->sampling) || !krait__stops_copy(&copy->stops, &from->stops) ||
	    (from->note.size && !krait__buffer_add(&copy->note, from->note.data, from->note.size))) {
		krait__rules_free(copy);
		return false;
	}
	krait__rules_free(*rules);
	*rules = copy;
	return true;
}
