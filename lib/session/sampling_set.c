/* SPDX-License-Identifier: Apache-2.0 */
/* sampling_set.c - a sampler's settings by number, with their ranges. */
#include "base/memory.h"
#include "session/sampling.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

struct setting {
	int number;
	const char *name;
	size_t field;
	bool whole;             /* int64_t, not double */
	double least, most;
};

static const struct setting settings[] = {
	{ KRAIT_SAMPLE_TEMPERATURE, "temperature", offsetof(struct sampling, temperature), false, 0, 1e6 },
	{ KRAIT_SAMPLE_TOP_K, "top-k", offsetof(struct sampling, top_k), true, 0, INT32_MAX },
	{ KRAIT_SAMPLE_TOP_P, "top-p", offsetof(struct sampling, top_p), false, 0, 1 },
	{ KRAIT_SAMPLE_MIN_P, "min-p", offsetof(struct sampling, min_p), false, 0, 1 },
	{ KRAIT_SAMPLE_TYPICAL_P, "typical-p", offsetof(struct sampling, typical_p), false, 0, 1 },
	{ KRAIT_SAMPLE_REPETITION_PENALTY, "the repetition penalty", offsetof(struct sampling, repetition), false, 1e-6, 1e6 },
	{ KRAIT_SAMPLE_PRESENCE_PENALTY, "the presence penalty", offsetof(struct sampling, presence), false, -1e6, 1e6 },
	{ KRAIT_SAMPLE_FREQUENCY_PENALTY, "the frequency penalty", offsetof(struct sampling, frequency), false, -1e6, 1e6 },
	{ KRAIT_SAMPLE_SEED, "the seed", offsetof(struct sampling, seed), true, -INFINITY, INFINITY },
};

static const struct setting *find(int number)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].number == number)
			return &settings[i];
	return NULL;
}

static krait_status unknown(int number, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "setting %d is not known to this version of krait", number);
}

static krait_status out_of_range(const struct setting *setting, double value, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_ARGUMENT, "%s is %g: it must lie from %g to %g", setting->name, value,
		setting->least, setting->most);
}

krait_status krait__sampling_set_int(struct sampling *sampling, int number, int64_t value, struct why *why)
{
	const struct setting *setting = find(number);

	if (!setting)
		return unknown(number, why);
	if (!setting->whole)
		return krait__sampling_set_float(sampling, number, (double)value, why);
	if ((double)value < setting->least || (double)value > setting->most)
		return out_of_range(setting, (double)value, why);
	memcpy((char *)sampling + setting->field, &value, sizeof(value));
	return KRAIT_OK;
}

krait_status krait__sampling_set_float(struct sampling *sampling, int number, double value, struct why *why)
{
	const struct setting *setting = find(number);

	if (!setting)
		return unknown(number, why);
	if (setting->whole)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "%s is a whole number: set it with _set_int", setting->name);
	if (!(value >= setting->least && value <= setting->most))
		return out_of_range(setting, value, why);
	memcpy((char *)sampling + setting->field, &value, sizeof(value));
	return KRAIT_OK;
}

krait_status krait__sampling_get_int(const struct sampling *sampling, int number, int64_t *out)
{
	const struct setting *setting = find(number);

	if (!setting)
		return KRAIT_ERROR_UNSUPPORTED;
	if (!setting->whole)
		return KRAIT_ERROR_ARGUMENT;
	memcpy(out, (const char *)sampling + setting->field, sizeof(*out));
	return KRAIT_OK;
}

krait_status krait__sampling_get_float(const struct sampling *sampling, int number, double *out)
{
	const struct setting *setting = find(number);

	if (!setting)
		return KRAIT_ERROR_UNSUPPORTED;
	if (setting->whole)
		return KRAIT_ERROR_ARGUMENT;
	memcpy(out, (const char *)sampling + setting->field, sizeof(*out));
	return KRAIT_OK;
}

static void remove_bias(struct sampling *sampling, size_t at)
{
	memmove(sampling->biases + at, sampling->biases + at + 1, (sampling->n_biases - at - 1) * sizeof(*sampling->biases));
	sampling->n_biases--;
}

krait_status krait__sampling_set_bias(struct sampling *sampling, krait_token token, float bias, struct why *why)
{
	size_t at = 0;
	struct token_bias *biases;

	if (token < 0)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "token %d: an id is 0 or more", (int)token);
	if (isnan(bias) || bias == INFINITY)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "the bias of token %d is not a number below infinity", (int)token);
	while (at < sampling->n_biases && sampling->biases[at].token < token)
		at++;
	if (at < sampling->n_biases && sampling->biases[at].token == token) {
		sampling->biases[at].bias = bias;
		if (bias == 0)
			remove_bias(sampling, at);
		return KRAIT_OK;
	}
	if (bias == 0)
		return KRAIT_OK;
	biases = krait__resize(sampling->biases, sampling->n_biases + 1, sizeof(*biases));
	if (!biases)
		return krait__why_memory(why);
	memmove(biases + at + 1, biases + at, (sampling->n_biases - at) * sizeof(*biases));
	biases[at] = (struct token_bias){ token, bias };
	sampling->biases = biases;
	sampling->n_biases++;
	return KRAIT_OK;
}

bool krait__sampling_copy(struct sampling *to, const struct sampling *from)
{
	struct token_bias *biases = NULL;

	if (from->n_biases) {
		biases = krait__alloc(from->n_biases, sizeof(*biases));
		if (!biases)
			return false;
		memcpy(biases, from->biases, from->n_biases * sizeof(*biases));
	}
	krait__free(to->biases);
	*to = *from;
	to->biases = biases;
	return true;
}

void krait__sampling_free(struct sampling *sampling)
{
	krait__free(sampling->biases);
	sampling->biases = NULL;
	sampling->n_biases = 0;
}
