/* SPDX-License-Identifier: Apache-2.0 */
/* test_chat_feed.c - a conversation that diverges from what a session has read: what is read again, and what comes out. */
#include "support.h"

#include "krait.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 16384

struct talk {
	krait_model *model;
	krait_chat *chat;
	krait_session *session;
};

static void good(krait_chat *chat, krait_status status)
{
	ck_assert_msg(status == KRAIT_OK, "%d: %s", status, krait_chat_error(chat));
}

static struct talk begin_talk_with(int64_t n_tokens, krait_progress_fn progress, void *user)
{
	krait_options *options;
	struct talk talk;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	krait_options_set_progress(options, progress, user);
	ck_assert_int_eq(krait_model_open(&talk.model, support_demo(NULL), options), KRAIT_OK);
	krait_options_free(options);
	good(NULL, krait_chat_new(&talk.chat, talk.model));
	ck_assert_int_eq(krait_session_new(&talk.session, talk.model), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_float(talk.session, KRAIT_SAMPLE_TEMPERATURE, 0), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_int(talk.session, KRAIT_MAX_NEW_TOKENS, n_tokens), KRAIT_OK);
	return talk;
}

static struct talk begin_talk(int64_t n_tokens)
{
	return begin_talk_with(n_tokens, NULL, NULL);
}

static void end_talk(const struct talk *talk)
{
	krait_session_free(talk->session);
	krait_chat_free(talk->chat);
	krait_model_free(talk->model);
}

/* The text of an answer, as a program collects it. */
static const char *answer(krait_session *session)
{
	static char out[ROOM];
	krait_token token;
	size_t n = 0;
	krait_status status;

	do {
		status = krait_session_next(session, &token);
		ck_assert_uint_lt(n + krait_session_piece_size(session), ROOM);
		memcpy(out + n, krait_session_piece(session), krait_session_piece_size(session));
		n += krait_session_piece_size(session);
	} while (status == KRAIT_OK);
	ck_assert_int_eq(status, KRAIT_END);
	out[n] = 0;
	return out;
}

/* Feeds; returns how many tokens that read. */
static size_t feed(const struct talk *talk)
{
	size_t n_pending;
	uint64_t position;

	good(talk->chat, krait_chat_pending(talk->chat, talk->session, NULL, 0, &n_pending));
	good(talk->chat, krait_chat_feed(talk->chat, talk->session));
	position = krait_session_position(talk->session);
	ck_assert_uint_eq(krait_chat_reused(talk->chat) + n_pending, position);
	return n_pending;
}

static void say(const struct talk *talk, const char *role, const char *content)
{
	good(talk->chat, krait_chat_add(talk->chat, role, content));
}

/* The session goes on exactly as one that reads the same text from the beginning, where that is encoded alike. */
static void check_against_fresh(const struct talk *talk)
{
	krait_token *tokens = malloc(ROOM * sizeof(*tokens));
	size_t n, width = krait_model_vocab_size(talk->model);
	float *a = malloc(width * sizeof(*a)), *b = malloc(width * sizeof(*b));
	krait_session *fresh;

	good(talk->chat, krait_chat_encode(talk->chat, 1, tokens, ROOM, &n));
	ck_assert_uint_eq(n, krait_session_position(talk->session));
	ck_assert_int_eq(krait_session_new(&fresh, talk->model), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(fresh, tokens, n), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(fresh, a, width), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(talk->session, b, width), KRAIT_OK);
	ck_assert(memcmp(a, b, width * sizeof(*a)) == 0);
	krait_session_free(fresh);
	free(tokens);
	free(a);
	free(b);
}

/* ---- what templates and people do to the past ---------------------------------------------------- */

/* Of earlier answers only what follows the first 12 characters is shown, as reasoning models' templates drop thoughts. */
static const char stripping[] =
	"{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
	"{% for m in messages %}{{ '<|' + m.role + '|>\n' }}"
	"{{ m.content[12:] if m.role == 'assistant' and loop.index0 < ns.last else m.content }}{{ eos_token + '\n' }}{% endfor %}"
	"{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}";

START_TEST(test_thoughts_are_dropped)
{
	struct talk talk = begin_talk(24);
	size_t n_read = 0, n_generated = 0;

	good(talk.chat, krait_chat_set_template(talk.chat, stripping));
	for (int turn = 0; turn < 20; turn++) {
		uint64_t position;

		say(&talk, "user", turn % 2 ? "What did the fox say then?" : "Tell me a story about the wolf and the king.");
		n_read += feed(&talk);
		position = krait_session_position(talk.session);
		say(&talk, "assistant", answer(talk.session));
		n_generated += (size_t)(krait_session_position(talk.session) - position);
	}
	check_against_fresh((say(&talk, "user", "And?"), n_read += feed(&talk), &talk));
	ck_assert_uint_gt(n_generated, 200);
	/* every token once, and the two or three of the generation prompt once more in each turn */
	ck_assert_uint_le(n_read, krait_session_position(talk.session) + 20 * 6);
	end_talk(&talk);
}
END_TEST

START_TEST(test_stop_text)
{
	struct talk talk = begin_talk(60);
	uint64_t after;
	char first[ROOM];

	say(&talk, "user", "Tell me a story about a king.");
	feed(&talk);
	strcpy(first, answer(talk.session));
	ck_assert_uint_gt(strlen(first), 30);
	first[24] = 0;
	krait_session_reset(talk.session);
	ck_assert_int_eq(krait_session_add_stop_text(talk.session, first + 14, 10), KRAIT_OK);
	feed(&talk);
	first[14] = 0;
	ck_assert_str_eq(answer(talk.session), first);
	ck_assert_int_eq(krait_session_end_reason(talk.session), KRAIT_REASON_STOP_TEXT);
	after = krait_session_position(talk.session);
	say(&talk, "assistant", first);
	say(&talk, "user", "More.");
	feed(&talk);
	ck_assert_uint_ge(krait_chat_reused(talk.chat) + 4, after);
	end_talk(&talk);
}
END_TEST

/* A token whose bytes are no character by themselves. */
static krait_token broken_token(const krait_model *model)
{
	char text[16];
	size_t n;

	for (krait_token token = 4; token < (krait_token)krait_tokenizer_size(krait_model_tokenizer(model)); token++)
		if (krait_tokenizer_decode(krait_model_tokenizer(model), &token, 1, 0, text, sizeof(text), &n) == KRAIT_OK
				&& n == 3 && memcmp(text, "\xef\xbf\xbd", 3) == 0)
			return token;
	ck_abort_msg("no token of this model is a part of a character");
	return -1;
}

/* A broken character within an answer (_i 0), or at its end, where a limit cut it (_i 1) or the program stopped (_i 2). */
START_TEST(test_broken_character)
{
	struct talk talk = begin_talk(_i == 1 ? 3 : 6);
	krait_token broken = broken_token(talk.model), token;
	char text[ROOM] = "";
	uint64_t after;

	say(&talk, "user", "Tell me a story about a king.");
	feed(&talk);
	for (int i = 0; i < (_i == 0 ? 5 : 3); i++) {
		ck_assert_int_eq(krait_session_set_bias(talk.session, broken, i == 2 ? 10000 : -10000), KRAIT_OK);
		ck_assert_int_eq(krait_session_next(talk.session, &token), KRAIT_OK);
		ck_assert(i != 2 || token == broken);
		strcat(text, krait_session_piece(talk.session));
	}
	ck_assert_int_eq(krait_session_set_bias(talk.session, broken, -10000), KRAIT_OK);
	if (_i != 2)
		strcat(text, answer(talk.session));
	ck_assert(_i == 2 || strstr(text, "\xef\xbf\xbd"));
	after = krait_session_position(talk.session);
	say(&talk, "assistant", text);
	say(&talk, "user", "And then?");
	feed(&talk);
	if (_i != 2)
		ck_assert_uint_eq(krait_chat_reused(talk.chat), after);
	say(&talk, "assistant", answer(talk.session));
	say(&talk, "user", "And then?");
	feed(&talk);
	end_talk(&talk);
}
END_TEST

/* Question and answer taken back, the question put otherwise, another answer to it: each reads what is new alone. */
START_TEST(test_undo_edit_regenerate)
{
	static const char *const questions[] = { "Tell me a story about the wolf, the fox and the bear in the forest.", "Who was the king of it?" };
	struct talk talk = begin_talk(30);
	char first[ROOM], second[ROOM];
	size_t whole;

	ck_assert_int_eq(krait_session_set_int(talk.session, KRAIT_REWIND_TOKENS, 1000), KRAIT_OK);
	say(&talk, "user", questions[0]);
	whole = feed(&talk);
	strcpy(first, answer(talk.session));
	say(&talk, "assistant", first);
	say(&talk, "user", questions[1]);
	feed(&talk);
	strcpy(second, answer(talk.session));
	ck_assert_uint_le(feed(&talk), 4);                      /* regenerate: the generation prompt alone */
	ck_assert_str_eq(answer(talk.session), second);
	krait_chat_clear(talk.chat);                            /* undo, and another question */
	say(&talk, "user", questions[0]);
	say(&talk, "assistant", first);
	say(&talk, "user", "Who was its queen?");
	feed(&talk);
	ck_assert_uint_ge(krait_chat_reused(talk.chat) + 4, whole);     /* back to before the first answer */
	check_against_fresh(&talk);
	krait_chat_clear(talk.chat);                            /* edit the first question */
	say(&talk, "user", "Tell me a story about the owl.");
	feed(&talk);
	check_against_fresh(&talk);
	krait_chat_clear(talk.chat);                            /* a system message in front of everything */
	say(&talk, "system", "Be brief.");
	say(&talk, "user", "Tell me a story about the owl.");
	feed(&talk);
	check_against_fresh(&talk);
	end_talk(&talk);
}
END_TEST

/* With the one moment that is kept by default: what is done to the last question costs that question, not the talk. */
START_TEST(test_last_question_by_default)
{
	static const char *const others[] = { "Who was its queen?", "What did the fox say then?", "And the bear?" };
	struct talk talk = begin_talk(30);
	char first[ROOM], second[ROOM], third[ROOM];
	size_t question, whole;

	if (_i)         /* nothing closes an answer: the next question begins right behind it */
		good(talk.chat, krait_chat_set_template(talk.chat, "{% for m in messages %}{{ '<' + m.role + '>' + m.content }}{% endfor %}"
			"{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"));
	say(&talk, "user", "Tell me a story about the wolf, the fox and the bear in the forest.");
	feed(&talk);
	strcpy(first, answer(talk.session));
	ck_assert_uint_le(feed(&talk), 12);                     /* nothing but the generation prompt */
	ck_assert_str_eq(answer(talk.session), first);
	say(&talk, "assistant", first);
	whole = krait_session_position(talk.session);
	say(&talk, "user", "Who was the king of it?");
	question = feed(&talk);
	ck_assert_uint_lt(question, whole / 2);
	strcpy(second, answer(talk.session));
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_le(feed(&talk), question);       /* regenerate, as often as one likes */
		ck_assert_str_eq(answer(talk.session), second);
	}
	for (size_t i = 0; i < 3; i++) {
		krait_chat_clear(talk.chat);                    /* undo, or edit */
		say(&talk, "user", "Tell me a story about the wolf, the fox and the bear in the forest.");
		say(&talk, "assistant", first);
		say(&talk, "user", others[i]);
		feed(&talk);
		ck_assert_uint_ge(krait_chat_reused(talk.chat), whole);
		strcpy(third, answer(talk.session));
	}
	say(&talk, "assistant", third);                         /* and on from there */
	whole = krait_session_position(talk.session);
	say(&talk, "user", "Go on.");
	feed(&talk);
	ck_assert_uint_eq(krait_chat_reused(talk.chat), whole);
	end_talk(&talk);
}
END_TEST

/* ---- another session, another process --------------------------------------------------------------- */

static krait_session *restored(const struct talk *talk)
{
	krait_state *state, *read;
	krait_session *session;
	size_t n;
	void *bytes;

	ck_assert_int_eq(krait_session_snapshot(&state, talk->session), KRAIT_OK);
	n = krait_state_size(state);
	bytes = malloc(n);
	ck_assert_int_eq(krait_state_write(state, bytes, n), KRAIT_OK);
	ck_assert_int_eq(krait_state_read(&read, talk->model, bytes, n), KRAIT_OK);
	ck_assert_int_eq(krait_session_new(&session, talk->model), KRAIT_OK);
	ck_assert_int_eq(krait_session_restore(session, read), KRAIT_OK);
	krait_state_free(state);
	krait_state_free(read);
	free(bytes);
	return session;
}

/* Short, or longer than a session remembers: then the digest tells that the beginning is what the messages are. */
START_TEST(test_resume)
{
	struct talk talk = begin_talk(40), later = talk;
	char text[3][ROOM];
	char *first = calloc(1, 20000);
	uint64_t position;
	krait_session *other;

	do
		strcat(first, "Tell me a story about the wolf. ");
	while (_i && strlen(first) < 18000);

	for (int turn = 0; turn < 3; turn++) {
		say(&talk, "user", turn ? "Go on." : first);
		feed(&talk);
		strcpy(text[turn], answer(talk.session));
		say(&talk, "assistant", text[turn]);
	}
	position = krait_session_position(talk.session);
	later.session = restored(&talk);
	good(NULL, krait_chat_new(&later.chat, talk.model));
	for (int turn = 0; turn < 3; turn++) {
		say(&later, "user", turn ? "Go on." : first);
		say(&later, "assistant", text[turn]);
	}
	good(later.chat, krait_chat_resume(later.chat, later.session));
	ck_assert_uint_eq(krait_session_position(later.session), position);
	ck_assert_int_eq(krait_session_new(&other, talk.model), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed_text(other, "Something else."), KRAIT_OK);
	ck_assert_int_eq(krait_chat_resume(later.chat, other), KRAIT_ERROR_MISMATCH);
	krait_session_free(other);
	say(&later, "user", "And then?");
	ck_assert_uint_le(feed(&later), 20);
	ck_assert_uint_eq(krait_chat_reused(later.chat), position);
	say(&talk, "user", "And then?");
	feed(&talk);
	strcpy(text[0], answer(talk.session));
	ck_assert_str_eq(answer(later.session), text[0]);
	krait_session_free(later.session);
	krait_chat_free(later.chat);
	free(first);
	end_talk(&talk);
}
END_TEST

/* The forgotten beginning is the messages' text, but was read as other tokens, each character by itself: that cannot be told
 * from another text. The question whether it is resumed is answered with no; the feed goes on all the same, by reading anew. */
START_TEST(test_beginning_in_other_tokens)
{
	struct talk talk = begin_talk(6);
	const krait_tokenizer *tokenizer = krait_model_tokenizer(talk.model);
	char *first = calloc(1, 8000);
	uint64_t position;
	krait_token token[4];
	size_t n;

	while (strlen(first) < 6000)
		strcat(first, "Tell me a story about the wolf. ");
	good(talk.chat, krait_chat_set_template(talk.chat, "{% for m in messages %}{{ m.content }}{% endfor %}"));
	say(&talk, "user", first);
	for (const char *at = first; *at; at++) {
		ck_assert_int_eq(krait_tokenizer_encode(tokenizer, at, 1, 0, token, 4, &n), KRAIT_OK);
		ck_assert_int_eq(krait_session_feed(talk.session, token, n), KRAIT_OK);
	}
	position = krait_session_position(talk.session);
	ck_assert_uint_gt(position, 4000);
	ck_assert_int_eq(krait_chat_resume(talk.chat, talk.session), KRAIT_ERROR_MISMATCH);
	ck_assert_ptr_nonnull(strstr(krait_chat_error(talk.chat), "krait_chat_feed reads"));
	ck_assert_uint_eq(krait_session_position(talk.session), position);
	say(&talk, "user", "And then?");
	ck_assert_uint_gt(feed(&talk), 1000);
	ck_assert_uint_eq(krait_chat_reused(talk.chat), 0);
	check_against_fresh(&talk);
	good(talk.chat, krait_chat_resume(talk.chat, talk.session));
	free(first);
	end_talk(&talk);
}
END_TEST

/* Another session, with another text as long as what was fed: nothing of it is taken for the conversation. */
START_TEST(test_other_session)
{
	struct talk talk = begin_talk(6), other = talk;
	krait_token tokens[ROOM];
	size_t n, n_tokens;

	say(&talk, "user", "Tell me a story about the wolf.");
	n = feed(&talk);
	ck_assert_int_eq(krait_session_new(&other.session, talk.model), KRAIT_OK);
	ck_assert_int_eq(krait_tokenizer_encode(krait_model_tokenizer(talk.model), "The bear and the fox went out into the forest to look for the owl "
		"and the king, but they found nobody, and so they went home again.", 129, 0, tokens, ROOM, &n_tokens), KRAIT_OK);
	ck_assert_uint_gt(n_tokens, n);
	ck_assert_int_eq(krait_session_feed(other.session, tokens, n), KRAIT_OK);
	ck_assert_uint_eq(feed(&other), n);
	check_against_fresh(&other);
	/* one that goes on as the rendering does, behind another beginning */
	ck_assert_int_eq(krait_session_reset(other.session), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(other.session, tokens, n), KRAIT_OK);
	say(&talk, "assistant", answer(talk.session));
	say(&talk, "user", "Go on.");
	feed(&other);
	check_against_fresh(&other);
	feed(&talk);
	check_against_fresh(&talk);
	krait_session_free(other.session);
	end_talk(&talk);
}
END_TEST

/* ---- cancelled ------------------------------------------------------------------------------------- */

static int cancel_after(void *user, uint64_t done, uint64_t total)
{
	uint64_t *least = user;

	return *least && total && done >= *least && done < total;
}

/* A feed that was cancelled before it began (_i 0), or in its middle (1); or the session went on from there (2). */
START_TEST(test_cancelled)
{
	uint64_t least = 0;
	struct talk talk = begin_talk_with(6, cancel_after, &least);
	char question[8192] = "";

	while (strlen(question) < 8000)
		strcat(question, "Tell me a story about the wolf. ");
	say(&talk, "user", question);
	least = _i;
	if (_i == 0)
		ck_assert_int_eq(krait_session_cancel(talk.session), KRAIT_OK);
	ck_assert_int_eq(krait_chat_feed(talk.chat, talk.session), KRAIT_CANCELLED);
	least = 0;
	ck_assert((krait_session_position(talk.session) > 0) == (_i > 0));
	if (_i == 2) {
		say(&talk, "assistant", answer(talk.session));
		say(&talk, "user", "Go on.");
	}
	feed(&talk);
	check_against_fresh(&talk);
	say(&talk, "assistant", answer(talk.session));
	say(&talk, "user", "Go on.");
	feed(&talk);
	end_talk(&talk);
}
END_TEST

/* ---- where an answer ends --------------------------------------------------------------------------- */

START_TEST(test_closing)
{
	struct talk talk = begin_talk(40);
	krait_token token;
	krait_token eos = krait_tokenizer_find(krait_model_tokenizer(talk.model), "<|endoftext|>", 13);

	ck_assert_int_ge(eos, 0);
	ck_assert_int_eq(krait_session_clear_stops(talk.session), KRAIT_OK);
	say(&talk, "user", "Tell me a story about the wolf.");
	feed(&talk);
	ck_assert_int_eq(krait_session_set_bias(talk.session, eos, 10000), KRAIT_OK);
	ck_assert_int_eq(krait_session_next(talk.session, &token), KRAIT_END);
	ck_assert_int_eq(krait_session_end_reason(talk.session), KRAIT_REASON_STOP);
	ck_assert_int_eq(krait_session_set_bias(talk.session, eos, 0), KRAIT_OK);
	say(&talk, "assistant", "");                            /* an empty answer */
	say(&talk, "user", "Go on.");
	feed(&talk);
	check_against_fresh(&talk);
	good(talk.chat, krait_chat_set_template(talk.chat, "{% for m in messages %}{{ m.role + ': ' + m.content + ' (end)\n' }}{% endfor %}"
		"{% if add_generation_prompt %}assistant:{% endif %}"));
	feed(&talk);
	for (const char *at = " (end)"; *at; at++) {
		krait_token piece = krait_tokenizer_find(krait_model_tokenizer(talk.model), at, 1);

		if (piece < 0)
			continue;
		ck_assert_int_eq(krait_session_set_bias(talk.session, piece, 10000), KRAIT_OK);
		if (krait_session_next(talk.session, &token) == KRAIT_END)
			break;
		ck_assert_int_eq(krait_session_set_bias(talk.session, piece, 0), KRAIT_OK);
	}
	end_talk(&talk);
}
END_TEST

/* ---- templates by name, big numbers ------------------------------------------------------------------ */

START_TEST(test_words)
{
	struct talk talk = begin_talk(6);
	char text[ROOM] = "";
	const char *big = "{\"role\": \"user\", \"content\": \"x\", \"id\": 12345678901234567890123}";
	size_t n;

	ck_assert_int_eq(krait_chat_set_template(talk.chat, "zefyr"), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(krait_chat_error(talk.chat), "'zefyr'"));
	ck_assert_ptr_nonnull(strstr(krait_chat_error(talk.chat), "zephyr and chatml"));
	good(talk.chat, krait_chat_set_template(talk.chat, "{{ messages[0].id }} {{ tools[0].n }} {{ messages[0]|tojson }}"));
	good(talk.chat, krait_chat_add_json(talk.chat, big, strlen(big)));
	good(talk.chat, krait_chat_set_json(talk.chat, "tools", "[{\"n\": -98765432109876543210}]", 30));
	good(talk.chat, krait_chat_render(talk.chat, 0, text, ROOM, &n));
	ck_assert_str_eq(text, "12345678901234567890123 -98765432109876543210 "
		"{\"role\": \"user\", \"content\": \"x\", \"id\": 12345678901234567890123}");
	end_talk(&talk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conversations that diverge");
	TCase *tcase = tcase_create("feeds");

	tcase_add_test(tcase, test_thoughts_are_dropped);
	tcase_add_test(tcase, test_stop_text);
	tcase_add_loop_test(tcase, test_broken_character, 0, 3);
	tcase_add_loop_test(tcase, test_last_question_by_default, 0, 2);
	tcase_add_test(tcase, test_undo_edit_regenerate);
	tcase_add_loop_test(tcase, test_resume, 0, 2);
	tcase_add_test(tcase, test_beginning_in_other_tokens);
	tcase_add_test(tcase, test_other_session);
	tcase_add_loop_test(tcase, test_cancelled, 0, 3);
	tcase_add_test(tcase, test_closing);
	tcase_add_test(tcase, test_words);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
