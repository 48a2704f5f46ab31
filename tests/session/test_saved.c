/* SPDX-License-Identifier: Apache-2.0 */
/* test_saved.c - folders as two releases of transformers save them, and as the original package does: what
 * krait makes of their weights, settings, tokenizers and templates against what those programs made. */
#include "answers.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *family, *weights;
	const char *note;               /* what the model says about its files */
} cases[] = {
	{ "mamba-tied-f32-4", "mamba", "f32", "" },
	{ "mamba-tied-f32-5", "mamba", "f32", "" },
	{ "mamba-untied-bf16-4", "mamba", "bf16", "" },
	{ "mamba-untied-bf16-5", "mamba", "bf16", "" },
	{ "mamba-pickled-bf16-4", "mamba", "bf16", "" },
	{ "mamba2-untied-f16-4", "mamba2", "f16", "" },
	{ "mamba2-untied-f16-5", "mamba2", "f16", "" },
	{ "mamba2-pickled-f32-4", "mamba2", "f32",
	  "generation_config.json: 'no_repeat_ngram_size', 'begin_suppress_tokens' have no effect here" },
	{ "mamba2-groups-f32-5", "mamba2", "f32", "" },
	{ "mamba2-eps-bf16-5", "mamba2", "bf16", "" },
	{ "mamba-original-f16-5", "mamba", "f16", "" },
	{ "mamba2-original-bf16-5", "mamba2", "bf16", "" },
};
#define N_CASES ((int)(sizeof(cases) / sizeof(*cases)))

/* The settings that a file may name, and what a session has where it names none. */
static const struct {
	const char *name;
	int setting;
	double otherwise;
} settings[] = {
	{ "temperature", KRAIT_SAMPLE_TEMPERATURE, 1 }, { "top_p", KRAIT_SAMPLE_TOP_P, 1 },
	{ "min_p", KRAIT_SAMPLE_MIN_P, 0 }, { "typical_p", KRAIT_SAMPLE_TYPICAL_P, 1 }, { "repetition_penalty", KRAIT_SAMPLE_REPETITION_PENALTY, 1 },
	{ "top_k", KRAIT_SAMPLE_TOP_K, 0 }, { "max_new_tokens", KRAIT_MAX_NEW_TOKENS, 0 },
};

struct saved {
	const char *path;
	krait_model *model;
	struct kit_golden *golden;
	json_t *expected;
};

static const char *folder_of(int index)
{
	char relative[100];

	snprintf(relative, sizeof(relative), "saved/%s", cases[index].name);
	return support_path(relative);
}

static struct saved open_saved(int index, const struct kit_options *options)
{
	struct saved saved = { .path = folder_of(index) };

	saved.model = kit_open(saved.path, options);
	saved.golden = kit_golden_open(saved.path);
	saved.expected = json_load_file(support_join(saved.path, "expected.json"), 0, NULL);
	ck_assert_ptr_nonnull(saved.expected);
	return saved;
}

static void close_saved(struct saved *saved)
{
	json_decref(saved->expected);
	kit_golden_close(saved->golden);
	krait_model_free(saved->model);
}

static bool same_ids(const krait_token *ids, size_t n, const json_t *list)
{
	if (n != json_array_size(list))
		return false;
	for (size_t i = 0; i < n; i++)
		if (ids[i] != (krait_token)json_integer_value(json_array_get(list, i)))
			return false;
	return true;
}

/* ---- numbers -------------------------------------------------------------------------- */

static void check_fed_one_by_one(const struct saved *saved)
{
	krait_session *session = kit_session(saved->model);
	size_t n, n_logits, vocab = krait_model_vocab_size(saved->model);
	const krait_token *tokens = kit_golden_tokens(saved->golden, "tokens", &n);
	const double *logits = kit_golden_doubles(saved->golden, "logits", &n_logits);
	float *out = malloc(vocab * sizeof(*out));

	for (size_t i = 0; i < n; i++) {
		kit_ok(session, krait_session_feed(session, tokens + i, 1));
		kit_ok(session, krait_session_logits(session, out, vocab));
		answers_check(out, logits + i * vocab, vocab, saved->path, "the next logits", i);
	}
	free(out);
	krait_session_free(session);
}

START_TEST(numbers_and_greedy_text)
{
	static const char *const as[] = { "asis", "f32" };
	struct saved saved = open_saved(_i % N_CASES, &(struct kit_options){ .weights = as[_i / N_CASES] });

	answers_positions(saved.model, saved.golden, saved.path);
	check_fed_one_by_one(&saved);
	answers_greedy(saved.model, saved.golden, saved.path);
	close_saved(&saved);
}
END_TEST

/* ---- what the files say ----------------------------------------------------------------- */

START_TEST(what_a_model_is)
{
	struct saved saved = open_saved(_i, NULL);
	json_t *info = json_loads(krait_model_info(saved.model), 0, NULL), *tied = json_object_get(info, "tied_head");
	json_int_t n_ids = json_integer_value(json_object_get(saved.expected, "n_ids"));

	ck_assert_ptr_nonnull(info);
	ck_assert_str_eq(krait_model_family(saved.model), cases[_i].family);
	ck_assert_str_eq(krait_model_note(saved.model), cases[_i].note);
	ck_assert_str_eq(krait_model_fingerprint(saved.model), json_string_value(json_object_get(saved.expected, "fingerprint")));
	ck_assert_str_eq(json_string_value(json_object_get(info, "weights")), cases[_i].weights);
	ck_assert_ptr_nonnull(tied);
	ck_assert_int_eq(json_is_true(tied), json_is_true(json_object_get(saved.expected, "tied")));
	ck_assert_int_eq((json_int_t)krait_tokenizer_size(krait_model_tokenizer(saved.model)), n_ids);
	ck_assert_int_ge((json_int_t)krait_model_vocab_size(saved.model), n_ids);
	json_decref(info);
	close_saved(&saved);
}
END_TEST

static double setting_of(krait_session *session, size_t i)
{
	double value;
	int64_t whole;

	if (krait_session_get_float(session, settings[i].setting, &value) == KRAIT_OK)
		return value;
	ck_assert_int_eq(krait_session_get_int(session, settings[i].setting, &whole), KRAIT_OK);
	return (double)whole;
}

static void check_stops(const struct saved *saved, const json_t *wanted)
{
	krait_token stops[16];
	const json_t *ids = json_object_get(wanted, "eos_token_id");
	size_t n = krait_model_stops(saved->model, stops, 16);
	size_t n_wanted = json_is_array(ids) ? json_array_size(ids) : 1;

	ck_assert_uint_eq(n, n_wanted);
	for (size_t i = 0; i < n_wanted; i++) {
		json_int_t id = json_integer_value(json_is_array(ids) ? json_array_get(ids, i) : ids);
		size_t at = 0;

		while (at < n && stops[at] != (krait_token)id)
			at++;
		ck_assert_msg(at < n, "%s: %d does not end a text", saved->path, (int)id);
	}
}

/* Ids that the settings suppress are never drawn; all others can be. */
static void check_chances(const struct saved *saved, krait_session *session, const json_t *wanted)
{
	size_t vocab = krait_model_vocab_size(saved->model);
	const json_t *suppressed = json_object_get(wanted, "suppress_tokens");
	float *logits = malloc(vocab * sizeof(*logits)), *chances = malloc(vocab * sizeof(*chances));
	krait_sampler *sampler;

	kit_ok(session, krait_session_logits(session, logits, vocab));
	ck_assert_int_eq(krait_sampler_of_model(&sampler, saved->model), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_TOP_K, 0), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TOP_P, 1), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_MIN_P, 0), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TYPICAL_P, 1), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, vocab, NULL, 0, chances, vocab), KRAIT_OK);
	for (size_t id = 0; id < vocab; id++) {
		bool allowed = true;

		for (size_t i = 0; i < json_array_size(suppressed); i++)
			allowed = allowed && json_integer_value(json_array_get(suppressed, i)) != (json_int_t)id;
		ck_assert_msg(allowed == (chances[id] > 0), "%s: token %zu has a chance of %g", saved->path, id, (double)chances[id]);
	}
	krait_sampler_free(sampler);
	free(logits);
	free(chances);
}

/* Ids of padding are not drawn, however high their logits are, and hot as it may be. */
static void check_padding(const struct saved *saved, krait_session *session)
{
	size_t n_ids = krait_tokenizer_size(krait_model_tokenizer(saved->model));

	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 0));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 4));
	for (int i = 0; i < 200; i++) {
		krait_token token;

		kit_ok(session, krait_session_next(session, &token));
		ck_assert_msg((size_t)token < n_ids, "%s: %d was drawn, which the tokenizer does not have", saved->path, (int)token);
	}
}

START_TEST(settings_that_a_session_begins_with)
{
	struct saved saved = open_saved(_i, NULL);
	krait_session *session = kit_session(saved.model);
	const json_t *wanted = json_object_get(saved.expected, "settings");
	size_t n;
	const krait_token *tokens = kit_golden_tokens(saved.golden, "tokens", &n);

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const json_t *value = json_object_get(wanted, settings[i].name);
		double is = setting_of(session, i), was = value ? json_number_value(value) : settings[i].otherwise;

		ck_assert_msg(is == was, "%s: %s is %g, not %g", saved.path, settings[i].name, is, was);
	}
	kit_ok(session, krait_session_feed(session, tokens, n));
	check_chances(&saved, session, wanted);
	if (wanted)
		check_stops(&saved, wanted);
	check_padding(&saved, session);
	krait_session_free(session);
	close_saved(&saved);
}
END_TEST

/* ---- generate() ------------------------------------------------------------------------- */

struct said {
	char text[600];
	krait_token tokens[64], ended;
	size_t n_text, n_tokens;
};

static void say(krait_session *session, struct said *said)
{
	krait_status status;

	do {
		krait_token token;
		size_t size;

		status = krait_session_next(session, &token);
		ck_assert_msg(status == KRAIT_OK || status == KRAIT_END, "%s", krait_session_error(session));
		size = krait_session_piece_size(session);
		ck_assert_uint_lt(said->n_text + size, sizeof(said->text));
		memcpy(said->text + said->n_text, krait_session_piece(session), size);
		said->n_text += size;
		if (status == KRAIT_END)
			said->ended = token;
		else if (said->n_tokens < 64)
			said->tokens[said->n_tokens++] = token;
	} while (status == KRAIT_OK && said->n_tokens < 64);
	said->text[said->n_text] = 0;
	ck_assert_int_eq(status, KRAIT_END);
}

/* How much of transformers' text is there: it leaves a stop text in. */
static size_t before_stop(const char *text, const json_t *stops)
{
	size_t least = strlen(text);

	for (size_t i = 0; i < json_array_size(stops); i++) {
		const char *at = strstr(text, json_string_value(json_array_get(stops, i)));

		if (at && (size_t)(at - text) < least)
			least = (size_t)(at - text);
	}
	return least;
}

/* The settings of the file, all but chance: the same tokens, the same text, the same reason to end. */
START_TEST(what_generate_says)
{
	struct saved saved = open_saved(_i, NULL);
	krait_session *session = kit_session(saved.model);
	const json_t *wanted = json_object_get(saved.expected, "settings");
	const json_t *text = json_object_get(saved.expected, "generated_text");
	size_t n, n_generated, n_text;
	const krait_token *tokens = kit_golden_tokens(saved.golden, "tokens", &n);
	const krait_token *generated = kit_golden_tokens(saved.golden, "generated", &n_generated);
	json_int_t ended = json_integer_value(json_object_get(saved.expected, "ended_by"));
	struct said said = { .n_tokens = 0 };
	bool stopped;

	if (!text) {
		krait_session_free(session);
		close_saved(&saved);
		return;
	}
	n_text = before_stop(json_string_value(text), json_object_get(wanted, "stop_strings"));
	stopped = n_text < json_string_length(text);
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(session, krait_session_feed(session, tokens, n));
	say(session, &said);
	ck_assert_int_eq(krait_session_end_reason(session),
		ended >= 0 ? KRAIT_REASON_STOP : stopped ? KRAIT_REASON_STOP_TEXT : KRAIT_REASON_LIMIT);
	ck_assert_int_eq(said.ended, ended);
	ck_assert_msg(said.n_text == n_text && !memcmp(said.text, json_string_value(text), n_text), "%s: '%s', not '%s'",
		saved.path, said.text, json_string_value(text));
	if (!stopped)
		ck_assert_uint_eq(said.n_tokens, n_generated);
	ck_assert_mem_eq(said.tokens, generated, said.n_tokens * sizeof(*generated));
	krait_session_free(session);
	close_saved(&saved);
}
END_TEST

/* ---- text ------------------------------------------------------------------------------- */

static void check_ids(const struct saved *saved, const char *text, int flags, const json_t *wanted)
{
	const krait_tokenizer *tokenizer = krait_model_tokenizer(saved->model);
	krait_token ids[200];
	size_t n;

	ck_assert_int_eq(krait_tokenizer_encode(tokenizer, text, strlen(text), flags, ids, 200, &n), KRAIT_OK);
	ck_assert_msg(same_ids(ids, n, wanted), "%s: other ids for '%s', flags %d", saved->path, text, flags);
}

START_TEST(ids_of_texts)
{
	struct saved saved = open_saved(_i, NULL);
	const json_t *list = json_object_get(saved.expected, "encodings");

	ck_assert_uint_ge(json_array_size(list), 5);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *text = json_string_value(json_object_get(entry, "text"));

		check_ids(&saved, text, KRAIT_PARSE_SPECIAL | KRAIT_ADD_SPECIAL, json_object_get(entry, "ids"));
		check_ids(&saved, text, KRAIT_PARSE_SPECIAL, json_object_get(entry, "plain"));
	}
	close_saved(&saved);
}
END_TEST

/* A text in two parts is one text: what goes before a text goes before the first of them only. */
START_TEST(text_in_two_parts)
{
	static const char *const parts[2] = { "The krait swims", " by night." };
	struct saved saved = open_saved(_i, NULL);
	const krait_tokenizer *tokenizer = krait_model_tokenizer(saved.model);
	krait_session *fed = kit_session(saved.model), *wanted = kit_session(saved.model);
	krait_token ids[100];
	size_t n, n_all = 0;

	for (int i = 0; i < 2; i++) {
		kit_ok(fed, krait_session_feed_text(fed, parts[i]));
		ck_assert_int_eq(krait_tokenizer_encode(tokenizer, parts[i], strlen(parts[i]), i == 0 ? KRAIT_ADD_SPECIAL : 0, ids + n_all,
			100 - n_all, &n), KRAIT_OK);
		n_all += n;
	}
	kit_ok(wanted, krait_session_feed(wanted, ids, n_all));
	kit_same_position(fed, wanted);
	krait_session_free(fed);
	krait_session_free(wanted);
	close_saved(&saved);
}
END_TEST

static void check_chat(const struct saved *saved, const json_t *entry)
{
	const json_t *messages = json_object_get(entry, "messages");
	const char *wanted = json_string_value(json_object_get(entry, "text"));
	int ask = json_boolean_value(json_object_get(entry, "ask"));
	char text[1000];
	krait_token ids[500];
	krait_chat *chat;
	size_t n;

	ck_assert_int_eq(krait_chat_new(&chat, saved->model), KRAIT_OK);
	for (size_t i = 0; i < json_array_size(messages); i++) {
		const json_t *message = json_array_get(messages, i);
		const char *role = json_string_value(json_object_get(message, "role"));
		const char *content = json_string_value(json_object_get(message, "content"));

		ck_assert_int_eq(krait_chat_add(chat, role, content), KRAIT_OK);
	}
	ck_assert_msg(krait_chat_render(chat, ask, text, sizeof(text) - 1, &n) == KRAIT_OK, "%s", krait_chat_error(chat));
	text[n] = 0;
	ck_assert_str_eq(text, wanted);
	ck_assert_msg(krait_chat_encode(chat, ask, ids, 500, &n) == KRAIT_OK, "%s", krait_chat_error(chat));
	ck_assert_msg(same_ids(ids, n, json_object_get(entry, "ids")), "%s: other ids for the chat '%s'", saved->path,
		wanted);
	krait_chat_free(chat);
}

START_TEST(chats)
{
	struct saved saved = open_saved(_i, NULL);
	const json_t *list = json_object_get(saved.expected, "chats");
	json_t *info = json_loads(krait_model_info(saved.model), 0, NULL);

	ck_assert_int_eq(json_array_size(list) > 0, !json_is_null(json_object_get(info, "chat_template")));
	for (size_t i = 0; i < json_array_size(list); i++)
		check_chat(&saved, json_array_get(list, i));
	json_decref(info);
	close_saved(&saved);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("saved");
	TCase *tcase = tcase_create("saved");

	tcase_add_loop_test(tcase, numbers_and_greedy_text, 0, 2 * N_CASES);
	tcase_add_loop_test(tcase, what_a_model_is, 0, N_CASES);
	tcase_add_loop_test(tcase, settings_that_a_session_begins_with, 0, N_CASES);
	tcase_add_loop_test(tcase, what_generate_says, 0, N_CASES);
	tcase_add_loop_test(tcase, ids_of_texts, 0, N_CASES);
	tcase_add_loop_test(tcase, text_in_two_parts, 0, N_CASES);
	tcase_add_loop_test(tcase, chats, 0, N_CASES);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
