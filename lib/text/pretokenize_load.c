/* SPDX-License-Identifier: Apache-2.0 */
/* pretokenize_load.c - reading "pre_tokenizer" of a tokenizer.json. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_field.h"
#include "base/memory.h"
#include "text/pretokenize.h"

#include <string.h>

static krait_status load_behaviour(struct pre_step *step, const struct json_value *node, const char *what, struct why *why)
{
	static const struct { const char *name; enum behaviour behaviour; } known[] = {
		{ "Isolated", SPLIT_ISOLATED }, { "Removed", SPLIT_REMOVED }, { "Contiguous", SPLIT_CONTIGUOUS },
		{ "MergedWithPrevious", SPLIT_WITH_PREVIOUS }, { "MergedWithNext", SPLIT_WITH_NEXT },
	};
	const char *name = "Isolated";
	struct quoted quoted;
	krait_status status = krait__field_text(&name, node, "behavior", what, why);

	if (status != KRAIT_OK)
		return status;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0) {
			step->behaviour = known[i].behaviour;
			return KRAIT_OK;
		}
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: pre_tokenizer: the behavior %s is not known", what, krait__quote(&quoted, name, SIZE_MAX));
}

static krait_status load_bytes(struct pre_step *step, const struct json_value *node, const char *what, struct why *why)
{
	bool use_regex = true;
	krait_status status;

	step->kind = PRE_BYTES;
	step->prefix_space = true;
	status = krait__field_bool(&step->prefix_space, node, "add_prefix_space", what, why);
	if (status == KRAIT_OK)
		status = krait__field_bool(&use_regex, node, "use_regex", what, why);
	step->scanner = use_regex ? SCAN_GPT2 : SCAN_NONE;
	return status;
}

static krait_status load_split(struct pre_step *step, const struct json_value *node, const char *what, struct why *why)
{
	const struct json_value *pattern = krait__json_get(node, "pattern");
	const struct json_value *regex = krait__json_get(pattern, "Regex"), *literal = krait__json_get(pattern, "String");
	krait_status status = load_behaviour(step, node, what, why);

	step->kind = PRE_SPLIT;
	if (status == KRAIT_OK)
		status = krait__field_bool(&step->invert, node, "invert", what, why);
	if (status != KRAIT_OK)
		return status;
	if (krait__json_is(literal, JSON_VALUE_STRING)) {
		step->n_literal = krait__json_string_size(literal);
		step->literal = krait__copy_bytes(krait__json_string(literal), step->n_literal);
		return step->literal ? KRAIT_OK : krait__why_memory(why);
	}
	if (!krait__json_is(regex, JSON_VALUE_STRING))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: pre_tokenizer: a Split has no pattern of the kind Regex or String", what);
	step->scanner = krait__scanner_of(krait__json_string(regex));
	if (step->scanner != SCAN_NONE)
		return KRAIT_OK;
	return krait__regex_compile(&step->regex, krait__json_string(regex), krait__json_string_size(regex), what, why);
}

static krait_status load_digits(struct pre_step *step, const struct json_value *node, const char *what, struct why *why)
{
	bool individual = false;
	krait_status status = krait__field_bool(&individual, node, "individual_digits", what, why);

	step->kind = PRE_DIGITS;
	step->behaviour = individual ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS;
	return status;
}

static krait_status load_step(struct pretokenizer *out, const struct json_value *node, const char *what, struct why *why)
{
	const char *type = krait__json_string(krait__json_get(node, "type"));
	struct quoted quoted;
	struct pre_step *step;

	if (out->n_steps == PRE_STEPS)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: pre_tokenizer has more than %d steps", what, PRE_STEPS);
	step = &out->steps[out->n_steps++];
	type = type ? type : "";
	if (strcmp(type, "ByteLevel") == 0)
		return load_bytes(step, node, what, why);
	if (strcmp(type, "Split") == 0)
		return load_split(step, node, what, why);
	if (strcmp(type, "Digits") == 0)
		return load_digits(step, node, what, why);
	step->kind = PRE_PUNCTUATION;
	if (strcmp(type, "Punctuation") == 0)
		return load_behaviour(step, node, what, why);
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: pre_tokenizer %s is not known: ByteLevel, Split, Digits, Punctuation and Sequence are",
		what, krait__quote(&quoted, type, SIZE_MAX));
}

krait_status krait__pretokenizer_load(struct pretokenizer *out, const struct json_value *node, const char *what, struct why *why)
{
	const char *type = krait__json_string(krait__json_get(node, "type"));
	const struct json_value *members = krait__json_get(node, "pretokenizers");
	krait_status status = KRAIT_OK;
	size_t n_bytes = 0;

	memset(out, 0, sizeof(*out));
	if (type && strcmp(type, "Sequence") == 0 && !krait__json_is(members, JSON_VALUE_ARRAY))
		status = krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'pre_tokenizer.pretokenizers' is missing or no array", what);
	else if (type && strcmp(type, "Sequence") == 0)
		for (size_t i = 0; i < krait__json_size(members) && status == KRAIT_OK; i++)
			status = load_step(out, krait__json_at(members, i), what, why);
	else if (!krait__json_is_null(node))
		status = load_step(out, node, what, why);
	for (size_t i = 0; i < out->n_steps; i++)
		n_bytes += out->steps[i].kind == PRE_BYTES;
	if (status == KRAIT_OK && n_bytes != 1)
		status = krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: pre_tokenizer has %zu ByteLevel steps: only byte-level tokenizers, with one, are known",
			what, n_bytes);
	if (status != KRAIT_OK)
		krait__pretokenizer_free(out);
	return status;
}

void krait__pretokenizer_free(struct pretokenizer *pretokenizer)
{
	for (size_t i = 0; i < pretokenizer->n_steps; i++) {
		krait__regex_free(pretokenizer->steps[i].regex);
		krait__free(pretokenizer->steps[i].literal);
	}
	memset(pretokenizer, 0, sizeof(*pretokenizer));
}
