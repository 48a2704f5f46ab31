/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory.c - every allocation fails once: an error, no leak, and nothing changed. */
#include "support.h"
#include "faults.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS 2000      /* so many are failed one by one, then every 97th */

/* ---- opening ------------------------------------------------------------------------ */

static krait_status open_model(const char *path, const char **text)
{
	krait_model *model;
	krait_status status = krait_model_open(&model, path, NULL);

	*text = status == KRAIT_OK || strlen(krait_model_error(model)) > 5 ? "" : "no text";
	krait_model_free(model);
	return status;
}

static krait_status open_tokenizer(const char *path, const char **text)
{
	krait_tokenizer *tokenizer;
	krait_status status = krait_tokenizer_open(&tokenizer, path);

	*text = status == KRAIT_OK || strlen(krait_tokenizer_error(tokenizer)) > 5 ? "" : "no text";
	krait_tokenizer_free(tokenizer);
	return status;
}

/* Fails one allocation after the other while something is opened and freed again. */
static void fail_opening(krait_status (*open)(const char *, const char **), const char *path, unsigned long all)
{
	bool failed = true;
	const char *text;
	long before;
	int files;

	ck_assert_int_eq(open(path, &text), KRAIT_OK);
	before = faults_live();
	files = faults_open_files();
	for (unsigned long n = 1; failed; n = faults_next(n, all)) {
		krait_status status;

		faults_arm_memory(n);
		status = open(path, &text);
		failed = faults_disarm_memory();
		ck_assert_msg(status == KRAIT_OK || (failed && status == KRAIT_ERROR_MEMORY), "allocation %lu: status %d", n, status);
		ck_assert_msg(*text == 0, "allocation %lu: %s", n, text);
		ck_assert_msg(faults_live() == before, "allocation %lu: %ld blocks leak", n, faults_live() - before);
		ck_assert_int_eq(faults_open_files(), files);
	}
}

START_TEST(test_open_model)
{
	faults_begin();
	fail_opening(open_model, scene_model(_i), STEPS);
}
END_TEST

START_TEST(test_open_shards)
{
	faults_begin();
	fail_opening(open_model, support_path("golden/mamba1-hf-sharded-f32"), STEPS);
}
END_TEST

START_TEST(test_open_tokenizer)
{
	faults_begin();
	fail_opening(open_tokenizer, scene_demo(), support_long() ? STEPS : 200);
}
END_TEST

START_TEST(test_open_demo)
{
	faults_begin();
	fail_opening(open_model, scene_demo(), support_long() ? 400 : 20);
}
END_TEST

/* ---- installed models --------------------------------------------------------------- */

static krait_status open_list(const char *path, const char **text)
{
	krait_installed *list;
	krait_status status = krait_installed_open(&list);
	size_t n_found = 0;

	for (size_t i = 0; i < krait_installed_count(list); i++)
		n_found += !strcmp(krait_installed_name(list, i), path) && krait_installed_whole(list, i) == 1;
	*text = status != KRAIT_OK || n_found == 1 ? "" : "the model is not in the list";
	krait_installed_free(list);
	return status;
}

static void link_golden(const char *folder, const char *name)
{
	char from[512];

	snprintf(from, sizeof(from), "golden/mamba1-hf-bf16/%s", name);
	ck_assert_int_eq(symlink(support_path(from), support_join(folder, name)), 0);
}

/* A hub's cache with one model in it. */
static void make_hub(void)
{
	static const char commit[] = "0123456789abcdef0123456789abcdef01234567";
	static const char *const folders[] = { "models--some--model", "models--some--model/refs", "models--some--model/blobs", "models--some--model/snapshots" };
	const char *hub = support_folder();
	char snapshot[600];
	FILE *file;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		ck_assert_int_eq(mkdir(support_join(hub, folders[i]), 0777), 0);
	snprintf(snapshot, sizeof(snapshot), "%s/%s/%s", hub, folders[3], commit);
	ck_assert_int_eq(mkdir(snapshot, 0777), 0);
	link_golden(snapshot, "config.json");
	link_golden(snapshot, "model.safetensors");
	file = fopen(support_join(hub, "models--some--model/refs/main"), "w");
	ck_assert(file && fputs(commit, file) >= 0 && fclose(file) == 0);
	ck_assert_int_eq(setenv("HF_HUB_CACHE", hub, 1), 0);
}

START_TEST(test_list_installed)
{
	make_hub();
	faults_begin();
	fail_opening(open_list, "some/model", STEPS);
}
END_TEST

START_TEST(test_open_installed)
{
	make_hub();
	faults_begin();
	fail_opening(open_model, "some/model", STEPS);
}
END_TEST

/* ---- one call each ------------------------------------------------------------------ */

static krait_status do_new(struct scene *scene)
{
	krait_session *session;
	krait_status status = krait_session_new(&session, scene->model);

	krait_session_free(session);
	return status;
}

static krait_status do_feed(struct scene *scene) { return krait_session_feed(scene->session, scene_tail, SCENE_TAIL); }

static krait_status do_feed_long(struct scene *scene)
{
	krait_token tokens[300];

	for (int i = 0; i < 300; i++)
		tokens[i] = i % 64;
	return krait_session_feed(scene->session, tokens, 300);
}

static krait_status do_feed_kept(struct scene *scene)
{
	krait_status status = krait_session_set_int(scene->session, KRAIT_KEEP_POSITIONS, 3);

	return status == KRAIT_OK ? krait_session_feed(scene->session, scene_tail, SCENE_TAIL) : status;
}

static krait_status do_score(struct scene *scene)
{
	float scores[SCENE_TAIL];

	return krait_session_score(scene->session, scene_tail, SCENE_TAIL, scores, SCENE_TAIL);
}

static krait_status do_embeddings(struct scene *scene)
{
	size_t width = krait_model_width(scene->model);
	static float embeddings[2 * 256];

	return width <= 256 ? krait_session_feed_embeddings(scene->session, embeddings, 2, width) : KRAIT_OK;
}

static krait_status do_logits(struct scene *scene)
{
	static float logits[4096];

	return krait_session_logits(scene->session, logits, scene->vocab);
}

static krait_status do_next(struct scene *scene)
{
	krait_token token;

	return krait_session_next(scene->session, &token);
}

static krait_status do_snapshot(struct scene *scene)
{
	krait_state *state;
	krait_status status = krait_session_snapshot(&state, scene->session);

	krait_state_free(state);
	return status;
}

static krait_status do_restore(struct scene *scene) { return krait_session_restore(scene->session, scene->state); }
static krait_status do_save(struct scene *scene) { return krait_state_save(scene->state, scene->path); }
static krait_status do_rewind(struct scene *scene) { return krait_session_rewind(scene->session, 3); }
static krait_status do_stop(struct scene *scene) { return krait_session_add_stop(scene->session, 50); }
static krait_status do_stop_text(struct scene *scene) { return krait_session_add_stop_text(scene->session, "the end of it", 13); }
static krait_status do_bias(struct scene *scene) { return krait_session_set_bias(scene->session, 12, 1.5f); }
static krait_status do_note(struct scene *scene) { return krait_session_set_note(scene->session, "a note", 6); }

static krait_status do_load(struct scene *scene)
{
	krait_state *state;
	krait_status status = krait_state_load(&state, scene->model, scene->path);

	krait_state_free(state);
	return status;
}

static krait_status do_write_read(struct scene *scene)
{
	size_t size = krait_state_size(scene->state);
	char *data = malloc(size);
	krait_state *state = NULL;
	krait_status status = data ? krait_state_write(scene->state, data, size) : KRAIT_ERROR_MEMORY;

	if (status == KRAIT_OK)
		status = krait_state_read(&state, scene->model, data, size);
	krait_state_free(state);
	free(data);
	return status;
}

static krait_status do_fork(struct scene *scene)
{
	krait_session *other;
	krait_status status = krait_session_fork(&other, scene->session);

	krait_session_free(other);
	return status;
}

static krait_status do_sampler(struct scene *scene)
{
	krait_sampler *sampler;
	krait_status status = krait_sampler_new(&sampler);

	if (status == KRAIT_OK)
		status = krait_sampler_set_float(sampler, KRAIT_SAMPLE_TEMPERATURE, 0.5);
	if (status == KRAIT_OK)
		status = krait_sampler_set_bias(sampler, 3, 0.5f);
	if (status == KRAIT_OK)
		status = krait_session_set_sampler(scene->session, sampler);
	krait_sampler_free(sampler);
	return status;
}

static krait_status do_batch(struct scene *scene)
{
	krait_batch *batch;
	krait_session *other = NULL;
	krait_status status = krait_batch_new(&batch, scene->model);

	if (status == KRAIT_OK)
		status = krait_session_new(&other, scene->model);
	if (status == KRAIT_OK)
		status = krait_batch_add(batch, other, scene_base, SCENE_BASE);
	if (status == KRAIT_OK)
		status = krait_batch_add(batch, scene->session, scene_tail, SCENE_TAIL);
	if (status == KRAIT_OK)
		status = krait_batch_run(batch);
	krait_batch_free(batch);
	krait_session_free(other);
	return status;
}

/* A mean, so that there are sums too; what was asked for stays as it was unless all went well. */
static krait_status do_embed(struct scene *scene)
{
	static const krait_token tokens[] = { 1, 2, 3, 4, 5 };
	static const size_t lengths[] = { 2, 3 };
	float out[512] = { 0 };
	krait_batch *batch;
	krait_status status = krait_batch_new(&batch, scene->model);

	if (status == KRAIT_OK)
		status = krait_batch_embed(batch, tokens, 5, lengths, 2, KRAIT_POOL_MEAN, out, 512);
	for (size_t i = 0; i < 512 && status != KRAIT_OK; i++)
		ck_assert(out[i] == 0);
	krait_batch_free(batch);
	return status;
}

static const struct { const char *name; krait_status (*run)(struct scene *); } operations[] = {
	{ "new", do_new }, { "feed", do_feed }, { "long feed", do_feed_long }, { "feed with kept positions", do_feed_kept }, { "score", do_score },
	{ "embeddings", do_embeddings }, { "logits", do_logits }, { "next", do_next }, { "snapshot", do_snapshot }, { "restore", do_restore },
	{ "save", do_save }, { "load", do_load }, { "write and read", do_write_read }, { "fork", do_fork }, { "rewind", do_rewind },
	{ "stop", do_stop }, { "stop text", do_stop_text }, { "bias", do_bias }, { "note", do_note }, { "sampler", do_sampler }, { "batch", do_batch },
	{ "embed", do_embed },
};
#define N_OPERATIONS (int)(sizeof(operations) / sizeof(operations[0]))

/* One try; returns whether the allocation was reached. */
static bool try_operation(struct scene *scene, int which, unsigned long n)
{
	char after[100];
	krait_status status;
	bool failed;

	snprintf(after, sizeof(after), "%s, allocation %lu", operations[which].name, n);
	scene_start_session(scene);
	faults_arm_memory(n);
	status = operations[which].run(scene);
	failed = faults_disarm_memory();
	ck_assert_msg(status >= 0 || (failed && status == KRAIT_ERROR_MEMORY), "%s: status %d: %s", after, status, krait_session_error(scene->session));
	if (status < 0)
		scene_check_usable(scene, after);
	scene_stop_session(scene);
	return failed;
}

START_TEST(test_operation)
{
	struct scene scene;
	bool failed = true;
	long before;

	faults_begin();
	scene_begin(&scene, scene_model(_i / N_OPERATIONS));
	ck_assert_int_eq(do_save(&scene), KRAIT_OK);
	ck_assert(!try_operation(&scene, _i % N_OPERATIONS, 1u << 30));
	before = faults_live();
	for (unsigned long n = 1; failed; n = faults_next(n, STEPS)) {
		failed = try_operation(&scene, _i % N_OPERATIONS, n);
		ck_assert_msg(faults_live() == before, "%s, allocation %lu: %ld blocks leak", operations[_i % N_OPERATIONS].name, n, faults_live() - before);
		ck_assert_int_eq(faults_count_files(scene.folder), 1);
	}
	scene_end(&scene);
}
END_TEST

/* ---- text and chat ------------------------------------------------------------------ */

static krait_status run_text(krait_model *model)
{
	krait_session *session;
	krait_token token;
	krait_status status = krait_session_new(&session, model);

	if (status == KRAIT_OK)
		status = krait_session_feed_text(session, "Once upon a time");
	for (int i = 0; i < 3 && status == KRAIT_OK; i++)
		status = krait_session_next(session, &token);
	krait_session_free(session);
	return status;
}

static krait_status run_chat(krait_model *model)
{
	static const char template[] = "{% for m in messages %}{{ m['role'] + ': ' + m.content }}\n{% endfor %}{% if add_generation_prompt %}{{ 'answer:' }}{% endif %}";
	krait_chat *chat;
	krait_token tokens[64];
	size_t n;
	krait_status status = krait_chat_new(&chat, model);

	if (status == KRAIT_OK)
		status = krait_chat_set_template(chat, template);
	if (status == KRAIT_OK)
		status = krait_chat_add(chat, "user", "a short question");
	if (status == KRAIT_OK)
		status = krait_chat_add_json(chat, "{\"role\":\"user\",\"content\":\"x\"}", 29);
	if (status == KRAIT_OK)
		status = krait_chat_encode(chat, 1, tokens, 64, &n);
	krait_chat_free(chat);
	return status;
}

START_TEST(test_text)
{
	krait_status (*const run)(krait_model *) = _i ? run_chat : run_text;
	krait_model *model;
	bool failed = true;
	long before;

	faults_begin();
	model = scene_open(scene_demo());
	ck_assert_int_ge(run(model), 0);
	before = faults_live();
	for (unsigned long n = 1; failed; n = faults_next(n, support_long() || _i ? STEPS : 100)) {
		krait_status status;

		faults_arm_memory(n);
		status = run(model);
		failed = faults_disarm_memory();
		ck_assert_msg(status >= 0 || (failed && status == KRAIT_ERROR_MEMORY), "allocation %lu: status %d", n, status);
		ck_assert_msg(faults_live() == before, "allocation %lu: %ld blocks leak", n, faults_live() - before);
	}
	krait_model_free(model);
}
END_TEST

/* A token for whose text there is no memory leaves the decoder, and the text of the token before, as they were. */
START_TEST(test_decoder)
{
	krait_tokenizer *tokenizer;
	krait_decoder *decoder;
	krait_token longest = 0, a;
	size_t n, n_longest = 0;

	faults_begin();
	ck_assert_int_eq(krait_tokenizer_open(&tokenizer, support_path("tokenizer/llama3")), KRAIT_OK);
	a = krait_tokenizer_find(tokenizer, "a", 1);
	for (krait_token token = 0; token < (krait_token)krait_tokenizer_size(tokenizer); token++)
		if (krait_tokenizer_decode(tokenizer, &token, 1, 0, NULL, 0, &n) != KRAIT_ERROR_ARGUMENT && n > n_longest) {
			n_longest = n;
			longest = token;
		}
	ck_assert_uint_ge(n_longest, 18);       /* more than there is room for from the first token on */
	ck_assert_int_eq(krait_decoder_new(&decoder, tokenizer), KRAIT_OK);
	ck_assert_int_eq(krait_decoder_push(decoder, a), KRAIT_OK);
	faults_arm_memory(1);
	ck_assert_int_eq(krait_decoder_push(decoder, longest), KRAIT_ERROR_MEMORY);
	ck_assert(faults_disarm_memory());
	ck_assert_str_eq(krait_decoder_piece(decoder), "a");
	ck_assert_uint_eq(krait_decoder_piece_size(decoder), 1);
	ck_assert_int_eq(krait_decoder_push(decoder, longest), KRAIT_OK);
	ck_assert_uint_eq(krait_decoder_piece_size(decoder), n_longest);
	krait_decoder_free(decoder);
	krait_tokenizer_free(tokenizer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("allocations that fail");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, test_open_model, 0, SCENE_MODELS);
	tcase_add_test(tests, test_open_shards);
	tcase_add_test(tests, test_list_installed);
	tcase_add_test(tests, test_open_installed);
	tcase_add_test(tests, test_open_tokenizer);
	tcase_add_test(tests, test_open_demo);
	tcase_add_loop_test(tests, test_operation, 0, SCENE_MODELS * N_OPERATIONS);
	tcase_add_loop_test(tests, test_text, 0, 2);
	tcase_add_test(tests, test_decoder);
	tcase_set_timeout(tests, 600);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
