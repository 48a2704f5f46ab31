/* SPDX-License-Identifier: Apache-2.0 */
/* test_heads.c - when a head that is in the file is the embedding once more, and when it is another one. */
#include "krait.h"
#include "base/dtype.h"
#include "support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASE "golden/mamba2-groups-f32/"
#define ROWS 97
#define WIDTH 36
#define COUNT (ROWS * WIDTH)            /* the embedding, and the head */

static krait_model *model;

/* A checkpoint in memory: an untied model in f32, whose head and embedding can be written on. */
struct folder {
	const char *path;
	char *file, *head, *embedding;
	size_t n;
};

static char *tensor_in(char *file, const char *name)
{
	uint64_t n_header, begin;
	char *at = strstr(file + 8, name);

	memcpy(&n_header, file, 8);
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "\"data_offsets\":[");
	ck_assert_ptr_nonnull(at);
	begin = strtoull(at + 16, NULL, 10);
	return file + 8 + n_header + begin;
}

static struct folder make_folder(bool tied)
{
	struct folder folder = { .path = support_folder() };
	char text[4000], *config, *at;
	static const char untied[] = "\"tie_word_embeddings\": false";
	size_t n;

	folder.file = support_read(CASE "model.safetensors", &folder.n);
	folder.head = tensor_in(folder.file, "\"lm_head.weight\"");
	folder.embedding = tensor_in(folder.file, "\"backbone.embeddings.weight\"");
	config = support_read(CASE "config.json", &n);
	at = strstr(config, untied);
	ck_assert_ptr_nonnull(at);
	n = (size_t)snprintf(text, sizeof(text), "%.*s\"tie_word_embeddings\": %s%s", (int)(at - config), config, tied ? "true" : "false",
		at + strlen(untied));
	ck_assert_uint_lt(n, sizeof(text));
	support_write(support_join(folder.path, "config.json"), text, n);
	free(config);
	return folder;
}

/* Whether the model has one matrix for both. */
static bool opens_tied(const struct folder *folder)
{
	krait_status status;
	json_t *info;
	bool tied;

	support_write(support_join(folder->path, "model.safetensors"), folder->file, folder->n);
	status = krait_model_open(&model, folder->path, NULL);
	ck_assert_msg(status == KRAIT_OK, "%s", krait_model_error(model));
	info = json_loads(krait_model_info(model), 0, NULL);
	tied = json_is_true(json_object_get(info, "tied_head"));
	ck_assert_uint_eq(krait_model_vocab_size(model), ROWS);
	json_decref(info);
	return tied;
}

static void logits_of_a_token(float out[ROWS])
{
	krait_session *session;

	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(session, &(krait_token){ 11 }, 1), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(session, out, ROWS), KRAIT_OK);
	krait_session_free(session);
}

/* The same numbers twice are kept once, whatever the configuration says: the model computes the same. */
START_TEST(equal_matrices_are_one)
{
	struct folder folder = make_folder(_i);
	size_t n_apart, n_one;
	float apart[ROWS], one[ROWS];
	char fingerprint[33];

	ck_assert(!opens_tied(&folder));
	n_apart = krait_model_n_parameters(model);
	krait_model_free(model);
	memcpy(folder.head, folder.embedding, COUNT * sizeof(float));
	ck_assert(opens_tied(&folder));
	ck_assert_ptr_null(strstr(krait_model_note(model), "lm_head"));
	n_one = krait_model_n_parameters(model);
	ck_assert_uint_eq(n_one, n_apart - COUNT);
	snprintf(fingerprint, sizeof(fingerprint), "%s", krait_model_fingerprint(model));
	logits_of_a_token(one);
	krait_model_free(model);
	/* One number in the last row makes them two again; every other logit stays as it was. */
	folder.head[COUNT * sizeof(float) - 1] ^= 1;
	ck_assert(!opens_tied(&folder));
	ck_assert_str_ne(krait_model_fingerprint(model), fingerprint);
	logits_of_a_token(apart);
	ck_assert_mem_eq(apart, one, (ROWS - 1) * sizeof(float));
	krait_model_free(model);
	free(folder.file);
}
END_TEST

/* Most of two matrices is looked at only where a sample of them is equal: the rest counts all the same. The sample is
 * 4 runs of 256 elements, from 0, 1078, 2156 and 3234. */
START_TEST(a_difference_outside_of_the_sample)
{
	static const size_t places[] = { 256, 600, 1077, 1334, 2000, 2155, 2412, 3233 };
	size_t place = places[_i % 8];
	struct folder folder = make_folder(_i / 8);
	float before[ROWS], after[ROWS];
	char *at = folder.head + place * sizeof(float);

	memcpy(folder.head, folder.embedding, COUNT * sizeof(float));
	ck_assert(opens_tied(&folder));
	logits_of_a_token(before);
	krait_model_free(model);
	memcpy(at, &(float){ 3 }, sizeof(float));
	ck_assert_msg(!opens_tied(&folder), "element %zu differs", place);
	if (_i / 8)
		ck_assert_ptr_nonnull(strstr(krait_model_note(model), "'lm_head.weight' differs: used as stored"));
	logits_of_a_token(after);
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_msg((before[i] == after[i]) == (i != place / WIDTH), "logit %zu", i);
	krait_model_free(model);
	free(folder.file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heads");
	TCase *tcase = tcase_create("heads");

	tcase_add_loop_test(tcase, equal_matrices_are_one, 0, 2);
	tcase_add_loop_test(tcase, a_difference_outside_of_the_sample, 0, 16);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
