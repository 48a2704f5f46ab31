/* SPDX-License-Identifier: Apache-2.0 */
/* test_chat.c - krait_chat_*: messages to text, to tokens, and into a session. */
#include "support.h"
#include "chat/render.h"

#include "krait.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static krait_model *open_demo(void)
{
	krait_model *model;
	krait_status status = krait_model_open(&model, support_demo(NULL), NULL);

	ck_assert_msg(status == KRAIT_OK, "%s", krait_model_error(model));
	return model;
}

static void good(krait_chat *chat, krait_status status)
{
	ck_assert_msg(status == KRAIT_OK, "%d: %s", status, krait_chat_error(chat));
}

static krait_chat *new_chat(krait_model *model)
{
	krait_chat *chat;
	krait_status status = krait_chat_new(&chat, model);

	good(chat, status);
	return chat;
}

static void add_messages(krait_chat *chat, json_t *messages)
{
	for (size_t i = 0; i < json_array_size(messages); i++) {
		char *text = json_dumps(json_array_get(messages, i), 0);

		good(chat, krait_chat_add_json(chat, text, strlen(text)));
		free(text);
	}
}

static json_t *read_json(const char *path)
{
	size_t n;
	char *text = support_read(path, &n);
	json_t *root = json_loadb(text, n, JSON_ALLOW_NUL, NULL);

	free(text);
	ck_assert_ptr_nonnull(root);
	return root;
}

static char *rendered(krait_chat *chat, int prompt)
{
	size_t n, again;
	char *text;

	good(chat, krait_chat_render(chat, prompt, NULL, 0, &n));
	text = calloc(n + 1, 1);
	if (n > 1)
		ck_assert_int_eq(krait_chat_render(chat, prompt, text, n - 1, &again), KRAIT_ERROR_SPACE);
	ck_assert(text[0] == 0);
	good(chat, krait_chat_render(chat, prompt, text, n, &again));
	ck_assert_uint_eq(n, again);
	return text;
}

static size_t encoded(krait_chat *chat, int prompt, krait_token *out, size_t n_out)
{
	size_t n, again;

	good(chat, krait_chat_encode(chat, prompt, NULL, 0, &n));
	ck_assert_uint_le(n, n_out);
	good(chat, krait_chat_encode(chat, prompt, out, n_out, &again));
	ck_assert_uint_eq(n, again);
	return n;
}

static void check_ids(const krait_token *ids, size_t n, json_t *wanted)
{
	ck_assert_uint_eq(n, json_array_size(wanted));
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(ids[i], json_integer_value(json_array_get(wanted, i)));
}

/* ---- the demo's own vectors ------------------------------------------------------------------- */

static void check_vector(krait_model *model, json_t *vector)
{
	krait_chat *chat = new_chat(model);
	int prompt = json_is_true(json_object_get(vector, "add_generation_prompt"));
	const char *decoded = json_string_value(json_object_get(vector, "ids_decode_to"));
	json_t *ids = json_object_get(vector, "ids");
	krait_token out[512];
	size_t n, n_special = 0, n_text;
	char text[2048], *got;

	add_messages(chat, json_object_get(vector, "messages"));
	got = rendered(chat, prompt);
	ck_assert_str_eq(got, json_string_value(json_object_get(vector, "text")));
	free(got);
	n = encoded(chat, prompt, out, 512);
	if (ids)
		check_ids(out, n, ids);
	if (decoded) {
		for (size_t i = 0; i < n; i++)
			n_special += out[i] <= 3;       /* <|endoftext|>, <|user|>, <|assistant|>, <|system|> */
		ck_assert_uint_eq(n_special, (size_t)json_integer_value(json_object_get(vector, "special_ids_from_template")));
		ck_assert_int_eq(krait_tokenizer_decode(krait_model_tokenizer(model), out, n, 0, text, sizeof(text), &n_text), KRAIT_OK);
		ck_assert_uint_eq(n_text, strlen(decoded));
		ck_assert(memcmp(text, decoded, n_text) == 0);
	}
	krait_chat_free(chat);
}

START_TEST(test_demo_vectors)
{
	krait_model *model = open_demo();
	json_t *root = read_json("demo/chat_vectors.json");

	ck_assert_uint_ge(json_array_size(root), 10);
	for (size_t i = 0; i < json_array_size(root); i++)
		check_vector(model, json_array_get(root, i));
	json_decref(root);
	krait_model_free(model);
}
END_TEST

/* ---- templates by name, zephyr with mamba-chat's tokenizer --------------------------------------- */

static void check_by_name(const char *name, const char *path)
{
	json_t *root = read_json(path), *cases = json_object_get(root, "cases");
	char *eos = json_dumps(json_object_get(json_object_get(root, "variables"), "eos_token"), JSON_ENCODE_ANY);

	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *one = json_array_get(cases, i), *expect = json_object_get(one, "expect");
		krait_chat *chat = new_chat(NULL);
		int prompt = json_is_true(json_object_get(one, "add_generation_prompt"));
		size_t n;

		good(chat, krait_chat_set_template(chat, name));
		good(chat, krait_chat_set_json(chat, "eos_token", eos, strlen(eos)));
		add_messages(chat, json_object_get(one, "messages"));
		if (expect) {
			char *text = rendered(chat, prompt);

			ck_assert_str_eq(text, json_string_value(expect));
			free(text);
		} else {
			ck_assert_int_eq(krait_chat_render(chat, prompt, NULL, 0, &n), KRAIT_ERROR_ARGUMENT);
			ck_assert_uint_eq(n, 0);
		}
		krait_chat_free(chat);
	}
	free(eos);
	json_decref(root);
}

START_TEST(test_by_name)
{
	check_by_name("zephyr", "templates/zephyr.json");
	check_by_name("chatml", "templates/chatml.json");
}
END_TEST

START_TEST(test_zephyr_ids)
{
	json_t *root = read_json("templates/zephyr.json"), *cases = json_object_get(root, "cases"), *source = json_object_get(root, "source");
	krait_tokenizer *tokenizer;
	struct jinja_program *program;
	struct why why;
	size_t n_json, n_checked = 0;
	char *json = support_read("tokenizer/neox/tokenizer.json", &n_json), *message;

	ck_assert_int_eq(krait__tokenizer_load(&tokenizer, json, n_json, "neox", &why), KRAIT_OK);
	ck_assert_int_eq(krait__chat_parse(&program, json_string_value(source), json_string_length(source), &why), KRAIT_OK);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *one = json_array_get(cases, i), *ids = json_object_get(one, "ids_neox");
		char *messages = json_dumps(json_object_get(one, "messages"), 0);
		struct json_value *read = krait__json_read(messages, strlen(messages), "messages", &why), *items[64];
		struct chat_messages list = { items, krait__json_size(read) };
		const json_t *eos = json_object_get(json_object_get(root, "variables"), "eos_token");
		const struct chat_text end = { json_string_value(eos), json_string_length(eos) };
		bool prompt = json_is_true(json_object_get(one, "add_generation_prompt"));
		const struct jinja_variable variables[] = {
			{ "messages", krait__chat_build_messages, &list },
			{ "add_generation_prompt", krait__chat_build_bool, &prompt },
			{ "eos_token", krait__chat_build_text, &end },
		};
		struct token_list tokens = { 0 };
		struct chat_rendering rendering;

		for (size_t k = 0; k < list.n; k++) {
			ck_assert_uint_lt(k, 64);
			items[k] = (struct json_value *)krait__json_at(read, k);
		}
		if (ids && !strstr(messages, "<|")) {   /* what a content says is never special here */
			ck_assert_int_eq(krait__chat_run(program, variables, 3, 0, &rendering, &message, &why), KRAIT_OK);
			ck_assert_int_eq(krait__tokenizer_append_spans(tokenizer, &tokens, rendering.text.data, rendering.spans, rendering.n_spans, &why), KRAIT_OK);
			check_ids(tokens.ids, tokens.size, ids);
			krait__chat_rendering_free(&rendering);
			krait__token_list_free(&tokens);
			n_checked++;
		}
		krait__json_free(read);
		free(messages);
	}
	ck_assert_uint_ge(n_checked, 15);
	krait__jinja_program_free(program);
	krait_tokenizer_free(tokenizer);
	free(json);
	json_decref(root);
}
END_TEST

/* ---- what is refused ----------------------------------------------------------------------------- */

START_TEST(test_refusals)
{
	krait_chat *chat = new_chat(NULL);
	krait_token token;
	size_t n = 7;
	char *text;

	ck_assert_int_eq(krait_chat_render(chat, 1, NULL, 0, &n), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(strstr(krait_chat_error(chat), "krait_chat_set_template"));
	good(chat, krait_chat_set_template(chat, "{% for m in messages %}{{ m.content }},{% endfor %}"));
	ck_assert_int_eq(krait_chat_set_template(chat, "\n{% extends 'x' %}"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_str_eq(krait_chat_error(chat), "chat template, line 2: the statement 'extends' is not supported");
	good(chat, krait_chat_add(chat, "user", "one"));
	ck_assert_int_eq(krait_chat_add(chat, "user", "\xff"), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_chat_add(chat, NULL, "x"), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_chat_add_json(chat, "[1]", 3), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_chat_add_json(chat, "{", 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_chat_set_json(chat, "messages", "[]", 2), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_chat_set_json(chat, "x", "nope", 4), KRAIT_ERROR_ARGUMENT);
	text = rendered(chat, 0);       /* the template and the messages from before the failures */
	ck_assert_str_eq(text, "one,");
	free(text);
	ck_assert_int_eq(krait_chat_encode(chat, 0, &token, 1, &n), KRAIT_ERROR_UNSUPPORTED);
	krait_chat_clear(chat);
	text = rendered(chat, 0);
	ck_assert_str_eq(text, "");
	free(text);
	good(chat, krait_chat_set_template(chat, "{{ raise_exception('no\n' * 400) }}"));
	ck_assert_int_eq(krait_chat_render(chat, 0, NULL, 0, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(strlen(krait_chat_error(chat)), 1200);
	krait_chat_free(chat);
	krait_chat_free(NULL);
}
END_TEST

/* ---- feeding ------------------------------------------------------------------------------------- */

static size_t answer(krait_session *session, char *out)
{
	krait_token token;
	size_t n = 0;
	krait_status status;

	do {
		status = krait_session_next(session, &token);
		memcpy(out + n, krait_session_piece(session), krait_session_piece_size(session));
		n += krait_session_piece_size(session);
	} while (status == KRAIT_OK);
	ck_assert_int_eq(status, KRAIT_END);
	out[n] = 0;
	return n;
}

static krait_session *new_session(krait_model *model, int64_t n_tokens)
{
	krait_session *session;

	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_int(session, KRAIT_SAMPLE_SEED, 0), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, n_tokens), KRAIT_OK);
	return session;
}

/* A conversation of the demo model with a session that it is fed to. */
struct talk {
	krait_model *model;
	krait_chat *chat;
	krait_session *session;
};

static struct talk begin_talk(int64_t n_tokens)
{
	krait_model *model = open_demo();

	return (struct talk){ model, new_chat(model), new_session(model, n_tokens) };
}

static void end_talk(const struct talk *talk)
{
	krait_session_free(talk->session);
	krait_chat_free(talk->chat);
	krait_model_free(talk->model);
}

/* Three turns fed piece by piece end where the whole conversation has as many tokens, and each
 * answer is generated from the very sequence that encoding the conversation gives. */
START_TEST(test_feed)
{
	struct talk talk = begin_talk(8);
	krait_session *whole;
	krait_token tokens[1024];
	char text[4096], again[4096];
	size_t n;

	for (int turn = 0; turn < 3; turn++) {
		good(talk.chat, krait_chat_add(talk.chat, "user", turn ? "Go on." : "Tell me a story about the wolf."));
		good(talk.chat, krait_chat_feed(talk.chat, talk.session));
		n = encoded(talk.chat, 1, tokens, 1024);
		ck_assert_uint_eq(krait_session_position(talk.session), n);
		good(talk.chat, krait_chat_feed(talk.chat, talk.session));     /* nothing is new */
		ck_assert_uint_eq(krait_session_position(talk.session), n);
		whole = new_session(talk.model, 8);
		ck_assert_int_eq(krait_session_feed(whole, tokens, n), KRAIT_OK);
		answer(whole, again);
		answer(talk.session, text);
		ck_assert_str_eq(text, again);
		krait_session_free(whole);
		good(talk.chat, krait_chat_add(talk.chat, "assistant", text));
	}
	end_talk(&talk);
}
END_TEST

/* A past that was changed is read again: another question, another session, a session that goes on by itself. */
START_TEST(test_feed_changed)
{
	struct talk talk = begin_talk(6);
	krait_session *other = new_session(talk.model, 6);
	krait_token tokens[1024];
	char text[1024], again[1024];
	size_t n;

	good(talk.chat, krait_chat_add(talk.chat, "user", "Tell me a story about the wolf."));
	good(talk.chat, krait_chat_feed(talk.chat, talk.session));
	answer(talk.session, text);
	krait_chat_clear(talk.chat);
	good(talk.chat, krait_chat_add(talk.chat, "user", "Tell me a story about the fox."));
	for (int i = 0; i < 2; i++) {
		krait_session *session = i ? other : talk.session;

		ck_assert_int_eq(krait_session_feed(other, tokens, 0), KRAIT_OK);
		good(talk.chat, krait_chat_feed(talk.chat, session));
		n = encoded(talk.chat, 1, tokens, 1024);
		ck_assert_uint_eq(krait_session_position(session), n);
		answer(session, i ? again : text);
	}
	ck_assert_str_eq(text, again);
	krait_session_free(other);
	end_talk(&talk);
}
END_TEST

/* An answer may be longer than a session can go back, and the session a fork of the one that was fed. */
START_TEST(test_feed_long_answer)
{
	static const int64_t reaches[] = { 0, 1, 4, 1024 };
	struct talk talk = begin_talk(150);
	krait_session *fork;
	krait_token tokens[2048];
	char text[4096];

	ck_assert_int_eq(krait_session_set_int(talk.session, KRAIT_REWIND_TOKENS, reaches[_i]), KRAIT_OK);
	for (int turn = 0; turn < 3; turn++) {
		good(talk.chat, krait_chat_add(talk.chat, "user", turn ? "Go on." : "Tell me a story about the wolf."));
		good(talk.chat, krait_chat_feed(talk.chat, talk.session));
		ck_assert_uint_eq(krait_session_position(talk.session), encoded(talk.chat, 1, tokens, 2048));
		ck_assert_uint_gt(answer(talk.session, text), 100);
		good(talk.chat, krait_chat_add(talk.chat, "assistant", text));
		ck_assert_int_eq(krait_session_fork(&fork, talk.session), KRAIT_OK);
		krait_session_free(talk.session);
		talk.session = fork;
	}
	good(talk.chat, krait_chat_add(talk.chat, "user", "And then?"));
	ck_assert_int_eq(krait_session_set_int(talk.session, KRAIT_REWIND_TOKENS, reaches[_i] + 1), KRAIT_OK);
	good(talk.chat, krait_chat_feed(talk.chat, talk.session));
	end_talk(&talk);
}
END_TEST

/* Taken back to the middle of a long answer, the session goes on with what is left of it. */
START_TEST(test_feed_after_rewind)
{
	struct talk talk = begin_talk(100);
	char text[4096];
	size_t n = 0;

	ck_assert_int_eq(krait_session_set_int(talk.session, KRAIT_REWIND_TOKENS, 8), KRAIT_OK);
	good(talk.chat, krait_chat_add(talk.chat, "user", "Tell me a story about the wolf."));
	good(talk.chat, krait_chat_feed(talk.chat, talk.session));
	for (int i = 0; i < 60; i++) {
		krait_token token;

		ck_assert_int_eq(krait_session_next(talk.session, &token), KRAIT_OK);
		if (i >= 55)
			continue;
		memcpy(text + n, krait_session_piece(talk.session), krait_session_piece_size(talk.session));
		n += krait_session_piece_size(talk.session);
	}
	text[n] = 0;
	ck_assert_int_eq(krait_session_rewind(talk.session, 5), KRAIT_OK);
	good(talk.chat, krait_chat_add(talk.chat, "assistant", text));
	good(talk.chat, krait_chat_add(talk.chat, "user", "Go on."));
	good(talk.chat, krait_chat_feed(talk.chat, talk.session));
	end_talk(&talk);
}
END_TEST

/* What a cancelled feed did not read is read by the next one. */
START_TEST(test_feed_cancelled)
{
	struct talk talk = begin_talk(6);
	krait_token tokens[256];

	good(talk.chat, krait_chat_add(talk.chat, "user", "Tell me a story about the wolf."));
	ck_assert_int_eq(krait_session_cancel(talk.session), KRAIT_OK);
	ck_assert_int_eq(krait_chat_feed(talk.chat, talk.session), KRAIT_CANCELLED);
	good(talk.chat, krait_chat_feed(talk.chat, talk.session));
	ck_assert_uint_eq(krait_session_position(talk.session), encoded(talk.chat, 1, tokens, 256));
	end_talk(&talk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat");
	TCase *tcase = tcase_create("chat");

	tcase_add_test(tcase, test_demo_vectors);
	tcase_add_test(tcase, test_by_name);
	tcase_add_test(tcase, test_zephyr_ids);
	tcase_add_test(tcase, test_refusals);
	tcase_add_test(tcase, test_feed);
	tcase_add_test(tcase, test_feed_changed);
	tcase_add_loop_test(tcase, test_feed_long_answer, 0, 4);
	tcase_add_test(tcase, test_feed_after_rewind);
	tcase_add_test(tcase, test_feed_cancelled);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
