/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - krait_batch_*. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/batch.h"

#include <string.h>

krait_status krait__batch_need_weights(krait_batch *batch)
{
	if (batch->model->why.status != KRAIT_OK)
		return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT, "this model did not open: krait_model_error says why");
	if (batch->model->emodel)
		return KRAIT_OK;
	return krait__why(&batch->why, KRAIT_ERROR_UNSUPPORTED, "this model has no weights to run: open it without KRAIT_OPTION_INSPECT");
}

krait_status krait_batch_new(krait_batch **out, krait_model *model)
{
	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	if (!model)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(model))
		return KRAIT_ERROR_FORKED;
	*out = krait__alloc_zero(1, sizeof(**out));
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	(*out)->model = krait_model_ref(model);
	return krait__batch_need_weights(*out);
}

void krait_batch_clear(krait_batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < batch->n_entries; i++)
		krait__free(batch->entries[i].tokens);
	batch->n_entries = 0;
	batch->ran = false;
}

void krait_batch_free(krait_batch *batch)
{
	if (!batch)
		return;
	krait_batch_clear(batch);
	krait__free(batch->entries);
	krait_model_free(batch->model);
	krait__free(batch);
}

const char *krait_batch_error(const krait_batch *batch)
{
	return batch ? batch->why.text : "out of memory";
}

/* Of a batch that ran those entries count that are unfinished. */
static bool there(const krait_batch *batch, const struct batch_entry *entry)
{
	return !batch->ran || entry->done < entry->n_tokens;
}

static krait_status check(krait_batch *batch, const krait_session *session, const krait_token *tokens, size_t n_tokens)
{
	if (!session || (n_tokens && !tokens))
		return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT, "'%s' is NULL", session ? "tokens" : "session");
	if (session->model != batch->model)
		return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT, "the session is of another model than the batch");
	for (size_t i = 0; i < batch->n_entries; i++)
		if (batch->entries[i].session == session && there(batch, &batch->entries[i]))
			return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT, "the session is entry %zu of the batch already", i);
	if (!batch->model->emodel)
		return krait__batch_need_weights(batch);
	return krait__session_check_tokens(batch->model, tokens, n_tokens, &batch->why);
}

static bool make_room(krait_batch *batch)
{
	size_t room = batch->room ? 2 * batch->room : 16;
	struct batch_entry *entries;

	if (batch->n_entries < batch->room)
		return true;
	entries = krait__resize(batch->entries, room, sizeof(*entries));
	if (!entries)
		return false;
	batch->entries = entries;
	batch->room = room;
	return true;
}

static krait_status add(krait_batch *batch, struct batch_entry *entry, const krait_token *tokens)
{
	krait_status status = check(batch, entry->session, tokens, entry->n_tokens);

	if (status != KRAIT_OK)
		return status;
	if (entry->n_tokens) {
		entry->tokens = krait__copy_bytes(tokens, entry->n_tokens * sizeof(*tokens));
		if (!entry->tokens)
			return krait__why_memory(&batch->why);
	}
	if (!make_room(batch)) {
		krait__free(entry->tokens);
		return krait__why_memory(&batch->why);
	}
	if (batch->ran)
		krait__batch_sweep(batch);
	batch->entries[batch->n_entries++] = *entry;
	return KRAIT_OK;
}

krait_status krait_batch_add(krait_batch *batch, krait_session *session, const krait_token *tokens, size_t n_tokens)
{
	struct batch_entry entry = { .session = session, .n_tokens = n_tokens, .token = -1 };

	if (!batch)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(batch->model))
		return KRAIT_ERROR_FORKED;
	krait__why_clear(&batch->why);
	return add(batch, &entry, tokens);
}

krait_status krait_batch_add_score(krait_batch *batch, krait_session *session, const krait_token *tokens, size_t n_tokens,
	float *out, size_t n_out)
{
	struct batch_entry entry = { .session = session, .n_tokens = n_tokens, .scores = out, .token = -1 };

	if (!batch)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(batch->model))
		return KRAIT_ERROR_FORKED;
	krait__why_clear(&batch->why);
	if (n_tokens == 0 || !out)
		return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT, "tokens to score, and a place for their scores, are needed");
	if (n_out < n_tokens)
		return krait__why(&batch->why, KRAIT_ERROR_SPACE, "'out' holds %zu scores: %zu are needed", n_out, n_tokens);
	return add(batch, &entry, tokens);
}

krait_status krait_batch_run(krait_batch *batch)
{
	krait_status status;

	if (!batch)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(batch->model))
		return KRAIT_ERROR_FORKED;
	krait__why_clear(&batch->why);
	if (batch->ran) {
		bool left = false;

		for (size_t i = 0; i < batch->n_entries; i++)
			left = left || there(batch, &batch->entries[i]);
		if (!left)
			return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT, "this batch ran already: add its entries anew");
		krait__batch_sweep(batch);
	}
	status = krait__batch_run(batch);
	batch->ran = status == KRAIT_OK;
	return status;
}

size_t krait_batch_size(const krait_batch *batch)
{
	return batch ? batch->n_entries : 0;
}

krait_status krait_batch_status(const krait_batch *batch, size_t index)
{
	return batch && index < batch->n_entries && batch->ran ? batch->entries[index].status : KRAIT_ERROR_ARGUMENT;
}

krait_token krait_batch_token(const krait_batch *batch, size_t index)
{
	return batch && index < batch->n_entries && batch->ran ? batch->entries[index].token : -1;
}

size_t krait_batch_left(const krait_batch *batch, size_t index)
{
	return batch && index < batch->n_entries ? batch->entries[index].n_tokens - batch->entries[index].done : 0;
}

krait_status krait_batch_logits(const krait_batch *batch, size_t index, float *out, size_t n_out)
{
	if (!batch || index >= batch->n_entries || !batch->ran || (!out && n_out))
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(batch->model))
		return KRAIT_ERROR_FORKED;
	if (out && n_out < batch->model->plan.vocab)
		return KRAIT_ERROR_SPACE;
	return krait__batch_logits(batch, index, out);
}
