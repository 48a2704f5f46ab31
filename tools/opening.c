/* SPDX-License-Identifier: Apache-2.0 */
/* opening.c - from the options that every verb takes to an open model. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "opening.h"

#include "interrupt.h"
#include "progress.h"
#include "say.h"

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

int opening_model(krait_model **out, const struct common *common, bool inspect)
{
	int status = STATUS_FAILED;
	krait_options *options = opening_options(common, &status);
	krait_status opened;

	*out = NULL;
	if (!options)
		return status;
	if (inspect)
		krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1);
	progress_begin("opening the model");
	opened = krait_model_open(out, common->model ? common->model : OPENING_DEFAULT_MODEL, options);
	progress_end();
	krait_options_free(options);
	if (opened == KRAIT_OK)
		return -1;
	if (opened == KRAIT_CANCELLED)
		status = STATUS_INTERRUPTED;
	else if (opened == KRAIT_ERROR_ARGUMENT)
		status = say_usage("%s", krait_model_error(*out));
	else
		status = say_failure("%s", krait_model_error(*out));
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

int opening_session(krait_model **model, krait_session **session, const struct common *common)
{
	int status = opening_model(model, common, false);

	*session = NULL;
	if (status < 0 && (status = opening_text(*model)) >= 0) {
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
