/* SPDX-License-Identifier: Apache-2.0 */
/* opening.c - from the options that every verb takes to an open model. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "opening.h"

#include "interrupt.h"
#include "progress.h"
#include "pull/pull.h"
#include "say.h"

#include <stdio.h>
#include <unistd.h>

static void log_line(void *user, int level, const char *text)
{
	const struct common *common = user;

	/* What a warning says stands in the model's note, which is told once, when the model is open. */
	if (level > KRAIT_LOG_WARNING && common->verbose)
		say_note("krait: %s", text);
}

static bool set_texts(krait_options *options, const struct common *common)
{
	const struct { int option; const char *value; } texts[] = {
		{ KRAIT_OPTION_DEVICE, common->device },
		{ KRAIT_OPTION_WEIGHTS, common->weights },
		{ KRAIT_OPTION_PRECISION, common->precision },
		{ KRAIT_OPTION_TOKENIZER, common->tokenizer },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].value && krait_options_set_text(options, texts[i].option, texts[i].value) != KRAIT_OK)
			return false;
	return !common->threads.given || krait_options_set_int(options, KRAIT_OPTION_THREADS, common->threads.whole) == KRAIT_OK;
}

krait_options *opening_options(const struct common *common, int *status)
{
	krait_options *options;

	if (krait_options_new(&options) != KRAIT_OK) {
		*status = say_failure("%s", krait_options_error(options));
		krait_options_free(options);
		return NULL;
	}
	if (!set_texts(options, common)) {
		*status = say_usage("%s", krait_options_error(options));
		krait_options_free(options);
		return NULL;
	}
	krait_options_set_progress(options, progress_callback, NULL);
	/* The library hands the pointer back as it got it; nothing writes through it. */
	krait_options_set_log(options, log_line, (void *)(uintptr_t)common);
	return options;
}

static krait_status open_once(krait_model **out, const char *name, const krait_options *options)
{
	krait_status opened;

	progress_begin("opening the model");
	opened = krait_model_open(out, name, options);
	progress_end();
	return opened;
}

/* A model that is not here may be on a hub: on a terminal it is fetched for a yes. -1: it is here now. */
static int offer_pull(const char *name, const char *error)
{
	char answer[16];
	int status;

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return say_failure("%s; 'krait pull %s' fetches it from a hub", error, name);
	fprintf(stderr, "%s is not here. Fetch it from the hub? [y/N] ", name);
	fflush(stderr);
	if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return interrupt_seen() ? STATUS_INTERRUPTED : say_failure("%s; 'krait pull %s' fetches it", error, name);
	status = pull_model(name);
	return status == STATUS_DONE ? -1 : status;
}

static int say_why(krait_status opened, const krait_model *model)
{
	int status;

	if (opened == KRAIT_CANCELLED)
		status = STATUS_INTERRUPTED;
	else if (opened == KRAIT_ERROR_ARGUMENT)
		status = say_usage("%s", krait_model_error(model));
	else
		status = say_failure("%s", krait_model_error(model));
	return status;
}

int opening_model(krait_model **out, const struct common *common, bool inspect)
{
	const char *name = common->model ? common->model : OPENING_DEFAULT_MODEL;
	int status = STATUS_FAILED;
	krait_options *options = opening_options(common, &status);
	krait_status opened;

	*out = NULL;
	if (!options)
		return status;
	if (inspect)
		krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1);
	opened = open_once(out, name, options);
	status = -1;
	if (opened == KRAIT_ERROR_NOT_FOUND && pull_is_name(name) && access(name, F_OK) != 0) {
		status = offer_pull(name, krait_model_error(*out));
		krait_model_free(*out);
		*out = NULL;
		opened = status < 0 ? open_once(out, name, options) : opened;
	}
	krait_options_free(options);
	if (status < 0 && opened == KRAIT_OK)
		return -1;
	if (status < 0)
		status = say_why(opened, *out);
	krait_model_free(*out);
	*out = NULL;
	return status;
}

void opening_note(const krait_model *model)
{
	if (*krait_model_note(model))
		say_note("krait: %s", krait_model_note(model));
}

int opening_text(const krait_model *model)
{
	if (krait_model_tokenizer(model)) {
		opening_note(model);
		return -1;
	}
	if (*krait_model_note(model))
		return say_failure("no text without a tokenizer (--tokenizer names one): %s", krait_model_note(model));
	return say_failure("the model comes without a tokenizer: name one with --tokenizer");
}

int opening_head(const krait_model *model)
{
	json_t *info = opening_info(model);
	bool headless = json_is_false(json_object_get(info, "has_head"));

	json_decref(info);
	if (headless)
		return say_failure("this model has no head: it gives hidden vectors, not logits; "
			"'krait embed' gives them");
	return -1;
}

int opening_session(krait_model **model, krait_session **session, const struct common *common)
{
	int status = opening_model(model, common, false);

	*session = NULL;
	if (status < 0 && ((status = opening_head(*model)) >= 0 || (status = opening_text(*model)) >= 0)) {
		krait_model_free(*model);
		*model = NULL;
	}
	if (status >= 0)
		return status;
	if (krait_session_new(session, *model) != KRAIT_OK) {
		say_failure("%s", krait_session_error(*session));
		krait_session_free(*session);
		krait_model_free(*model);
		*session = NULL;
		*model = NULL;
		return STATUS_FAILED;
	}
	interrupt_watch(*session);
	return -1;
}

json_t *opening_info(const krait_model *model)
{
	json_t *info = json_loads(krait_model_info(model), 0, NULL);

	return json_is_object(info) ? info : json_object();
}
