/* SPDX-License-Identifier: Apache-2.0 */
/* sampler.c - krait_sampler_*: the settings of sampling as an object of their own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/sampler.h"
#include "session/session.h"

#include <string.h>

krait_status krait_sampler_new(krait_sampler **out)
{
	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = krait__alloc_zero(1, sizeof(**out));
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	(*out)->sampling = (struct sampling)SAMPLING_DEFAULT;
	return KRAIT_OK;
}

void krait_sampler_free(krait_sampler *sampler)
{
	if (!sampler)
		return;
	krait__sampling_free(&sampler->sampling);
	krait__free(sampler);
}

const char *krait_sampler_error(const krait_sampler *sampler)
{
	return sampler ? sampler->why.text : "out of memory";
}

krait_status krait_sampler_set_int(krait_sampler *sampler, int setting, int64_t value)
{
	if (!sampler)
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&sampler->why);
	return krait__sampling_set_int(&sampler->sampling, setting, value, &sampler->why);
}

krait_status krait_sampler_set_float(krait_sampler *sampler, int setting, double value)
{
	if (!sampler)
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&sampler->why);
	return krait__sampling_set_float(&sampler->sampling, setting, value, &sampler->why);
}

krait_status krait_sampler_set_bias(krait_sampler *sampler, krait_token token, float bias)
{
	if (!sampler)
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&sampler->why);
	return krait__sampling_set_bias(&sampler->sampling, token, bias, &sampler->why);
}

krait_status krait_session_set_sampler(krait_session *session, const krait_sampler *sampler)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	if (!sampler)
		status = krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "'sampler' is NULL");
	else if (!krait__sampling_copy(&session->course.sampling, &sampler->sampling))
		status = krait__why_memory(&session->why);
	return krait__session_leave(session, status);
}

/* The sampler is shared and constant in these two, so a text of its own would be a race. */
static krait_status count_history(struct token_counts *counts, const krait_token *history, size_t n_history, size_t n_logits)
{
	if (n_history && !history)
		return KRAIT_ERROR_ARGUMENT;
	for (size_t i = 0; i < n_history; i++) {
		if (history[i] < 0 || (size_t)history[i] >= n_logits)
			return KRAIT_ERROR_ARGUMENT;
		if (!krait__counts_reserve(counts, 1))
			return KRAIT_ERROR_MEMORY;
		krait__counts_add(counts, history[i], 1);
	}
	return KRAIT_OK;
}

krait_status krait_sampler_probs(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, float *out, size_t n_out)
{
	struct token_counts counts = { 0 };
	struct choices choices = { 0 };
	struct why why = { 0 };
	krait_status status;

	if (!sampler || !logits || n_logits == 0 || n_logits > INT32_MAX || (n_out && !out))
		return KRAIT_ERROR_ARGUMENT;
	if (!out)
		return KRAIT_OK;
	if (n_out < n_logits)
		return KRAIT_ERROR_SPACE;
	status = count_history(&counts, history, n_history, n_logits);
	if (status == KRAIT_OK)
		status = krait__sampling_choices(&choices, &sampler->sampling, logits, n_logits, n_logits, &counts, &why);
	if (status == KRAIT_OK) {
		memset(out, 0, n_logits * sizeof(*out));
		for (size_t i = 0; i < choices.n; i++)
			out[choices.ids[i]] = (float)choices.probs[i];
	}
	krait__choices_free(&choices);
	krait__counts_free(&counts);
	return status;
}

krait_status krait_sampler_pick(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, uint64_t draw, krait_token *out)
{
	struct token_counts counts = { 0 };
	struct why why = { 0 };
	krait_status status;

	if (out)
		*out = -1;
	if (!sampler || !logits || n_logits == 0 || n_logits > INT32_MAX || !out)
		return KRAIT_ERROR_ARGUMENT;
	status = count_history(&counts, history, n_history, n_logits);
	if (status == KRAIT_OK)
		status = krait__sampling_pick(out, &sampler->sampling, logits, n_logits, n_logits, &counts, draw, &why);
	krait__counts_free(&counts);
	return status;
}
