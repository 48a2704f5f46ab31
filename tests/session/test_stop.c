/* SPDX-License-Identifier: Apache-2.0 */
/* test_stop.c - text out of a session: whole characters, stop texts held back and cut off wherever
 * tokens fall, and text that rewinding brings back. Tokens are forced by biases, so that the text is
 * known beforehand. */
#include "kit.h"
#include "model/model.h"
#include "text/tokenizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static krait_model *model;

static void open_model(void) { model = kit_open(support_demo(NULL), &(struct kit_options){ .threads = 1 }); }
static void close_model(void) { krait_model_free(model); }

static size_t encode(const char *text, krait_token *out, size_t n_out)
{
	size_t n;

	ck_assert_int_eq(krait_tokenizer_encode(krait_model_tokenizer(model), text, strlen(text), 0, out, n_out, &n), KRAIT_OK);
	ck_assert_uint_ge(n, 1);
	return n;
}

static krait_session *begun(void)
{
	krait_session *session = kit_session(model);

	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(session, krait_session_feed_text(session, "Once"));
	return session;
}

/* Makes this token the next. */
static krait_status force(krait_session *session, krait_token token, krait_token *out)
{
	krait_status status;

	kit_ok(session, krait_session_set_bias(session, token, 1e6f));
	status = krait_session_next(session, out);
	kit_ok(session, krait_session_set_bias(session, token, 0));
	return status;
}

/* Generates the tokens of `text` and collects the pieces; returns how the last _next went. */
static krait_status say(krait_session *session, const krait_token *tokens, size_t n, char *out, size_t room)
{
	krait_status status = KRAIT_OK;
	size_t at = strlen(out);
	krait_token token;

	for (size_t i = 0; i < n && status == KRAIT_OK; i++) {
		status = force(session, tokens[i], &token);
		ck_assert_int_ge(status, 0);
		ck_assert_int_eq(token, status == KRAIT_OK ? tokens[i] : -1);
		ck_assert_uint_lt(at + krait_session_piece_size(session), room);
		memcpy(out + at, krait_session_piece(session), krait_session_piece_size(session));
		at += krait_session_piece_size(session);
		out[at] = 0;
	}
	return status;
}

static void end_at_limit(krait_session *session, char *out)
{
	krait_token token;

	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 1));
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_END);
	ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_LIMIT);
	strcat(out, krait_session_piece(session));
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_END);
	ck_assert_uint_eq(krait_session_piece_size(session), 0);
}

static const struct stop_case {
	const char *text, *stops[3], *shown;
	bool stopped;
} cases[] = {
	{ " upon a time. There was", { "time" }, " upon a ", true },
	{ " upon a time. There was", { "There", "a time" }, " upon ", true },
	{ " upon a time. There was", { "time. T" }, " upon a ", true },
	{ " upon a time. There was", { "time. X", "was not" }, " upon a time. There was", false },
	{ " aaaaab and more", { "aaab" }, " aa", true },
	{ " aaaaab and more", { "ab", "aaab" }, " aa", true },
	{ " ababac and more", { "abac" }, " ab", true },
	{ " one two", { " one" }, "", true },
	{ " caf\xc3\xa9 \xe2\x82\xac 5", { "\xc3\xa9 \xe2\x82\xac" }, " caf", true },
	{ " caf\xc3\xa9 \xe2\x82\xac 5", { NULL }, " caf\xc3\xa9 \xe2\x82\xac 5", false },
	{ " \xf0\x9f\x98\x80 x", { "y" }, " \xf0\x9f\x98\x80 x", false },
};

/* The session is where the tokens end that lie wholly before the stop text. */
static void ends_before(krait_session *session, const krait_token *tokens, const char *shown)
{
	krait_session *twin = begun();
	char text[200];
	size_t n = 0, size = 0;

	while (krait_tokenizer_decode(krait_model_tokenizer(model), tokens, n + 1, 0, text, sizeof(text), &size) == KRAIT_OK &&
	       size <= strlen(shown))
		n++;
	kit_ok(twin, krait_session_feed(twin, tokens, n));
	kit_same_position(session, twin);
	krait_session_free(twin);
}

START_TEST(test_stop_texts)
{
	const struct stop_case *test = &cases[_i];
	krait_session *session = begun();
	krait_token tokens[64], token;
	size_t n = encode(test->text, tokens, 64);
	char shown[200] = "";
	krait_status status;
	uint64_t position;

	for (size_t i = 0; i < 3 && test->stops[i]; i++)
		kit_ok(session, krait_session_add_stop_text(session, test->stops[i], strlen(test->stops[i])));
	status = say(session, tokens, n, shown, sizeof(shown));
	ck_assert_int_eq(status, test->stopped ? KRAIT_END : KRAIT_OK);
	if (test->stopped) {
		ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_STOP_TEXT);
		position = krait_session_position(session);
		ends_before(session, tokens, test->shown);
		ck_assert_int_eq(krait_session_next(session, &token), KRAIT_END);
		ck_assert_int_eq(token, -1);
		ck_assert_uint_eq(krait_session_position(session), position);
	} else {
		end_at_limit(session, shown);
	}
	ck_assert_str_eq(shown, test->shown);
	kit_ok(session, krait_session_feed_text(session, "."));
	ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_NONE);
	krait_session_free(session);
}
END_TEST

/* In a batch too what completed a stop text is no token, and the session is before the text. */
START_TEST(test_stop_text_in_a_batch)
{
	krait_session *session = begun(), *other = begun();
	krait_token tokens[64];
	size_t n = encode(" upon a time. There was", tokens, 64), i = 0;
	char shown[200] = "";
	krait_batch *batch;

	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	kit_ok(session, krait_session_add_stop_text(session, "time", 4));
	do {
		ck_assert_uint_lt(i, n);
		kit_ok(session, krait_session_set_bias(session, tokens[i], 1e6f));
		ck_assert_int_eq(krait_batch_add(batch, session, NULL, 0), KRAIT_OK);
		ck_assert_int_eq(krait_batch_add(batch, other, NULL, 0), KRAIT_OK);
		ck_assert_int_eq(krait_batch_run(batch), KRAIT_OK);
		kit_ok(session, krait_session_set_bias(session, tokens[i], 0));
		strncat(shown, krait_session_piece(session), 20);
		if (krait_batch_status(batch, 0) == KRAIT_OK)
			ck_assert_int_eq(krait_batch_token(batch, 0), tokens[i++]);
	} while (krait_batch_status(batch, 0) == KRAIT_OK);
	ck_assert_int_eq(krait_batch_status(batch, 0), KRAIT_END);
	ck_assert_int_eq(krait_batch_token(batch, 0), -1);
	ck_assert_int_eq(krait_batch_status(batch, 1), KRAIT_OK);
	ck_assert_int_ge(krait_batch_token(batch, 1), 0);
	ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_STOP_TEXT);
	ck_assert_str_eq(shown, " upon a ");
	ends_before(session, tokens, shown);
	krait_batch_free(batch);
	krait_session_free(session);
	krait_session_free(other);
}
END_TEST

/* No piece ends or begins within a character, and all pieces together are the decoded text. */
START_TEST(test_pieces_are_whole_characters)
{
	static const char text[] = "\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9 \xe6\xbc\xa2\xe5\xad\x97 \xd1\x8f";
	krait_session *session = begun();
	krait_token tokens[64], token;
	size_t n = encode(text, tokens, 64);
	char shown[100] = "";

	ck_assert_uint_gt(n, 8);
	for (size_t i = 0; i < n; i++) {
		kit_ok(session, force(session, tokens[i], &token));
		for (const char *c = krait_session_piece(session); *c; ) {
			size_t length = (*c & 0x80) == 0 ? 1 : (*c & 0xe0) == 0xc0 ? 2 : (*c & 0xf0) == 0xe0 ? 3 : 4;

			ck_assert_int_ne(*c & 0xc0, 0x80);
			ck_assert_uint_ge(strlen(c), length);
			c += length;
		}
		strcat(shown, krait_session_piece(session));
	}
	ck_assert_str_eq(shown, text);
	krait_session_free(session);
}
END_TEST

/* What ends within a character shows it as U+FFFD, and goes on as if it had not been shown. */
START_TEST(test_cut_character)
{
	krait_session *session = begun();
	krait_token tokens[16], token;
	size_t n = encode("\xf0\x9f\x98\x80", tokens, 16), first_half = 0;
	char shown[50] = "";

	ck_assert_uint_ge(n, 2);
	for (; first_half < n - 1; first_half++) {
		kit_ok(session, force(session, tokens[first_half], &token));
		strcat(shown, krait_session_piece(session));
	}
	end_at_limit(session, shown);
	ck_assert_ptr_nonnull(strstr(shown, "\xef\xbf\xbd"));
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 0));
	kit_ok(session, force(session, tokens[n - 1], &token));
	ck_assert_str_eq(krait_session_piece(session), "\xf0\x9f\x98\x80");
	krait_session_free(session);
}
END_TEST

/* Back into the middle of what was held: the rest brings the same text. */
START_TEST(test_rewind_brings_text_back)
{
	krait_session *session = begun();
	krait_token tokens[64];
	size_t n = encode(" caf\xc3\xa9 \xf0\x9f\x98\x80 END. more", tokens, 64);
	char all[100] = "";

	kit_ok(session, krait_session_add_stop_text(session, "END. mist", 9));
	kit_ok(session, say(session, tokens, n, all, sizeof(all)));
	for (size_t back = 1; back < n; back += 2) {
		char shown[100] = "";

		kit_ok(session, krait_session_rewind(session, back));
		kit_ok(session, say(session, tokens + n - back, back, shown, sizeof(shown)));
		ck_assert_uint_le(strlen(shown), strlen(all));
		ck_assert_str_eq(shown, all + strlen(all) - strlen(shown));
	}
	krait_session_free(session);
}
END_TEST

/* A hundred stop texts that all nearly match keep every byte back only as long as they must. */
START_TEST(test_many_stop_texts)
{
	krait_session *session = begun();
	krait_token tokens[500];
	char text[401], shown[500] = "";
	size_t n;

	for (int i = 0; i < 100; i++) {
		char stop[110];

		memset(stop, 'a', sizeof(stop));
		stop[8 + i] = 'b';
		kit_ok(session, krait_session_add_stop_text(session, stop, (size_t)(9 + i)));
	}
	memset(text, 'a', 400);
	text[400] = 0;
	n = encode(text, tokens, 500);
	kit_ok(session, say(session, tokens, n, shown, sizeof(shown)));
	ck_assert_uint_eq(strlen(shown), 400 - 107);
	end_at_limit(session, shown);
	ck_assert_uint_eq(strlen(shown), 400);
	krait_session_free(session);
}
END_TEST

START_TEST(test_fed_text_is_no_output)
{
	krait_session *session = begun();
	krait_token tokens[8];
	size_t n = encode(" a", tokens, 8);
	char shown[50] = "";

	kit_ok(session, krait_session_add_stop_text(session, "time a", 6));
	kit_ok(session, krait_session_feed_text(session, " upon a time"));
	ck_assert_uint_eq(krait_session_piece_size(session), 0);
	kit_ok(session, say(session, tokens, n, shown, sizeof(shown)));
	ck_assert_str_eq(shown, " a");
	krait_session_free(session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stop");
	TCase *tcase = tcase_create("stop");

	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_loop_test(tcase, test_stop_texts, 0, kit_too_slow() ? 1 : (int)(sizeof(cases) / sizeof(*cases)));
	tcase_add_test(tcase, test_cut_character);
	if (!kit_too_slow()) {
		tcase_add_test(tcase, test_stop_text_in_a_batch);
		tcase_add_test(tcase, test_pieces_are_whole_characters);
		tcase_add_test(tcase, test_rewind_brings_text_back);
		tcase_add_test(tcase, test_many_stop_texts);
		tcase_add_test(tcase, test_fed_text_is_no_output);
	}
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
