/* SPDX-License-Identifier: Apache-2.0 */
/* test_chat_edits.c - answers that are changed at each of their places, and sessions that read something else of the
 * same length: what is taken for read is what was read, to the token. */
#include "support.h"

#include "krait.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 16384

static krait_model *model;

static void open_model(void)
{
	ck_assert_int_eq(krait_model_open(&model, support_demo(NULL), NULL), KRAIT_OK);
}

static void close_model(void) { krait_model_free(model); }

static void good(krait_chat *chat, krait_status status)
{
	ck_assert_msg(status == KRAIT_OK, "%d: %s", status, krait_chat_error(chat));
}

static krait_chat *chat_with(const char *question)
{
	krait_chat *chat;

	good(NULL, krait_chat_new(&chat, model));
	if (question)
		good(chat, krait_chat_add(chat, "user", question));
	return chat;
}

static krait_session *new_session(void)
{
	krait_session *session;

	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(krait_session_clear_stops(session), KRAIT_OK);
	return session;
}

/* The answer is these tokens, whatever the model would have said. */
static void force_answer(krait_session *session, const char *text)
{
	krait_token tokens[100], token;
	size_t n;

	ck_assert_int_eq(krait_tokenizer_encode(krait_model_tokenizer(model), text, strlen(text), 0, tokens, 100, &n), KRAIT_OK);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(krait_session_set_bias(session, tokens[i], 1e6f), KRAIT_OK);
		ck_assert_int_eq(krait_session_next(session, &token), KRAIT_OK);
		ck_assert_int_eq(token, tokens[i]);
		ck_assert_int_eq(krait_session_set_bias(session, tokens[i], 0), KRAIT_OK);
	}
}

/* The session has read what the conversation is as tokens, and nothing else. */
static void check_read(krait_chat *chat, krait_session *session, const char *what)
{
	krait_token *tokens = malloc(ROOM * sizeof(*tokens));
	size_t n, vocab = krait_model_vocab_size(model);
	float *a = malloc(vocab * sizeof(*a)), *b = malloc(vocab * sizeof(*b));
	krait_session *fresh = new_session();

	good(chat, krait_chat_encode(chat, 1, tokens, ROOM, &n));
	ck_assert_msg(n == krait_session_position(session), "'%s': %zu tokens, and %zu were read", what, n,
		(size_t)krait_session_position(session));
	ck_assert_int_eq(krait_session_feed(fresh, tokens, n), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(fresh, a, vocab), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(session, b, vocab), KRAIT_OK);
	ck_assert_msg(memcmp(a, b, vocab * sizeof(*a)) == 0, "'%s': other tokens were read", what);
	krait_session_free(fresh);
	free(tokens);
	free(a);
	free(b);
}

static const struct {
	const char *said, *then[4];
} edits[] = {
	{ "Once there was a king in the forest.", { "s", "ing", "er ", "." } },
	{ "a \xf0\x9f\x98\x80\xf0\x9f\x98\x82 b", { "\xf0\x9f\x98\x81", "\xf0\x9f\x98\x82", "\xc3\xa9", " c" } },
	{ "caf\xc3\xa9s, \xe2\x82\xac 5", { "\xc3\xa8", "\xe2\x82\xad", "e", "" } },
};
#define N_EDITS ((int)(sizeof(edits) / sizeof(*edits)))

/* Up to every character of it the answer stays, and goes on in another way: within a word, so that the last token of what
 * stays may be another one now, and within the bytes of a character, which tokens may cut. */
START_TEST(answers_changed_at_each_place)
{
	const char *said = edits[_i / 4].said, *then = edits[_i / 4].then[_i % 4];
	size_t n_said = strlen(said), step = n_said > 30 && !support_long() ? 3 : 1;

	for (size_t keep = 1 + (size_t)_i % step; keep < n_said; keep += step) {
		krait_chat *chat = chat_with("Tell me.");
		krait_session *session = new_session();
		char edited[200];

		if (((unsigned char)said[keep] & 0xc0) == 0x80)         /* a text ends between characters */
			keep += strspn(said + keep, "\x80\x81\x82\x83\x98\x9f\xa8\xa9\xac\xad");
		memcpy(edited, said, keep);
		strcpy(edited + keep, then);
		good(chat, krait_chat_feed(chat, session));
		force_answer(session, said);
		good(chat, krait_chat_add(chat, "assistant", edited));
		good(chat, krait_chat_add(chat, "user", "And?"));
		good(chat, krait_chat_feed(chat, session));
		check_read(chat, session, edited);
		krait_session_free(session);
		krait_chat_free(chat);
	}
}
END_TEST

/* What is not changed is not read again: the answer itself, and all before it. */
START_TEST(what_stays_is_not_read_again)
{
	krait_chat *chat = chat_with("Tell me.");
	krait_session *session = new_session();
	uint64_t after;

	good(chat, krait_chat_feed(chat, session));
	force_answer(session, edits[0].said);
	after = krait_session_position(session);
	good(chat, krait_chat_add(chat, "assistant", edits[0].said));
	good(chat, krait_chat_add(chat, "user", "And?"));
	good(chat, krait_chat_feed(chat, session));
	ck_assert_uint_ge(krait_chat_reused(chat), after);
	check_read(chat, session, edits[0].said);
	krait_session_free(session);
	krait_chat_free(chat);
}
END_TEST

/* A session that read as many tokens, but others, has not read the conversation. */
START_TEST(as_many_tokens_of_something_else)
{
	krait_chat *chat = chat_with("Tell me a story about the wolf.");
	krait_session *session = new_session(), *other = new_session();
	krait_token *tokens = malloc(ROOM * sizeof(*tokens));
	size_t n;

	good(chat, krait_chat_feed(chat, session));
	good(chat, krait_chat_resume(chat, session));
	good(chat, krait_chat_encode(chat, 1, tokens, ROOM, &n));
	ck_assert_uint_eq(n, krait_session_position(session));
	tokens[n / 2] = (tokens[n / 2] + 1) % 1000;
	ck_assert_int_eq(krait_session_feed(other, tokens, n), KRAIT_OK);
	ck_assert_int_eq(krait_chat_resume(chat, other), KRAIT_ERROR_MISMATCH);
	good(chat, krait_chat_resume(chat, session));
	good(chat, krait_chat_feed(chat, other));
	check_read(chat, other, "the other one");
	free(tokens);
	krait_session_free(session);
	krait_session_free(other);
	krait_chat_free(chat);
}
END_TEST

/* A conversation longer than a session remembers, told to a chat that knows nothing of it: the same, or with another
 * word in its beginning, which is as many tokens. */
START_TEST(a_forgotten_beginning)
{
	static const char sentence[] = "Tell me a story about the wolf. ";
	char *question = calloc(1, 20000), *other;
	krait_session *session = new_session();
	krait_chat *chat, *same, *changed;
	krait_token *tokens = malloc(ROOM * sizeof(*tokens));
	size_t n_same, n_changed;

	while (strlen(question) < 18000)
		strcat(question, sentence);
	other = strdup(question);
	memcpy(strstr(other, "wolf"), "king", 4);
	chat = chat_with(question);
	good(chat, krait_chat_feed(chat, session));
	same = chat_with(question);
	changed = chat_with(other);
	good(same, krait_chat_encode(same, 1, tokens, ROOM, &n_same));
	good(changed, krait_chat_encode(changed, 1, tokens, ROOM, &n_changed));
	ck_assert_uint_eq(n_same, n_changed);
	ck_assert_int_eq(krait_chat_resume(changed, session), KRAIT_ERROR_MISMATCH);
	good(same, krait_chat_resume(same, session));
	ck_assert_uint_eq(krait_session_position(session), n_same);
	free(tokens);
	free(question);
	free(other);
	krait_chat_free(chat);
	krait_chat_free(same);
	krait_chat_free(changed);
	krait_session_free(session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("edited chats");
	TCase *tcase = tcase_create("edits");

	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_loop_test(tcase, answers_changed_at_each_place, 0, 4 * N_EDITS);
	tcase_add_test(tcase, what_stays_is_not_read_again);
	tcase_add_test(tcase, as_many_tokens_of_something_else);
	tcase_add_test(tcase, a_forgotten_beginning);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
