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
	krait__sampling_defaults(&(*out)->sampling);
	return KRAIT_OK;
}

krait_status krait_sampler_of_model(krait_sampler **out, const krait_model *model)
{
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	if (!model || model->why.status != KRAIT_OK)
		return KRAIT_ERROR_ARGUMENT;
	status = krait_sampler_new(out);
	if (status == KRAIT_OK && !krait__rules_sampling(&(*out)->sampling, &model->generation)) {
		krait_sampler_free(*out);
		*out = NULL;
		status = KRAIT_ERROR_MEMORY;
	}
	return status;
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
	struct sampling copy = { 0 };
	krait_status status = krait__session_enter(session);
	struct session_rules *rules;

	if (status != KRAIT_OK)
		return status;
	rules = krait__session_rules(session);
	if (!rules)
		status = KRAIT_ERROR_MEMORY;
	else if (!sampler)
		status = krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "'sampler' is NULL");
	else if (!krait__sampling_copy(&copy, &sampler->sampling))
		status = krait__why_memory(&session->why);
	if (status == KRAIT_OK) {
		if (copy.seed == -1)
			copy.seed = krait__rules_seed();
		krait__sampling_free(&rules->sampling);
		rules->sampling = copy;
	}
	return krait__session_leave(session, status);
}

/* The sampler is constant in these two and may be shared, so a text of its own would be a race. */
static krait_status count_history(uint32_t **out, const krait_token *history, size_t n_history, size_t n_logits)
{
	*out = NULL;
	if (n_history == 0)
		return KRAIT_OK;
	if (!history)
		return KRAIT_ERROR_ARGUMENT;
	for (size_t i = 0; i < n_history; i++)
		if (history[i] < 0 || (size_t)history[i] >= n_logits)
			return KRAIT_ERROR_ARGUMENT;
	*out = krait__alloc_zero(n_logits, sizeof(**out));
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	for (size_t i = 0; i < n_history; i++)
		(*out)[history[i]]++;
	return KRAIT_OK;
}

static krait_status find(struct candidates *out, const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history)
{
	struct why why = { 0 };
	uint32_t *counts;
	krait_status status = count_history(&counts, history, n_history, n_logits);

	if (status == KRAIT_OK)
		status = krait__candidates_find(out, &sampler->sampling, logits, n_logits, counts, &why);
	krait__free(counts);
	return status;
}

krait_status krait_sampler_probs(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, float *out, size_t n_out)
{
	struct candidates candidates = { 0 };
	krait_status status;

	if (!sampler || !logits || n_logits == 0 || n_logits > INT32_MAX || (n_out && !out))
		return KRAIT_ERROR_ARGUMENT;
	if (!out)
		return KRAIT_OK;
	if (n_out < n_logits)
		return KRAIT_ERROR_SPACE;
	status = find(&candidates, sampler, logits, n_logits, history, n_history);
	if (status == KRAIT_OK) {
		memset(out, 0, n_logits * sizeof(*out));
		for (size_t i = 0; i < candidates.n; i++)
			out[candidates.list[i].token] = (float)(candidates.list[i].weight / candidates.total);
	}
	krait__candidates_free(&candidates);
	return status;
}

krait_status krait_sampler_pick(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, uint64_t draw, krait_token *out)
{
	struct candidates candidates = { 0 };
	krait_status status;

	if (out)
		*out = -1;
	if (!sampler || !logits || n_logits == 0 || n_logits > INT32_MAX || !out)
		return KRAIT_ERROR_ARGUMENT;
	status = find(&candidates, sampler, logits, n_logits, history, n_history);
	if (status == KRAIT_OK)
		*out = krait__candidates_pick(&candidates, sampler->sampling.seed, draw);
	krait__candidates_free(&candidates);
	return status;
}
