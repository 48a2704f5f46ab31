/* SPDX-License-Identifier: Apache-2.0 */
/* sampling.c - the table of settings behind --temp, /set and generation_config. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sampling.h"

#include "opening.h"
#include "say.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ANY 2147483647.0

static const struct setting {
	int setting;
	const char *in_config;          /* its name in generation_config.json; NULL where the command asks for none */
	struct option_row row;
} settings[SAMPLING_N] = {
	[SAMPLING_TEMPERATURE] = { KRAIT_SAMPLE_TEMPERATURE, "temperature",
		{ "temp", 0, OPTION_REAL, NULL, "T", "temperature: 0 always takes the likeliest token", 0, ANY } },
	[SAMPLING_TOP_K] = { KRAIT_SAMPLE_TOP_K, NULL,
		{ "top-k", 0, OPTION_WHOLE, NULL, "K", "choose among the K likeliest; 0: all", 0, ANY } },
	[SAMPLING_TOP_P] = { KRAIT_SAMPLE_TOP_P, "top_p",
		{ "top-p", 0, OPTION_REAL, NULL, "P", "choose among the likeliest that make up P; 1: all", 0, 1 } },
	[SAMPLING_MIN_P] = { KRAIT_SAMPLE_MIN_P, NULL,
		{ "min-p", 0, OPTION_REAL, NULL, "P", "leave out what is less likely than P times the best", 0, 1 } },
	[SAMPLING_TYPICAL_P] = { KRAIT_SAMPLE_TYPICAL_P, NULL,
		{ "typical-p", 0, OPTION_REAL, NULL, "P", "choose among the most typical that make up P; 1: all", 0, 1 } },
	[SAMPLING_REPEAT_PENALTY] = { KRAIT_SAMPLE_REPETITION_PENALTY, NULL,
		{ "repeat-penalty", 0, OPTION_REAL, NULL, "X",
			"above 1: repeat less; 1: off", OPTION_ABOVE_ZERO, ANY } },
	[SAMPLING_PRESENCE_PENALTY] = { KRAIT_SAMPLE_PRESENCE_PENALTY, NULL,
		{ "presence-penalty", 0, OPTION_REAL, NULL, "X",
			"subtracted from the logit of every token already seen", -1000, 1000 } },
	[SAMPLING_FREQUENCY_PENALTY] = { KRAIT_SAMPLE_FREQUENCY_PENALTY, NULL,
		{ "frequency-penalty", 0, OPTION_REAL, NULL, "X",
			"subtracted once for each time a token was seen", -1000, 1000 } },
	[SAMPLING_SEED] = { KRAIT_SAMPLE_SEED, NULL,
		{ "seed", 's', OPTION_WHOLE, NULL, "N", "one seed, one text (default: a random one)", 0, 0 } },
};

void sampling_rows(struct option_row rows[SAMPLING_ROWS], struct tool_sampling *sampling)
{
	for (size_t i = 0; i < SAMPLING_N; i++) {
		rows[i] = settings[i].row;
		rows[i].to = sampling ? &sampling->values[i] : NULL;
	}
	rows[SAMPLING_N] = (struct option_row){ "greedy", 'g', OPTION_FLAG, sampling ? &sampling->greedy : NULL, NULL,
		"always the likeliest token, as --temp 0", 0, 0 };
}

static void set(struct option_value *value, double number)
{
	if (!value->given)
		*value = (struct option_value){ true, (int64_t)number, number };
}

/* Whether generation_config has a number for a setting that makes sense, so that a new session begins with it. */
static bool is_said(const json_t *config, const struct setting *setting)
{
	const json_t *value = setting->in_config ? json_object_get(config, setting->in_config) : NULL;

	return json_is_number(value) && json_number_value(value) >= setting->row.least
		&& json_number_value(value) <= setting->row.most;
}

void sampling_fill(struct tool_sampling *sampling, const krait_model *model, bool from_model, double temperature, double top_p)
{
	json_t *info = opening_info(model);
	json_t *config = from_model ? json_object_get(info, "generation") : NULL;

	if (sampling->greedy)
		sampling->values[SAMPLING_TEMPERATURE] = (struct option_value){ .given = true };
	if (!is_said(config, &settings[SAMPLING_TEMPERATURE]) && !json_is_false(json_object_get(config, "do_sample")))
		set(&sampling->values[SAMPLING_TEMPERATURE], temperature);
	if (!is_said(config, &settings[SAMPLING_TOP_P]))
		set(&sampling->values[SAMPLING_TOP_P], top_p);
	json_decref(info);
}

/* Short enough for every reader of JSON, and for typing it in. */
void sampling_seed(struct tool_sampling *sampling)
{
	struct option_value *seed = &sampling->values[SAMPLING_SEED];
	uint32_t drawn;

	if (seed->given)
		return;
	if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) != (ssize_t)sizeof drawn)
		drawn = (uint32_t)time(NULL);
	*seed = (struct option_value){ true, drawn, drawn };
}

bool sampling_apply(const struct tool_sampling *sampling, krait_session *session)
{
	for (size_t i = 0; i < SAMPLING_N; i++) {
		const struct option_value *value = &sampling->values[i];
		krait_status status;

		if (!value->given)
			continue;
		if (settings[i].row.kind == OPTION_WHOLE)
			status = krait_session_set_int(session, settings[i].setting, value->whole);
		else
			status = krait_session_set_float(session, settings[i].setting, value->real);
		if (status != KRAIT_OK) {
			say_failure("%s: %s", settings[i].row.name, krait_session_error(session));
			return false;
		}
	}
	return true;
}

void sampling_read(struct tool_sampling *sampling, const krait_session *session)
{
	for (size_t i = 0; i < SAMPLING_N; i++) {
		struct option_value value = { .given = true };

		if (settings[i].row.kind == OPTION_WHOLE)
			krait_session_get_int(session, settings[i].setting, &value.whole);
		else
			krait_session_get_float(session, settings[i].setting, &value.real);
		sampling->values[i] = value;
	}
}
