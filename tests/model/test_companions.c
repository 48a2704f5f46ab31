/* SPDX-License-Identifier: Apache-2.0 */
/* test_companions.c - what lies beside weights: settings for generating, names of special tokens, files of other people. */
#include "krait.h"
#include "base/memory.h"
#include "model/special_tokens.h"
#include "support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG "config.json"
#define GENERATION "generation_config.json"
#define TOKENIZER_CONFIG "tokenizer_config.json"

static krait_model *model;

static void put(const char *folder, const char *name, const char *text)
{
	const char *path = support_join(folder, name);

	unlink(path);
	support_write(path, text, strlen(text));
}

/* The demo model without what these tests put there. */
static const char *demo_without_companions(void)
{
	static const char *const files[] = { CONFIG, "pytorch_model.bin", "tokenizer.json" };
	const char *folder = support_folder();

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		ck_assert_int_eq(symlink(support_demo(files[i]), support_join(folder, files[i])), 0);
	return folder;
}

static krait_status inspect(const char *folder)
{
	krait_options *options;
	krait_status status;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1), KRAIT_OK);
	status = krait_model_open(&model, folder, options);
	krait_options_free(options);
	return status;
}

static void must_inspect(const char *folder)
{
	ck_assert_msg(inspect(folder) == KRAIT_OK, "%s", krait_model_error(model));
}

/* ---- generation_config.json ----------------------------------------------------------- */

static const struct {
	const char *text;
	struct generation_setting settings[8];
	size_t n;
	const char *note;               /* what it holds; "": it is empty */
} generations[] = {
	{ "{}", { { 0, 0 } }, 0, "" },
	{ "{\"temperature\": 0.7, \"top_k\": 40, \"top_p\": 0.95, \"min_p\": 0.05, \"typical_p\": 0.9, \"repetition_penalty\": 1.1, \"max_new_tokens\": 256}",
	  { { 200, 0.7 }, { 201, 40 }, { 202, 0.95 }, { 203, 0.05 }, { 204, 0.9 }, { 210, 1.1 }, { 300, 256 } }, 7, "" },
	{ "{\"do_sample\": false, \"temperature\": 0.7, \"top_p\": 0.5}", { { 200, 0 }, { 202, 0.5 } }, 2, "" },
	{ "{\"do_sample\": true, \"temperature\": null, \"top_k\": null, \"max_length\": 20}", { { 0, 0 } }, 0, "" },
	{ "{\"temperature\": 0, \"top_k\": 0, \"top_p\": 1, \"min_p\": 0}", { { 200, 0 }, { 201, 0 }, { 202, 1 }, { 203, 0 } }, 4, "" },
	{ "{\"top_k\": 50.0}", { { 201, 50 } }, 1, "" },
	{ "{\"temperature\": \"hot\", \"top_p\": 0.5}", { { 202, 0.5 } }, 1, "'temperature' is not a number" },
	{ "{\"temperature\": true}", { { 0, 0 } }, 0, "'temperature' is not a number" },
	{ "{\"temperature\": -1}", { { 0, 0 } }, 0, "'temperature' is out of range" },
	{ "{\"temperature\": 1e400}", { { 0, 0 } }, 0, "'temperature' is out of range" },
	{ "{\"temperature\": NaN}", { { 0, 0 } }, 0, "'temperature' is out of range" },
	{ "{\"top_k\": 2.5}", { { 0, 0 } }, 0, "'top_k' is out of range" },
	{ "{\"top_k\": 123456789012345678901234567890}", { { 0, 0 } }, 0, "'top_k' is out of range" },
	{ "{\"top_p\": 1.5, \"typical_p\": 0}", { { 0, 0 } }, 0, "'typical_p' is out of range" },
	{ "{\"repetition_penalty\": 0}", { { 0, 0 } }, 0, "'repetition_penalty' is out of range" },
	{ "{\"max_new_tokens\": 0}", { { 0, 0 } }, 0, "'max_new_tokens' is out of range" },
	{ "{\"do_sample\": 1}", { { 0, 0 } }, 0, "'do_sample' is neither" },
	{ "{\"num_beams\": 1, \"bad_words_ids\": null, \"begin_suppress_tokens\": [], \"guidance_scale\": 1.0, \"no_repeat_ngram_size\": 0}", { { 0, 0 } }, 0, "" },
	{ "{\"num_beams\": 4, \"bad_words_ids\": [[1]]}", { { 0, 0 } }, 0, "'num_beams', 'bad_words_ids' have no effect here" },
	{ "{\"begin_suppress_tokens\": [3]}", { { 0, 0 } }, 0, "'begin_suppress_tokens' has no effect here" },
	{ "{\"no_repeat_ngram_size\": 3}", { { 0, 0 } }, 0, "'no_repeat_ngram_size' has no effect here" },
};

START_TEST(settings)
{
	const char *folder = demo_without_companions();
	const struct generation *is;

	put(folder, GENERATION, generations[_i].text);
	must_inspect(folder);
	is = &model->generation;
	ck_assert_uint_eq(is->n_settings, generations[_i].n);
	for (size_t i = 0; i < is->n_settings; i++) {
		ck_assert_int_eq(is->settings[i].setting, generations[_i].settings[i].setting);
		ck_assert(is->settings[i].value == generations[_i].settings[i].value);
	}
	if (generations[_i].note[0])
		ck_assert_msg(strstr(krait_model_note(model), generations[_i].note) != NULL, "%s", krait_model_note(model));
	else
		ck_assert_str_eq(krait_model_note(model), "");
	ck_assert_ptr_nonnull(strstr(krait_model_info(model), "\"generation\":{"));
	krait_model_free(model);
}
END_TEST

START_TEST(suppressed_tokens)
{
	const char *folder = demo_without_companions();

	put(folder, GENERATION, "{\"suppress_tokens\": [9, 4, 9, 4095, 4096, -1, \"x\"]}");
	must_inspect(folder);
	ck_assert_uint_eq(model->generation.n_suppressed, 3);
	ck_assert_int_eq(model->generation.suppressed[0], 4);
	ck_assert_int_eq(model->generation.suppressed[1], 9);
	ck_assert_int_eq(model->generation.suppressed[2], 4095);
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "3 of 'suppress_tokens'"));
	krait_model_free(model);
	put(folder, GENERATION, "{\"suppress_tokens\": 3, \"stop_strings\": null}");
	must_inspect(folder);
	ck_assert_uint_eq(model->generation.n_suppressed, 0);
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "'suppress_tokens' is not a list"));
	krait_model_free(model);
}
END_TEST

START_TEST(stop_strings)
{
	const char *folder = demo_without_companions();

	put(folder, GENERATION, "{\"stop_strings\": [\"\\n\\n\", \"\", 3, \"a\\u0000b\"]}");
	must_inspect(folder);
	ck_assert_uint_eq(model->generation.n_stop_texts, 2);
	ck_assert_str_eq(model->generation.stop_texts[0].text, "\n\n");
	ck_assert_uint_eq(model->generation.stop_texts[1].n_text, 3);
	ck_assert_mem_eq(model->generation.stop_texts[1].text, "a\0b", 4);
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "2 of 'stop_strings'"));
	krait_model_free(model);
	put(folder, GENERATION, "{\"stop_strings\": \"###\"}");
	must_inspect(folder);
	ck_assert_uint_eq(model->generation.n_stop_texts, 1);
	ck_assert_str_eq(model->generation.stop_texts[0].text, "###");
	ck_assert_str_eq(krait_model_note(model), "");
	krait_model_free(model);
}
END_TEST

/* Calls for memory, whose number must not grow with that of a list's items. */
static unsigned long n_resizes;
static void *(*real_resize)(void *block, size_t size);

static void *counted_resize(void *block, size_t size)
{
	n_resizes++;
	return real_resize(block, size);
}

/* Opens the model with n items in both lists: tokens of the model and, behind those, numbers that are none; texts that
 * differ in their end. */
static unsigned long open_with(const char *folder, unsigned n)
{
	FILE *out = fopen(support_join(folder, GENERATION), "w");

	ck_assert_ptr_nonnull(out);
	fprintf(out, "{\"eos_token_id\": [");
	for (unsigned i = 0; i < n; i++)
		fprintf(out, "%s%u", i ? "," : "", i);
	fprintf(out, "], \"stop_strings\": [");
	for (unsigned i = 0; i < n; i++)
		fprintf(out, "%s\"a stop text of some length %06u\"", i ? "," : "", i);
	fprintf(out, "]}");
	ck_assert_int_eq(fclose(out), 0);
	n_resizes = 0;
	real_resize = krait__allocator.resize;
	krait__allocator.resize = counted_resize;
	must_inspect(folder);
	krait__allocator.resize = real_resize;
	return n_resizes;
}

START_TEST(lists_without_end)
{
	const char *folder = demo_without_companions();
	unsigned long few = open_with(folder, 1), many;

	ck_assert_uint_eq(model->generation.n_stops, 1);
	ck_assert_uint_eq(model->generation.n_stop_texts, 1);
	krait_model_free(model);
	many = open_with(folder, 100000);
	ck_assert_uint_eq(model->generation.n_stops, 4096);
	ck_assert_int_eq(model->generation.stops[0], 0);
	ck_assert_int_eq(model->generation.stops[4095], 4095);
	ck_assert_uint_eq(model->generation.n_stop_texts, 1024);
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "95904 of 'eos_token_id', 4096 for one, are no tokens"));
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "98976 of 'stop_strings' are not applied"));
	/* a copy of each text that is taken, and the file's own */
	ck_assert_msg(many < few + 1024 + 500, "%lu calls for memory with 100000 items, %lu with one", many, few);
	krait_model_free(model);
}
END_TEST

/* A text of more than all of them may have, and tokens in the order in which they are named. */
START_TEST(lists_with_limits)
{
	static const char head[] = "{\"eos_token_id\": [7, 3, 7, 5000], \"stop_strings\": [\"ab\", \"", tail[] = "\", \"cd\"]}";
	const char *folder = demo_without_companions();
	size_t n_head = sizeof(head) - 1, size = (1 << 20) - 1;
	char *text = malloc(n_head + size + sizeof(tail));

	memcpy(text, head, n_head);
	memset(text + n_head, 'x', size);
	memcpy(text + n_head + size, tail, sizeof(tail));
	put(folder, GENERATION, text);
	free(text);
	must_inspect(folder);
	ck_assert_uint_eq(model->generation.n_stops, 2);
	ck_assert_int_eq(model->generation.stops[0], 7);
	ck_assert_int_eq(model->generation.stops[1], 3);
	ck_assert_uint_eq(model->generation.n_stop_texts, 2);
	ck_assert_str_eq(model->generation.stop_texts[1].text, "cd");
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "eos_token_id 5000 is no token"));
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "1 of 'stop_strings'"));
	krait_model_free(model);
}
END_TEST

/* ---- special tokens ------------------------------------------------------------------- */

static void expect_special(const char *name, const char *text)
{
	const struct special_token *token = krait__special_find(model, name);

	ck_assert_msg(!text == !token, "%s", name);
	if (text)
		ck_assert_str_eq(token->text, text);
}

/* A template by name works in a folder that has a tokenizer.json alone. */
START_TEST(ids_name_special_tokens)
{
	const char *folder = demo_without_companions();
	krait_chat *chat;
	char text[200];
	size_t n;

	must_inspect(folder);   /* in the original layout texts end as GPT-NeoX's do */
	expect_special("eos_token", "<|endoftext|>");
	expect_special("bos_token", NULL);
	ck_assert_int_eq(krait_chat_new(&chat, model), KRAIT_OK);
	ck_assert_int_eq(krait_chat_set_template(chat, "zephyr"), KRAIT_OK);
	ck_assert_int_eq(krait_chat_add(chat, "user", "Hello"), KRAIT_OK);
	ck_assert_msg(krait_chat_render(chat, 1, text, sizeof(text), &n) == KRAIT_OK, "%s", krait_chat_error(chat));
	ck_assert_uint_lt(n, sizeof(text));
	ck_assert_mem_eq(text, "<|user|>\nHello<|endoftext|>\n<|assistant|>\n", n);
	krait_chat_free(chat);
	krait_model_free(model);
	put(folder, GENERATION, "{\"eos_token_id\": [2, 1]}");
	must_inspect(folder);
	expect_special("eos_token", "<|assistant|>");
	krait_model_free(model);
	put(folder, TOKENIZER_CONFIG, "{\"bos_token\": \"<b>\"}");
	must_inspect(folder);   /* a tokenizer_config.json that names none means it */
	expect_special("eos_token", NULL);
	expect_special("bos_token", "<b>");
	krait_model_free(model);
}
END_TEST

START_TEST(ids_that_differ_are_told)
{
	const char *folder = demo_without_companions();
	size_t n;
	char *text = support_read_path(support_demo("tokenizer.json"), &n), *at = strstr(text, "\"id\": 1,");

	ck_assert_ptr_nonnull(at);
	at[6] = '7';
	put(folder, "tokenizer.json", text);
	free(text);
	must_inspect(folder);
	ck_assert_msg(strstr(krait_model_note(model), "has the id 7 in tokenizer.json, but is 1 by the vocabulary") != NULL, "%s", krait_model_note(model));
	krait_model_free(model);
}
END_TEST

/* ---- paths that are something else ---------------------------------------------------- */

static void must_refuse(const char *path, krait_status wanted, const char *says)
{
	krait_status status = inspect(path);

	ck_assert_msg(status == wanted && strstr(krait_model_error(model), says), "%s: %d, %s", path, status, krait_model_error(model));
	krait_model_free(model);
}

START_TEST(what_a_path_means)
{
	static const char lfs[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
	const char *folder = demo_without_companions(), *other = support_folder();

	must_inspect(support_join(folder, CONFIG));
	ck_assert_str_eq(model->path, folder);
	krait_model_free(model);
	must_inspect(support_join(folder, "tokenizer.json"));
	krait_model_free(model);
	must_inspect(support_join(folder, "pytorch_model.bin"));
	krait_model_free(model);
	put(other, "tiny-Q4_0.gguf", "GGUF\x03");
	must_refuse(support_join(other, "tiny-Q4_0.gguf"), KRAIT_ERROR_UNSUPPORTED, "this is a GGUF file");
	must_refuse(other, KRAIT_ERROR_UNSUPPORTED, "tiny-Q4_0.gguf");
	put(other, CONFIG, "{\"model_type\": \"mamba\"}");
	must_refuse(other, KRAIT_ERROR_UNSUPPORTED, "tiny-Q4_0.gguf");
	put(other, "model.safetensors", lfs);
	must_refuse(other, KRAIT_ERROR_UNSUPPORTED, "git lfs pull");
	other = support_folder();
	put(other, "adapter_config.json", "{}");
	must_refuse(other, KRAIT_ERROR_UNSUPPORTED, "adapter of PEFT");
}
END_TEST

/* A backbone that was saved by itself has names without "backbone."; it is the model whose head is its embedding. */
START_TEST(a_backbone_by_itself)
{
	const char *folder = support_folder();
	size_t n, n_header = 0, n_out = 0;
	char *file = support_read("golden/mamba1-hf-bf16/model.safetensors", &n), *config, *header, whole[33];
	static const char prefix[] = "\"backbone.";

	must_inspect(support_path("golden/mamba1-hf-bf16"));
	snprintf(whole, sizeof(whole), "%s", krait_model_fingerprint(model));
	krait_model_free(model);
	for (int i = 7; i >= 0; i--)
		n_header = n_header << 8 | (unsigned char)file[i];
	header = malloc(n_header);
	memset(header, ' ', n_header);
	for (size_t i = 0; i < n_header; i++) {
		header[n_out++] = file[8 + i];
		if (strncmp(file + 8 + i, prefix, strlen(prefix)) == 0)
			i += strlen(prefix) - 1;
	}
	memcpy(file + 8, header, n_header);
	memset(file + 8 + n_out, ' ', n_header - n_out);
	support_write(support_join(folder, "model.safetensors"), file, n);
	config = support_read("golden/mamba1-hf-bf16/config.json", &n);
	put(folder, CONFIG, config);
	must_inspect(folder);
	ck_assert_str_eq(krait_model_fingerprint(model), whole);
	krait_model_free(model);
	free(config);
	free(header);
	free(file);
}
END_TEST

/* ---- files of other people ------------------------------------------------------------ */

static const struct {
	const char *folder, *name;
} kinds[] = {
	{ "tokenizer_config", TOKENIZER_CONFIG }, { "generation_config", GENERATION }, { "special_tokens_map", "special_tokens_map.json" },
	{ "chat_template", "chat_template.jinja" },
};

/* Calls `each` with every file of one of the folders; ends the test as skipped where they are not. */
static size_t walk(const char *kind, const char *root, void (*each)(const char *root, const char *kind, const char *file))
{
	char path[600];
	DIR *folder;
	struct dirent *entry;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", root, kind);
	folder = opendir(path);
	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.') {
			each(root, kind, entry->d_name);
			n++;
		}
	closedir(folder);
	return n;
}

static const char *place;       /* the demo model's folder */
static const char *as;          /* the name that a file gets there */

static char *read_companion(const char *root, const char *kind, const char *file)
{
	char path[900];
	size_t n;

	snprintf(path, sizeof(path), "%s/%s/%s", root, kind, file);
	return support_read_path(path, &n);
}

static void open_beside(const char *root, const char *kind, const char *file)
{
	char *text = read_companion(root, kind, file);

	put(place, as, text);
	ck_assert_msg(inspect(place) == KRAIT_OK, "%s: %s", file, krait_model_error(model));
	ck_assert_msg(strstr(krait_model_note(model), "passed over") == NULL, "%s: %s", file, krait_model_note(model));
	ck_assert_ptr_nonnull(strchr(krait_model_info(model), '}'));
	krait_model_free(model);
	free(text);
}

START_TEST(published_companions)
{
	const char *root = support_top("../shared/data/companions");

	place = demo_without_companions();
	as = kinds[_i].name;
	if (walk(kinds[_i].folder, root, open_beside) == 0)
		support_skip("../shared/data/companions is not there");
}
END_TEST

/* A configuration is no companion: it says what the model is. Each is read or refused by name, none for being no JSON. */
static void read_configuration(const char *root, const char *kind, const char *file)
{
	char *text = read_companion(root, kind, file);
	krait_status status;

	put(place, as, text);
	status = inspect(place);
	ck_assert_msg(strstr(krait_model_error(model), "not JSON") == NULL, "%s: %s", file, krait_model_error(model));
	ck_assert_msg(status == KRAIT_OK || krait_model_error(model)[0], "%s", file);
	krait_model_free(model);
	free(text);
}

START_TEST(published_configurations)
{
	place = demo_without_companions();
	as = CONFIG;
	if (walk("config", support_top("../shared/data/companions"), read_configuration) == 0)
		support_skip("../shared/data/companions is not there");
}
END_TEST

/* What lies in the place of a file is named as what it is. */
static void name_it(const char *root, const char *kind, const char *file)
{
	static const char *const names[] = { TOKENIZER_CONFIG, GENERATION, "special_tokens_map.json", CONFIG };
	char *text = read_companion(root, kind, file), *says = strncmp(text, "version https://git-lfs", 23) ? "not JSON" : "git lfs pull";
	const char *end = strrchr(file, '-') + 1;

	place = demo_without_companions();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *told;

		if (strcmp(end, names[i]))
			continue;
		put(place, end, text);
		told = inspect(place) == KRAIT_OK ? krait_model_note(model) : krait_model_error(model);
		ck_assert_msg(strstr(told, says) && strstr(told, end), "%s: '%s'", file, told);
		krait_model_free(model);
	}
	free(text);
}

START_TEST(files_that_are_something_else)
{
	if (walk("not_json", support_top("../shared/data/companions"), name_it) == 0)
		support_skip("../shared/data/companions is not there");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("companions");
	TCase *tcase = tcase_create("companions");

	tcase_add_loop_test(tcase, settings, 0, sizeof(generations) / sizeof(*generations));
	tcase_add_test(tcase, suppressed_tokens);
	tcase_add_test(tcase, stop_strings);
	tcase_add_test(tcase, lists_without_end);
	tcase_add_test(tcase, lists_with_limits);
	tcase_add_test(tcase, ids_name_special_tokens);
	tcase_add_test(tcase, ids_that_differ_are_told);
	tcase_add_test(tcase, what_a_path_means);
	tcase_add_test(tcase, a_backbone_by_itself);
	tcase_add_loop_test(tcase, published_companions, 0, sizeof(kinds) / sizeof(*kinds));
	tcase_add_test(tcase, published_configurations);
	tcase_add_test(tcase, files_that_are_something_else);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
