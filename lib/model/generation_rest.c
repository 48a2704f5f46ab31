/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/generation_rest.h"

#include "model/companions.h"

#include <stdio.h>

/* When a field has an effect: a number other than the one that means nothing, or anything but an empty list. */
enum rest_effect { NUMBER_ABOVE, NUMBER_NOT, ANYTHING };

static const struct {
	const char *key;
	enum rest_effect effect;
	double nothing;
} rest[] = {
	{ "num_beams", NUMBER_ABOVE, 1 }, { "num_beam_groups", NUMBER_ABOVE, 1 }, { "num_return_sequences", NUMBER_ABOVE, 1 },
	{ "penalty_alpha", NUMBER_ABOVE, 0 }, { "diversity_penalty", NUMBER_NOT, 0 }, { "no_repeat_ngram_size", NUMBER_ABOVE, 0 },
	{ "min_length", NUMBER_ABOVE, 0 }, { "min_new_tokens", NUMBER_ABOVE, 0 }, { "max_time", ANYTHING, 0 },
	{ "epsilon_cutoff", NUMBER_ABOVE, 0 }, { "eta_cutoff", NUMBER_ABOVE, 0 }, { "top_h", ANYTHING, 0 }, { "guidance_scale", NUMBER_NOT, 1 },
	{ "begin_suppress_tokens", ANYTHING, 0 }, { "bad_words_ids", ANYTHING, 0 }, { "force_words_ids", ANYTHING, 0 }, { "constraints", ANYTHING, 0 },
	{ "forced_bos_token_id", ANYTHING, 0 }, { "forced_eos_token_id", ANYTHING, 0 }, { "forced_decoder_ids", ANYTHING, 0 },
	{ "sequence_bias", ANYTHING, 0 }, { "exponential_decay_length_penalty", ANYTHING, 0 }, { "watermarking_config", ANYTHING, 0 },
	{ "dola_layers", ANYTHING, 0 }, { "token_healing", ANYTHING, 0 }, { "assistant_early_exit", ANYTHING, 0 },
};

static bool has_effect(size_t i, const struct json_value *value)
{
	bool list = krait__json_is(value, JSON_VALUE_ARRAY) || krait__json_is(value, JSON_VALUE_OBJECT);

	if (krait__json_is_null(value) || krait__json_is(value, JSON_VALUE_FALSE) || (list && krait__json_size(value) == 0))
		return false;
	if (rest[i].effect == ANYTHING || !krait__json_is_number(value))
		return true;
	return rest[i].effect == NUMBER_ABOVE ? krait__json_number(value) > rest[i].nothing : krait__json_number(value) != rest[i].nothing;
}

void krait__generation_name_rest(struct krait_model *model, const struct json_value *file)
{
	char names[640];
	size_t at = 0, n = 0;

	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
		if (has_effect(i, krait__json_get(file, rest[i].key)) && at < sizeof(names)) {
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s'%s'", n ? ", " : "", rest[i].key);
			n++;
		}
	if (n)
		krait__model_remark(model, GENERATION_FILE ": %s %s no effect here", names, n == 1 ? "has" : "have");
}
