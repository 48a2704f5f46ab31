/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/mirror.h"

#include <stdlib.h>
#include <string.h>

const char *const mirror_stops[MIRROR_STOPS] = { "e", "the", " a\n" };

size_t mirror_answer(const struct mirror *mirror)
{
	size_t n = 0;

	while (n < mirror->n && mirror->generated[mirror->n - n - 1])
		n++;
	return n;
}

krait_session *mirror_session(const struct mirror *mirror, krait_model *model)
{
	krait_session *session = kit_session(model);

	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, mirror->seed));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, mirror->temperature));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_FREQUENCY_PENALTY, mirror->frequency));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_TOP_K, mirror->top_k));
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, mirror->max_new));
	for (int i = 0; i < MIRROR_STOPS; i++)
		if (mirror->stops[i])
			kit_ok(session, krait_session_add_stop_text(session, mirror_stops[i], strlen(mirror_stops[i])));
	kit_ok(session, krait_session_feed(session, mirror->tokens, mirror->n));
	return session;
}

/* The whole characters of tokens, one decoder for all. */
static char *text_of(krait_model *model, const krait_token *tokens, size_t n, size_t *size)
{
	krait_tokenizer *tokenizer = krait_model_tokenizer_ref(model);
	krait_decoder *decoder;
	char *text = calloc(1, 1);

	*size = 0;
	ck_assert_int_eq(krait_decoder_new(&decoder, tokenizer), KRAIT_OK);
	for (size_t i = 0; i < n; i++) {
		size_t more;

		ck_assert_int_eq(krait_decoder_push(decoder, tokens[i]), KRAIT_OK);
		more = krait_decoder_piece_size(decoder);
		text = realloc(text, *size + more + 1);
		ck_assert_ptr_nonnull(text);
		memcpy(text + *size, krait_decoder_piece(decoder), more);
		*size += more;
		text[*size] = 0;
	}
	krait_decoder_free(decoder);
	krait_tokenizer_free(tokenizer);
	return text;
}

/* Tried byte by byte and length by length: plain, and slow. */
static size_t begun(const struct mirror *mirror, const char *text, size_t n)
{
	size_t longest = 0;

	for (int i = 0; i < MIRROR_STOPS; i++) {
		size_t size = strlen(mirror_stops[i]);

		for (size_t k = 1; mirror->stops[i] && k < size && k <= n; k++)
			if (k > longest && memcmp(text + n - k, mirror_stops[i], k) == 0)
				longest = k;
	}
	return longest;
}

static size_t first_stop(const struct mirror *mirror, const char *text, size_t n, size_t from)
{
	for (size_t at = from; at < n; at++)
		for (int i = 0; i < MIRROR_STOPS; i++)
			if (mirror->stops[i] && n - at >= strlen(mirror_stops[i]) &&
			    memcmp(text + at, mirror_stops[i], strlen(mirror_stops[i])) == 0)
				return at;
	return n;
}

char *mirror_shown(const struct mirror *mirror, krait_model *model, size_t *n)
{
	size_t answer = mirror_answer(mirror);
	char *text = text_of(model, mirror->tokens + mirror->n - answer, answer, n);

	*n -= begun(mirror, text, *n);
	text[*n] = 0;
	return text;
}

krait_token mirror_next(const struct mirror *mirror, krait_model *model)
{
	krait_session *session = mirror_session(mirror, model);
	size_t vocab = krait_model_vocab_size(model), ids = krait_tokenizer_size(krait_model_tokenizer(model));
	float *logits = malloc(vocab * sizeof(*logits));
	krait_sampler *sampler;
	krait_token token;

	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_SEED, mirror->seed), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TEMPERATURE, mirror->temperature), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_FREQUENCY_PENALTY, mirror->frequency), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_TOP_K, mirror->top_k), KRAIT_OK);
	kit_ok(session, krait_session_logits(session, logits, vocab));
	ck_assert_int_eq(krait_sampler_pick(sampler, logits, ids < vocab ? ids : vocab, mirror->tokens, mirror->n, mirror->n, &token),
		KRAIT_OK);
	krait_sampler_free(sampler);
	free(logits);
	krait_session_free(session);
	return token;
}

void mirror_feed(struct mirror *mirror, const krait_token *tokens, size_t n)
{
	if (n == 0)
		return;
	memcpy(mirror->tokens + mirror->n, tokens, n * sizeof(*tokens));
	memset(mirror->generated + mirror->n, 0, n * sizeof(*mirror->generated));
	mirror->n += n;
	mirror->reason = KRAIT_REASON_NONE;
	mirror->end_token = -1;
}

void mirror_rewind(struct mirror *mirror, size_t n)
{
	if (n == 0)
		return;
	mirror->n -= n;
	mirror->reason = KRAIT_REASON_NONE;
	mirror->end_token = -1;
}

bool mirror_accept(struct mirror *mirror, krait_model *model, krait_token token)
{
	size_t shown, size, all, start = mirror->n - mirror_answer(mirror), cut;
	char *before = mirror_shown(mirror, model, &shown), *text;
	bool ends;

	mirror->tokens[mirror->n] = token;
	mirror->generated[mirror->n++] = true;
	mirror->reason = KRAIT_REASON_NONE;     /* a limit that was raised is none any more */
	text = text_of(model, mirror->tokens + start, mirror->n - start, &size);
	cut = first_stop(mirror, text, size, shown);
	ends = cut < size;
	/* the most tokens whose text, an unfinished character included, is no longer than what is shown */
	while (ends && mirror->n > start) {
		ck_assert_int_eq(krait_tokenizer_decode(krait_model_tokenizer(model), mirror->tokens + start, mirror->n - start, 0, NULL, 0, &all),
			KRAIT_OK);
		if (all <= cut)
			break;
		mirror->n--;
	}
	if (ends)
		mirror->reason = KRAIT_REASON_STOP_TEXT;
	free(before);
	free(text);
	return ends;
}

void mirror_check(const struct mirror *mirror, krait_session *session, krait_model *model)
{
	krait_session *fresh;

	ck_assert_uint_eq(krait_session_position(session), mirror->n);
	ck_assert_int_eq(krait_session_end_reason(session), mirror->reason);
	if (mirror->n == 0)
		return;
	fresh = mirror_session(mirror, model);
	kit_same_position(session, fresh);
	krait_session_free(fresh);
}
