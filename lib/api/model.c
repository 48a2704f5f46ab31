/* SPDX-License-Identifier: Apache-2.0 */
/* model.c - krait_model_*. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "api/model_info.h"
#include "krait_experimental.h"
#include "model/open.h"
#include "model/random.h"
#include "session/state.h"

/* The last of opening, and what it came to. */
static krait_status opened(krait_model *model, krait_status status)
{
	if (status == KRAIT_OK) {
		status = krait__model_describe(model);
		if (status != KRAIT_OK)
			krait__model_clear(model);
	}
	model->why.status = status;
	return status;
}

krait_status krait_model_open(krait_model **out, const char *path, const krait_options *options)
{
	krait_model *model;
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = model = krait__model_new(options);
	if (!model)
		return KRAIT_ERROR_MEMORY;
	if (!path)
		status = krait__why(&model->why, KRAIT_ERROR_ARGUMENT, "'path' is NULL: give a folder, a weight file or the name of an installed model");
	else
		status = krait__model_load(model, path, options);
	return opened(model, status);
}

krait_model *krait_model_ref(krait_model *model)
{
	return model ? krait__model_ref(model) : NULL;
}

void krait_model_free(krait_model *model)
{
	krait__model_free(model);
}

const char *krait_model_error(const krait_model *model)
{
	return model ? model->why.text : "out of memory";
}

const char *krait_model_family(const krait_model *model)
{
	return model ? model->family : "";
}

const char *krait_model_device(const krait_model *model)
{
	return model ? model->device : "";
}

const char *krait_model_note(const krait_model *model)
{
	return model ? model->note : "";
}

const char *krait_model_info(const krait_model *model)
{
	return model && model->info ? model->info : "{}";
}

const char *krait_model_fingerprint(const krait_model *model)
{
	return model ? model->fingerprint_text : "";
}

size_t krait_model_vocab_size(const krait_model *model)
{
	return model ? model->plan.vocab : 0;
}

size_t krait_model_width(const krait_model *model)
{
	return model ? model->plan.width : 0;
}

size_t krait_model_n_layers(const krait_model *model)
{
	return model ? model->plan.n_layers : 0;
}

uint64_t krait_model_n_parameters(const krait_model *model)
{
	return model ? model->n_parameters : 0;
}

size_t krait_model_state_size(const krait_model *model)
{
	return model && model->plan.n_components ? (size_t)krait__state_size_at(model, 0) : 0;
}

uint64_t krait_model_state_size_at(const krait_model *model, uint64_t n_positions)
{
	return model && model->plan.n_components ? krait__state_size_at(model, n_positions) : 0;
}

uint64_t krait_model_memory(const krait_model *model, size_t n_sessions)
{
	return model ? krait__model_memory(model, n_sessions) : 0;
}

size_t krait_model_state_growth(const krait_model *model)
{
	return model ? krait__model_token_bytes(model) : 0;
}

size_t krait_model_stops(const krait_model *model, krait_token *out, size_t n_out)
{
	if (!model)
		return 0;
	for (size_t i = 0; out && i < n_out && i < model->generation.n_stops; i++)
		out[i] = model->generation.stops[i];
	return model->generation.n_stops;
}

krait_tokenizer *krait_model_tokenizer_ref(krait_model *model)
{
	return model && model->tokenizer ? krait_tokenizer_ref(model->tokenizer) : NULL;
}

const krait_tokenizer *krait_model_tokenizer(const krait_model *model)
{
	return model ? model->tokenizer : NULL;
}

krait_status krait_model_random(krait_model **out, const char *shape, const char *weights, uint64_t seed, const krait_options *options)
{
	krait_model *model;
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = model = krait__model_new(options);
	if (!model)
		return KRAIT_ERROR_MEMORY;
	status = krait__model_random(model, shape, weights, seed, options);
	return opened(model, status);
}

const char *krait_model_shape(size_t index)
{
	return krait__random_shape(index);
}
