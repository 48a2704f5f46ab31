/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "bench/transformer/mamba.h"

#include "krait.h"
#include "krait_experimental.h"

#include <stdio.h>
#include <stdlib.h>

struct mamba {
	krait_model *model;
	krait_batch *batch;
	krait_session **sessions;
	uint32_t n_sequences;
};

static int fail(char *error, const char *text)
{
	snprintf(error, MAMBA_ERROR, "%s", text);
	return -1;
}

static int open_model(struct mamba *m, const char *shape, char *error)
{
	krait_options *options = NULL;
	int status = 0;

	if (krait_options_new(&options) != KRAIT_OK || krait_options_set_text(options, KRAIT_OPTION_DEVICE, "cuda") != KRAIT_OK)
		status = fail(error, krait_options_error(options));
	if (!status && krait_model_random(&m->model, shape, "bf16", 1, options) != KRAIT_OK)
		status = fail(error, krait_model_error(m->model));
	krait_options_free(options);
	return status;
}

/* The likeliest token, no stops, nothing kept for going back. */
static int open_session(struct mamba *m, uint32_t i, char *error)
{
	krait_session **session = &m->sessions[i];

	if (krait_session_new(session, m->model) != KRAIT_OK || krait_session_set_float(*session, KRAIT_SAMPLE_TEMPERATURE, 0) != KRAIT_OK
		|| krait_session_set_int(*session, KRAIT_REWIND_TOKENS, 0) != KRAIT_OK)
		return fail(error, krait_session_error(*session));
	krait_session_clear_stops(*session);
	return 0;
}

int mamba_open(struct mamba **out, const char *shape, uint32_t n_sequences, char *error)
{
	struct mamba *m = calloc(1, sizeof *m);
	int status;

	*out = m;
	if (!m || !(m->sessions = calloc(n_sequences, sizeof *m->sessions)))
		return fail(error, "out of memory");
	m->n_sequences = n_sequences;
	status = open_model(m, shape, error);
	for (uint32_t i = 0; i < n_sequences && !status; i++)
		status = open_session(m, i, error);
	if (!status && krait_batch_new(&m->batch, m->model) != KRAIT_OK)
		status = fail(error, krait_batch_error(m->batch));
	return status;
}

/* One call of the batch: n tokens into each session (NULL: none), and one out of each. */
static int run(struct mamba *m, const krait_token *tokens, size_t n, char *error)
{
	for (uint32_t i = 0; i < m->n_sequences; i++)
		if (krait_batch_add(m->batch, m->sessions[i], tokens, n) != KRAIT_OK)
			return fail(error, krait_batch_error(m->batch));
	if (krait_batch_run(m->batch) != KRAIT_OK)
		return fail(error, krait_batch_error(m->batch));
	for (uint32_t i = 0; i < m->n_sequences; i++)
		if (krait_batch_status(m->batch, i) != KRAIT_OK)
			return fail(error, krait_session_error(m->sessions[i]));
	return 0;
}

int mamba_prompt(struct mamba *m, uint32_t n_prompt, char *error)
{
	size_t vocab = krait_model_vocab_size(m->model);
	krait_token *tokens = malloc((n_prompt ? n_prompt : 1) * sizeof *tokens);
	int status;

	if (!tokens)
		return fail(error, "out of memory");
	for (uint32_t i = 0; i < n_prompt; i++)
		tokens[i] = (krait_token)((i * 2654435761u + 12345) % vocab);
	status = run(m, tokens, n_prompt, error);
	free(tokens);
	return status;
}

int mamba_steps(struct mamba *m, uint32_t n, char *error)
{
	for (uint32_t i = 0; i < n; i++)
		if (run(m, NULL, 0, error))
			return -1;
	return 0;
}

int mamba_reset(struct mamba *m, char *error)
{
	for (uint32_t i = 0; i < m->n_sequences; i++)
		if (krait_session_reset(m->sessions[i]) != KRAIT_OK)
			return fail(error, krait_session_error(m->sessions[i]));
	return 0;
}

uint64_t mamba_state_bytes(const struct mamba *m)
{
	return krait_model_state_size(m->model);
}

void mamba_close(struct mamba *m)
{
	if (!m)
		return;
	krait_batch_free(m->batch);
	for (uint32_t i = 0; m->sessions && i < m->n_sequences; i++)
		krait_session_free(m->sessions[i]);
	krait_model_free(m->model);
	free(m->sessions);
	free(m);
}
