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
	const char *in_config;          /* its name in generation_config.json */
	struct option_row row;
} settings[SAMPLING_N] = {
	[SAMPLING_TEMPERATURE] = { KRAIT_SAMPLE_TEMPERATURE, "temperature",
		{ "temp", 0, OPTION_REAL, NULL, "T", "temperature: 0 always takes the likeliest token", 0, ANY } },
	[SAMPLING_TOP_K] = { KRAIT_SAMPLE_TOP_K, "top_k",
		{ "top-k", 0, OPTION_WHOLE, NULL, "K", "choose among the K likeliest; 0: all", 0, ANY } },
	[SAMPLING_TOP_P] = { KRAIT_SAMPLE_TOP_P, "top_p",
		{ "top-p", 0, OPTION_REAL, NULL, "P", "choose among the likeliest that make up P; 1: all", 0, 1 } },
	[SAMPLING_MIN_P] = { KRAIT_SAMPLE_MIN_P, "min_p",
		{ "min-p", 0, OPTION_REAL, NULL, "P", "leave out what is less likely than P times the best", 0, 1 } },
	[SAMPLING_TYPICAL_P] = { KRAIT_SAMPLE_TYPICAL_P, "typical_p",
		{ "typical-p", 0, OPTION_REAL, NULL, "P", "choose among the most typical that make up P; 1: all", 0, 1 } },
	[SAMPLING_REPEAT_PENALTY] = { KRAIT_SAMPLE_REPETITION_PENALTY, "repetition_penalty",
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

void sampling_rows(struct option_row rows[SAMPLING_ROWS], struct sampling *sampling)
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

static void fill_from_model(struct sampling *sampling, const krait_model *model)
{
	json_t *info = opening_info(model);
	json_t *config = json_object_get(info, "generation");

	if (json_is_false(json_object_get(config, "do_sample")))
		set(&sampling->values[SAMPLING_TEMPERATURE], 0);
	for (size_t i = 0; i < SAMPLING_N; i++) {
		json_t *value = settings[i].in_config ? json_object_get(config, settings[i].in_config) : NULL;

		/* What makes no sense there is the business of the model's note. */
		if (json_is_number(value) && json_number_value(value) >= settings[i].row.least
			&& json_number_value(value) <= settings[i].row.most)
			set(&sampling->values[i], json_number_value(value));
	}
	json_decref(info);
}

void sampling_fill(struct sampling *sampling, const krait_model *model, bool from_model, double temperature, double top_p)
{
	if (sampling->greedy)
		sampling->values[SAMPLING_TEMPERATURE] = (struct option_value){ .given = true };
	if (from_model)
		fill_from_model(sampling, model);
	set(&sampling->values[SAMPLING_TEMPERATURE], temperature);
	set(&sampling->values[SAMPLING_TOP_P], top_p);
}

void sampling_seed(struct sampling *sampling)
{
	struct option_value *seed = &sampling->values[SAMPLING_SEED];
	uint32_t drawn;

	if (seed->given)
		return;
	if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) != (ssize_t)sizeof drawn)
		drawn = (uint32_t)time(NULL);
	*seed = (struct option_value){ true, drawn, drawn };
}

bool sampling_apply(const struct sampling *sampling, krait_session *session)
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

void sampling_read(struct sampling *sampling, const krait_session *session)
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
