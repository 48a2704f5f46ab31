/* SPDX-License-Identifier: Apache-2.0 */
/* session_settings.c - krait_session_set_*, _get_*, stops and the note. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "api/options.h"
#include "session/batch.h"
#include "session/session.h"

/* Beyond this what is kept would cost more than a model's state. */
#define REWIND_MOST (1 << 24)
#define KEEP_MOST_POSITIONS (1 << 24)

/* The session's own settings, beside the sampler's. */
static const struct own_setting {
	int setting;
	const char *name;
	int64_t most;
} own_settings[] = {
	{ KRAIT_MAX_NEW_TOKENS, "KRAIT_MAX_NEW_TOKENS", INT64_MAX },
	{ KRAIT_KEEP_POSITIONS, "KRAIT_KEEP_POSITIONS", KEEP_MOST_POSITIONS },
	{ KRAIT_REWIND_TOKENS, "KRAIT_REWIND_TOKENS", REWIND_MOST },
	{ KRAIT_BATCH_PROMPT_TOKENS, "KRAIT_BATCH_PROMPT_TOKENS", INT64_MAX },
	{ KRAIT_BATCH_KEEP_LOGITS, "KRAIT_BATCH_KEEP_LOGITS", 1 },
};
#define N_OWN (sizeof(own_settings) / sizeof(own_settings[0]))
#define FIRST_OF_A_BATCH 400

static const struct own_setting *find_own(int setting)
{
	for (size_t i = 0; i < N_OWN; i++)
		if (own_settings[i].setting == setting)
			return &own_settings[i];
	return NULL;
}

static const struct own_setting *of_session(int setting)
{
	return setting < FIRST_OF_A_BATCH ? find_own(setting) : NULL;
}

static krait_status check_own(const struct own_setting *own, int64_t value, struct why *why)
{
	if (value >= 0 && value <= own->most)
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_ARGUMENT, "%s is %lld: it must lie from 0 to %lld", own->name, (long long)value, (long long)own->most);
}

static krait_status set_own(krait_session *session, const struct own_setting *own, int64_t value)
{
	krait_status status = check_own(own, value, &session->why);
	struct session_rules *rules;

	if (status != KRAIT_OK)
		return status;
	if (own->setting == KRAIT_KEEP_POSITIONS) {
		session->keep = value;
	} else if (own->setting == KRAIT_REWIND_TOKENS) {
		krait__session_reach(session, (uint64_t)value);
	} else {
		rules = krait__session_rules(session);
		if (!rules)
			return KRAIT_ERROR_MEMORY;
		rules->max_new = value;
	}
	return KRAIT_OK;
}

/* A seed of -1 is drawn from the system. */
static krait_status set_int(krait_session *session, int setting, int64_t value)
{
	struct session_rules *rules = krait__session_rules(session);
	krait_status status;

	if (!rules)
		return KRAIT_ERROR_MEMORY;
	status = krait__sampling_set_int(&rules->sampling, setting, value, &session->why);
	if (status == KRAIT_OK && rules->sampling.seed == -1 && setting == KRAIT_SAMPLE_SEED)
		rules->sampling.seed = krait__rules_seed();
	return status;
}

krait_status krait_session_set_int(krait_session *session, int setting, int64_t value)
{
	krait_status status = krait__session_enter(session);
	const struct own_setting *own = of_session(setting);

	if (status != KRAIT_OK)
		return status;
	status = own ? set_own(session, own, value) : set_int(session, setting, value);
	return krait__session_leave(session, status);
}

static krait_status set_float(krait_session *session, int setting, double value)
{
	const struct own_setting *own = of_session(setting);
	struct session_rules *rules;

	if (own)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "%s is an integer: use the call that ends in _int", own->name);
	rules = krait__session_rules(session);
	return rules ? krait__sampling_set_float(&rules->sampling, setting, value, &session->why) : KRAIT_ERROR_MEMORY;
}

krait_status krait_session_set_float(krait_session *session, int setting, double value)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, set_float(session, setting, value)) : status;
}

static bool usable(const krait_session *session)
{
	return session && session->now.rules;
}

krait_status krait_session_get_int(const krait_session *session, int setting, int64_t *out)
{
	if (out)
		*out = 0;
	if (!usable(session) || !out)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(session->model))
		return KRAIT_ERROR_FORKED;
	if (setting == KRAIT_MAX_NEW_TOKENS)
		*out = session->now.rules->max_new;
	else if (setting == KRAIT_KEEP_POSITIONS)
		*out = session->keep;
	else if (setting == KRAIT_REWIND_TOKENS)
		*out = (int64_t)session->kept.reach;
	else
		return krait__sampling_get_int(&session->now.rules->sampling, setting, out, NULL);
	return KRAIT_OK;
}

krait_status krait_session_get_float(const krait_session *session, int setting, double *out)
{
	if (out)
		*out = 0;
	if (!usable(session) || !out)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(session->model))
		return KRAIT_ERROR_FORKED;
	return krait__sampling_get_float(&session->now.rules->sampling, setting, out, NULL);
}

krait_status krait_setting_bounds(int setting, double *low, double *high)
{
	const struct own_setting *own = find_own(setting);
	double bounds[2] = { 0, own ? (double)own->most : 0 };
	krait_status status = KRAIT_OK;

	if (!own && !krait__sampling_bounds(setting, bounds) && !krait__options_bounds(setting, bounds))
		status = KRAIT_ERROR_UNSUPPORTED;
	if (low)
		*low = status == KRAIT_OK ? bounds[0] : 0;
	if (high)
		*high = status == KRAIT_OK ? bounds[1] : 0;
	return status;
}

krait_status krait_session_reset_settings(krait_session *session)
{
	krait_status status = krait__session_enter(session);
	struct session_rules *rules;

	if (status != KRAIT_OK)
		return status;
	rules = krait__rules_new(&session->model->generation);
	if (!rules || !(session->now.rules->note.size == 0 ||
			krait__buffer_add(&rules->note, session->now.rules->note.data, session->now.rules->note.size))) {
		krait__rules_free(rules);
		return krait__session_leave(session, krait__why_memory(&session->why));
	}
	krait__rules_free(session->now.rules);
	session->now.rules = rules;
	session->keep = 0;
	krait__session_reach(session, REWIND_DEFAULT);
	return krait__session_leave(session, KRAIT_OK);
}

static krait_status change_bias(krait_session *session, krait_token token, float bias)
{
	krait_status status = krait__session_check_tokens(session->model, &token, 1, &session->why);
	struct session_rules *rules;

	if (status != KRAIT_OK)
		return status;
	rules = krait__session_rules(session);
	return rules ? krait__sampling_set_bias(&rules->sampling, token, bias, &session->why) : KRAIT_ERROR_MEMORY;
}

krait_status krait_session_set_bias(krait_session *session, krait_token token, float bias)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, change_bias(session, token, bias)) : status;
}

static krait_status add_stop(krait_session *session, krait_token token)
{
	krait_status status = krait__session_check_tokens(session->model, &token, 1, &session->why);

	return status == KRAIT_OK ? krait__session_add_stop(session, token) : status;
}

krait_status krait_session_add_stop(krait_session *session, krait_token token)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, add_stop(session, token)) : status;
}

krait_status krait_session_add_stop_text(krait_session *session, const char *text, size_t n_text)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	if (!text || n_text == 0 || n_text > NOTE_LIMIT)
		status = krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "a stop text has from 1 to %zu bytes", NOTE_LIMIT);
	else
		status = krait__session_add_stop_text(session, text, n_text);
	return krait__session_leave(session, status);
}

krait_status krait_session_clear_stops(krait_session *session)
{
	krait_status status = krait__session_enter(session);
	struct session_rules *rules;

	if (status != KRAIT_OK)
		return status;
	rules = krait__session_rules(session);
	if (rules)
		krait__stops_free(&rules->stops);
	return krait__session_leave(session, rules ? KRAIT_OK : KRAIT_ERROR_MEMORY);
}

static krait_status change_note(krait_session *session, const void *data, size_t n_data)
{
	struct buffer note = { 0 };
	struct session_rules *rules = krait__session_rules(session);

	if (!rules)
		return KRAIT_ERROR_MEMORY;
	if (n_data && !krait__buffer_add(&note, data, n_data))
		return krait__why_memory(&session->why);
	krait__buffer_free(&rules->note);
	rules->note = note;
	return KRAIT_OK;
}

krait_status krait_session_set_note(krait_session *session, const void *data, size_t n_data)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	if (n_data > NOTE_LIMIT || (n_data && !data))
		status = krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "a note of %zu bytes: it may have up to %zu", n_data, NOTE_LIMIT);
	else
		status = change_note(session, data, n_data);
	return krait__session_leave(session, status);
}

krait_status krait_batch_set_int(krait_batch *batch, int setting, int64_t value)
{
	const struct own_setting *own = setting >= FIRST_OF_A_BATCH ? find_own(setting) : NULL;
	krait_status status;

	if (!batch)
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&batch->why);
	if (!own)
		return krait__why(&batch->why, KRAIT_ERROR_UNSUPPORTED, "setting %d is not known to a batch of krait %s", setting, PACKAGE_VERSION);
	status = check_own(own, value, &batch->why);
	if (status == KRAIT_OK)
		*(setting == KRAIT_BATCH_PROMPT_TOKENS ? &batch->prompt_tokens : &batch->keep_logits) = value;
	return status;
}
