/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - krait_options_*: how to open a model. */
#ifdef HAVE_CONFIG_H
#include "api/options.h"
#include "config.h"
#endif
#include "base/memory.h"
#include "model/model.h"

#include <stddef.h>
#include <string.h>

#define THREADS_MOST 1024

struct option {
	int number;
	const char *name;
	bool text;
	size_t field;
	int64_t most;           /* of a number, from 0 */
	const char *words;      /* that a text may be, each between spaces; NULL: any */
};

static const struct option known[] = {
	{ KRAIT_OPTION_DEVICE, "KRAIT_OPTION_DEVICE", true, offsetof(struct krait_options, device), 0, NULL },
	{ KRAIT_OPTION_THREADS, "KRAIT_OPTION_THREADS", false, offsetof(struct krait_options, threads), THREADS_MOST, NULL },
	{ KRAIT_OPTION_WEIGHTS, "KRAIT_OPTION_WEIGHTS", true, offsetof(struct krait_options, weights), 0, " asis f32 bf16 f16 int8 int4 " },
	{ KRAIT_OPTION_PRECISION, "KRAIT_OPTION_PRECISION", true, offsetof(struct krait_options, precision), 0, " exact fast " },
	{ KRAIT_OPTION_INSTRUCTIONS, "KRAIT_OPTION_INSTRUCTIONS", true, offsetof(struct krait_options, instructions), 0,
		" auto generic avx2 avx2-1 avx2-4 avx512 avx512-1 avx512-4 " },
	{ KRAIT_OPTION_TOKENIZER, "KRAIT_OPTION_TOKENIZER", true, offsetof(struct krait_options, tokenizer), 0, NULL },
	{ KRAIT_OPTION_MAP, "KRAIT_OPTION_MAP", false, offsetof(struct krait_options, map), 1, NULL },
	{ KRAIT_OPTION_INSPECT, "KRAIT_OPTION_INSPECT", false, offsetof(struct krait_options, inspect), 1, NULL },
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static const struct option *find(int number)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (known[i].number == number)
			return &known[i];
	return NULL;
}

static char **text_field(krait_options *options, const struct option *option)
{
	return (char **)(void *)((char *)options + option->field);
}

krait_status krait_options_new(krait_options **out)
{
	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = krait__alloc_zero(1, sizeof(**out));
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	(*out)->map = true;
	return KRAIT_OK;
}

void krait_options_free(krait_options *options)
{
	if (!options)
		return;
	for (size_t i = 0; i < N_KNOWN; i++)
		if (known[i].text)
			krait__free(*text_field(options, &known[i]));
	krait__free(options);
}

const char *krait_options_error(const krait_options *options)
{
	return options ? options->why.text : "out of memory";
}

/* The option, if it is known and of this type. */
static krait_status look_up(const struct option **out, krait_options *options, int number, bool text)
{
	*out = find(number);
	krait__why_clear(&options->why);
	if (!*out)
		return krait__why(&options->why, KRAIT_ERROR_UNSUPPORTED, "option %d is not known to krait %s", number, krait_version());
	if ((*out)->text != text)
		return krait__why(&options->why, KRAIT_ERROR_ARGUMENT, "%s is a %s: set it with krait_options_set_%s",
			(*out)->name, (*out)->text ? "text" : "number", (*out)->text ? "text" : "int");
	return KRAIT_OK;
}

krait_status krait_options_set_int(krait_options *options, int number, int64_t value)
{
	const struct option *option;
	krait_status status;

	if (!options)
		return KRAIT_ERROR_ARGUMENT;
	status = look_up(&option, options, number, false);
	if (status != KRAIT_OK)
		return status;
	if (value < 0 || value > option->most)
		return krait__why(&options->why, KRAIT_ERROR_ARGUMENT, "%s is %lld: it must lie from 0 to %lld",
			option->name, (long long)value, (long long)option->most);
	if (number == KRAIT_OPTION_THREADS)
		options->threads = value;
	else if (number == KRAIT_OPTION_MAP)
		options->map = value != 0;
	else
		options->inspect = value != 0;
	return KRAIT_OK;
}

bool krait__options_bounds(int number, double bounds[2])
{
	const struct option *option = find(number);

	if (!option || option->text)
		return false;
	bounds[0] = 0;
	bounds[1] = (double)option->most;
	return true;
}

/* Whether `word` is one of a list with spaces around each. */
static bool listed(const char *words, const char *word)
{
	size_t n = strlen(word);
	const char *at = words;

	while (n && !strchr(word, ' ') && (at = strstr(at, word)) != NULL) {
		if (at[-1] == ' ' && at[n] == ' ')
			return true;
		at += n;
	}
	return false;
}

static bool names_device(const char *word)
{
	size_t n = strncmp(word, "cuda:", 5) ? 0 : strspn(word + 5, "0123456789");

	return listed(" auto cpu cuda ", word) || (n > 0 && n <= 4 && word[5 + n] == 0);
}

krait_status krait_options_set_text(krait_options *options, int number, const char *value)
{
	const struct option *option;
	struct quoted quoted;
	char *copy;
	krait_status status;

	if (!options)
		return KRAIT_ERROR_ARGUMENT;
	status = look_up(&option, options, number, true);
	if (status != KRAIT_OK)
		return status;
	if (!value)
		return krait__why(&options->why, KRAIT_ERROR_ARGUMENT, "%s: the value is NULL", option->name);
	if (number == KRAIT_OPTION_DEVICE && !names_device(value))
		return krait__why(&options->why, KRAIT_ERROR_UNSUPPORTED, "%s %s: there are auto cpu cuda cuda:N", option->name,
			krait__quote(&quoted, value, SIZE_MAX));
	if (option->words && !listed(option->words, value))
		return krait__why(&options->why, KRAIT_ERROR_UNSUPPORTED, "%s %s: there are%.*s", option->name, krait__quote(&quoted, value, SIZE_MAX),
			(int)strlen(option->words) - 1, option->words);
	copy = krait__copy_text(value);
	if (!copy)
		return krait__why_memory(&options->why);
	krait__free(*text_field(options, option));
	*text_field(options, option) = copy;
	return KRAIT_OK;
}

void krait_options_set_progress(krait_options *options, krait_progress_fn fn, void *user)
{
	if (!options)
		return;
	options->progress = fn;
	options->progress_user = user;
}

void krait_options_set_log(krait_options *options, krait_log_fn fn, void *user)
{
	if (!options)
		return;
	options->log = fn;
	options->log_user = user;
}
