/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - krait_model_ceilings, krait_model_profile_*: how fast an engine's device is, and what its kernels take. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "krait_experimental.h"

#include "base/memory.h"
#include "model/model.h"

#include <stdio.h>

#define MOST_ROWS 64

/* `text` gets what went wrong. */
static krait_status say(krait_status status, const struct why *why, char *text, size_t n_text)
{
	if (text && n_text)
		snprintf(text, n_text, "%s", status < 0 ? why->text : "");
	return status;
}

static krait_status unsupported(const krait_model *model, const char *what, char *text, size_t n_text)
{
	struct why why;

	krait__why(&why, KRAIT_ERROR_UNSUPPORTED, "%s does not %s: open the model with device=cuda", model->device, what);
	return say(KRAIT_ERROR_UNSUPPORTED, &why, text, n_text);
}

/* How each call begins. */
static krait_status enter(const krait_model *model, char *text, size_t n_text)
{
	struct why why = { 0 };

	if (!model || !model->engine || !model->emodel)
		return KRAIT_ERROR_ARGUMENT;
	if (!krait__model_forked(model))
		return KRAIT_OK;
	krait__why(&why, KRAIT_ERROR_FORKED, "this process is a child of the one that opened the model: open it here");
	return say(KRAIT_ERROR_FORKED, &why, text, n_text);
}

krait_status krait_model_ceilings(const krait_model *model, krait_measure_fn each, void *user, char *text, size_t n_text)
{
	struct engine_ceilings found;
	struct why why = { 0 };
	krait_status status = each ? enter(model, text, n_text) : KRAIT_ERROR_ARGUMENT;

	if (status != KRAIT_OK)
		return status;
	if (!model->engine->ceilings)
		return unsupported(model, "measure itself", text, n_text);
	status = model->engine->ceilings(model->emodel, &found, &why);
	if (status == KRAIT_OK) {
		each(user, "read_bytes_per_second", 1, found.read, (double)found.buffer_bytes);
		each(user, "product_flops", 1, found.flops, 0);
		each(user, "to_host_bytes_per_second", 1, found.to_host, 0);
	}
	return say(status, &why, text, n_text);
}

krait_status krait_model_profile_begin(const krait_model *model, char *text, size_t n_text)
{
	struct why why = { 0 };
	krait_status status = enter(model, text, n_text);

	if (status != KRAIT_OK)
		return status;
	if (!model->engine->profile)
		return unsupported(model, "time its kernels", text, n_text);
	return say(model->engine->profile(model->emodel, &why), &why, text, n_text);
}

krait_status krait_model_profile_end(const krait_model *model, krait_measure_fn each, void *user, char *text, size_t n_text)
{
	struct engine_profile *rows;
	struct why why = { 0 };
	size_t n = 0;
	krait_status status = each ? enter(model, text, n_text) : KRAIT_ERROR_ARGUMENT;

	if (status != KRAIT_OK)
		return status;
	if (!model->engine->profiled)
		return unsupported(model, "time its kernels", text, n_text);
	rows = krait__alloc(MOST_ROWS, sizeof(*rows));
	status = rows ? model->engine->profiled(model->emodel, rows, MOST_ROWS, &n, &why) : krait__why_memory(&why);
	for (size_t i = 0; status == KRAIT_OK && i < n; i++)
		each(user, rows[i].name, rows[i].n, rows[i].seconds, rows[i].bytes);
	krait__free(rows);
	return say(status, &why, text, n_text);
}

krait_status krait_model_wait(const krait_model *model, char *text, size_t n_text)
{
	struct why why = { 0 };
	krait_status status = enter(model, text, n_text);

	if (status != KRAIT_OK)
		return status;
	return say(model->engine->wait ? model->engine->wait(model->emodel, &why) : KRAIT_OK, &why, text, n_text);
}
