/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - one table of the settings: number, name, type and range. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/settings.h"

#include "base/json_number.h"
#include "base/memory.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

struct rule {
	int setting;
	const char *name;
	bool is_float, open_low;        /* open_low: the lowest value itself is refused */
	double low, high, start;
	size_t offset;
};

#define AT(field) offsetof(struct sampling, field)
static const struct rule rules[] = {
	{ KRAIT_SAMPLE_TEMPERATURE, "KRAIT_SAMPLE_TEMPERATURE", true, false, 0, DBL_MAX, 1, AT(temperature) },
	{ KRAIT_SAMPLE_TOP_K, "KRAIT_SAMPLE_TOP_K", false, false, 0, 0x1p62, 0, AT(top_k) },
	{ KRAIT_SAMPLE_TOP_P, "KRAIT_SAMPLE_TOP_P", true, false, 0, 1, 1, AT(top_p) },
	{ KRAIT_SAMPLE_MIN_P, "KRAIT_SAMPLE_MIN_P", true, false, 0, 1, 0, AT(min_p) },
	{ KRAIT_SAMPLE_TYPICAL_P, "KRAIT_SAMPLE_TYPICAL_P", true, true, 0, 1, 1, AT(typical_p) },
	{ KRAIT_SAMPLE_REPETITION_PENALTY, "KRAIT_SAMPLE_REPETITION_PENALTY", true, false, FLT_MIN, FLT_MAX, 1, AT(repetition) },
	{ KRAIT_SAMPLE_PRESENCE_PENALTY, "KRAIT_SAMPLE_PRESENCE_PENALTY", true, false, -FLT_MAX, FLT_MAX, 0, AT(presence) },
	{ KRAIT_SAMPLE_FREQUENCY_PENALTY, "KRAIT_SAMPLE_FREQUENCY_PENALTY", true, false, -FLT_MAX, FLT_MAX, 0, AT(frequency) },
	{ KRAIT_SAMPLE_SEED, "KRAIT_SAMPLE_SEED", false, false, -HUGE_VAL, HUGE_VAL, -1, AT(seed) },
};
#define N_RULES (sizeof(rules) / sizeof(*rules))

static double *float_of(struct sampling *sampling, const struct rule *rule)
{
	return (double *)((char *)sampling + rule->offset);
}

static int64_t *int_of(struct sampling *sampling, const struct rule *rule)
{
	return (int64_t *)((char *)sampling + rule->offset);
}

void krait__sampling_defaults(struct sampling *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < N_RULES; i++)
		if (rules[i].is_float)
			*float_of(out, &rules[i]) = rules[i].start;
		else
			*int_of(out, &rules[i]) = (int64_t)rules[i].start;
}

bool krait__sampling_copy(struct sampling *out, const struct sampling *from)
{
	*out = *from;
	out->biases = NULL;
	out->n_biases = 0;
	if (!from->n_biases)
		return true;
	out->biases = krait__copy_bytes(from->biases, from->n_biases * sizeof(*from->biases));
	if (!out->biases)
		return false;
	out->n_biases = from->n_biases;
	return true;
}

void krait__sampling_free(struct sampling *sampling)
{
	krait__free(sampling->biases);
	sampling->biases = NULL;
	sampling->n_biases = 0;
}

static krait_status find_rule(const struct rule **out, int setting, bool is_float, struct why *why)
{
	*out = NULL;
	for (size_t i = 0; i < N_RULES; i++)
		if (rules[i].setting == setting)
			*out = &rules[i];
	if (!*out)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "setting %d is not known to this library, %s", setting, PACKAGE_VERSION);
	if ((*out)->is_float != is_float)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "%s is %s: use the call that ends in _%s", (*out)->name,
			is_float ? "an integer" : "a float", is_float ? "int" : "float");
	return KRAIT_OK;
}

/* The comparisons are written so that NaN fails them. */
static bool in_range(const struct rule *rule, double value)
{
	return value <= rule->high && (rule->open_low ? value > rule->low : value >= rule->low);
}

static krait_status out_of_range(const struct rule *rule, double value, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_ARGUMENT, "%s is %s: it must be %s %s%s", rule->name, SHOWN(value),
		rule->open_low ? "above" : "at least", SHOWN(rule->low), rule->high == 1 ? " and at most 1" : " and finite");
}

krait_status krait__sampling_set_int(struct sampling *sampling, int setting, int64_t value, struct why *why)
{
	const struct rule *rule;
	krait_status status = find_rule(&rule, setting, false, why);

	if (status != KRAIT_OK)
		return status;
	if (!in_range(rule, (double)value))
		return out_of_range(rule, (double)value, why);
	*int_of(sampling, rule) = value;
	return KRAIT_OK;
}

krait_status krait__sampling_set_float(struct sampling *sampling, int setting, double value, struct why *why)
{
	const struct rule *rule;
	krait_status status = find_rule(&rule, setting, true, why);

	if (status != KRAIT_OK)
		return status;
	if (!in_range(rule, value))
		return out_of_range(rule, value, why);
	*float_of(sampling, rule) = value;
	return KRAIT_OK;
}

krait_status krait__sampling_get_int(const struct sampling *sampling, int setting, int64_t *out, struct why *why)
{
	const struct rule *rule;
	krait_status status = find_rule(&rule, setting, false, why);

	if (status == KRAIT_OK)
		*out = *(const int64_t *)((const char *)sampling + rule->offset);
	return status;
}

krait_status krait__sampling_get_float(const struct sampling *sampling, int setting, double *out, struct why *why)
{
	const struct rule *rule;
	krait_status status = find_rule(&rule, setting, true, why);

	if (status == KRAIT_OK)
		*out = *(const double *)((const char *)sampling + rule->offset);
	return status;
}

bool krait__sampling_bounds(int setting, double bounds[2])
{
	for (size_t i = 0; i < N_RULES; i++)
		if (rules[i].setting == setting) {
			bounds[0] = rules[i].is_float ? rules[i].low : fmax(rules[i].low, -0x1p63);
			bounds[1] = rules[i].is_float ? rules[i].high : fmin(rules[i].high, 0x1p63);
			return true;
		}
	return false;
}

/* Where the token stands in the list, or would. */
static size_t bias_place(const struct sampling *sampling, krait_token token)
{
	size_t low = 0, high = sampling->n_biases;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sampling->biases[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

krait_status krait__sampling_set_bias(struct sampling *sampling, krait_token token, float value, struct why *why)
{
	size_t at = bias_place(sampling, token), behind = sampling->n_biases - at;
	bool there = behind && sampling->biases[at].token == token;
	struct bias *grown;

	if (token < 0)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "a bias for token %d: ids start at 0", (int)token);
	if (isnan(value) || value == INFINITY)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "the bias of token %d is %s: "
			"it must be a number, or -infinity to rule the token out",
			(int)token, SHOWN(value));
	if (value == 0) {
		if (there)
			memmove(sampling->biases + at, sampling->biases + at + 1, (behind - 1) * sizeof(*sampling->biases));
		sampling->n_biases -= there;
		return KRAIT_OK;
	}
	if (!there) {
		grown = krait__resize(sampling->biases, sampling->n_biases + 1, sizeof(*grown));
		if (!grown)
			return krait__why_memory(why);
		sampling->biases = grown;
		memmove(grown + at + 1, grown + at, behind * sizeof(*grown));
		sampling->n_biases++;
	}
	sampling->biases[at] = (struct bias){ token, value };
	return KRAIT_OK;
}
