/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - many sessions in one krait__advance. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/batch.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

static krait_status because(krait_batch *batch, size_t index, krait_status status, const char *text)
{
	return krait__why(&batch->why, status, "entry %zu: %s", index, text);
}

static void let_go(krait_batch *batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		krait__session_leave(batch->entries[i].session, KRAIT_OK);
}

static krait_status hold(krait_batch *batch)
{
	for (size_t i = 0; i < batch->n_entries; i++) {
		struct batch_entry *entry = &batch->entries[i];
		krait_status status = krait__session_enter_work(entry->session, !entry->tokens);

		if (status == KRAIT_OK)
			continue;
		let_go(batch, i);
		return because(batch, i, status, status == KRAIT_ERROR_BUSY ? "the session is in use by another thread" :
			"the device is gone");
	}
	return KRAIT_OK;
}

/* As many of the tokens as the bound on a run allows, those who came first before the others. An entry that gets none
 * waits. */
static void fill(krait_batch *batch, struct session_entry *entries)
{
	uint64_t left = batch->prompt_tokens ? (uint64_t)batch->prompt_tokens : UINT64_MAX;

	for (size_t i = 0; i < batch->n_entries; i++) {
		struct batch_entry *entry = &batch->entries[i];
		size_t n = entry->n_tokens - entry->done;

		entry->token = -1;
		entries[i] = (struct session_entry){ .session = entry->session };
		if (!entry->tokens) {
			entries[i].drawn = &entry->token;
			entries[i].n = 1;
			continue;
		}
		n = left < n ? (size_t)left : n;
		left -= left == UINT64_MAX ? 0 : n;
		entries[i].tokens = entry->tokens + entry->done;
		entries[i].n = n;
		entries[i].scores = entry->scores ? entry->scores + entry->done : NULL;
	}
}

static void settle(krait_batch *batch, const struct session_entry *entries)
{
	for (size_t i = 0; i < batch->n_entries; i++) {
		struct batch_entry *entry = &batch->entries[i];

		entry->status = entries[i].status;
		entry->position = entry->session->now.course.position;
		if (!entry->tokens) {
			entry->token = entries[i].token;
			continue;
		}
		entry->done += entries[i].n_done;
		/* what was cancelled or went wrong does not go on */
		if (entry->status == KRAIT_OK)
			continue;
		for (size_t k = entry->done; entry->scores && k < entry->n_tokens; k++)
			entry->scores[k] = NAN;
		entry->n_tokens = entry->done;
	}
}

/* All in one pass over the head. Where there is no memory for it they are computed when they are asked for. */
static void keep_logits(krait_batch *batch)
{
	krait_session **sessions = krait__alloc(batch->n_entries, sizeof(*sessions));
	struct why why = { 0 };
	size_t n = 0;

	for (size_t i = 0; sessions && i < batch->n_entries; i++)
		if (batch->entries[i].position && batch->entries[i].done == batch->entries[i].n_tokens)
			sessions[n++] = batch->entries[i].session;
	if (n)
		krait__logits_of(batch->model, sessions, n, &why);
	krait__free(sessions);
}

krait_status krait__batch_run(krait_batch *batch)
{
	struct session_entry *entries = krait__alloc(batch->n_entries, sizeof(*entries));
	krait_status status = entries ? hold(batch) : krait__why_memory(&batch->why);
	size_t at;

	if (status == KRAIT_OK) {
		fill(batch, entries);
		status = krait__advance(batch->model, entries, batch->n_entries, &at, &batch->why);
		if (status == KRAIT_OK)
			settle(batch, entries);
		if (status == KRAIT_OK && batch->keep_logits)
			keep_logits(batch);
		if (status != KRAIT_OK && at < batch->n_entries)
			because(batch, at, status, batch->entries[at].session->why.text);
		let_go(batch, batch->n_entries);
	}
	krait__free(entries);
	return status;
}

void krait__batch_sweep(krait_batch *batch)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->n_entries; i++) {
		struct batch_entry *entry = &batch->entries[i];

		if (batch->ran && entry->done < entry->n_tokens)
			batch->entries[n++] = *entry;
		else
			krait__free(entry->tokens);
	}
	batch->n_entries = n;
	batch->ran = false;
}

krait_status krait__batch_logits(const krait_batch *batch, size_t index, float *out)
{
	const struct batch_entry *entry = &batch->entries[index];
	krait_status status;

	if (entry->position == 0 || entry->session->now.course.position != entry->position)
		return KRAIT_ERROR_ARGUMENT;
	if (!out)
		return KRAIT_OK;
	status = krait__logits_of(batch->model, &entry->session, 1, &(struct why){ 0 });
	for (size_t i = 0; i < batch->model->plan.vocab && status == KRAIT_OK; i++)
		if (isnan(entry->session->logits[i]))
			status = KRAIT_ERROR_FORMAT;
	if (status == KRAIT_OK)
		memcpy(out, entry->session->logits, batch->model->plan.vocab * sizeof(*out));
	return status;
}
