/* SPDX-License-Identifier: Apache-2.0 */
/* test_open.c - krait_model_open from end to end: layouts, options, names, companions, errors. */
#include "base/memory.h"
#include "krait_experimental.h"
#include "model/special_tokens.h"
#include "model/weights.h"
#include "support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static krait_model *model;

static const char *const goldens[] = {
	"mamba1-bin-f16", "mamba1-hf-bf16", "mamba1-hf-sharded-f32", "mamba1-layernorm-f32", "mamba2-bin-bf16", "mamba2-dssm-f32",
	"mamba2-groups-f32", "mamba2-hf-f32", "mamba2-nonorm-f32",
};
#define N_GOLDENS 9

static const char *golden(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "golden/%s", name);
	return support_path(path);
}

static krait_status open_with(const char *path, int option, const char *text, int64_t number)
{
	krait_options *options;
	krait_status status;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(text ? krait_options_set_text(options, option, text) : krait_options_set_int(options, option, number), KRAIT_OK);
	status = krait_model_open(&model, path, options);
	krait_options_free(options);
	return status;
}

static void must_open(const char *path)
{
	krait_status status = krait_model_open(&model, path, NULL);

	ck_assert_msg(status == KRAIT_OK, "%s: %s", path, krait_model_error(model));
}

static void must_fail(const char *path, krait_status wanted, const char *says)
{
	krait_status status = krait_model_open(&model, path, NULL);

	ck_assert_msg(status == wanted, "%s: %d, %s", path, status, krait_model_error(model));
	ck_assert_msg(strstr(krait_model_error(model), says), "'%s' is not in '%s'", says, krait_model_error(model));
	ck_assert_uint_eq(krait_model_width(model), 0);
	ck_assert_str_eq(krait_model_info(model), "{}");
	ck_assert_ptr_null(krait_model_tokenizer(model));
	krait_model_free(model);
}

/* ---- folders made here -------------------------------------------------------------- */

static void put(const char *folder, const char *name, const char *text)
{
	support_write(support_join(folder, name), text, strlen(text));
}

static void copy(const char *folder, const char *from, const char *name)
{
	char path[160], *data;
	size_t n;

	snprintf(path, sizeof(path), "golden/%s/%s", from, name);
	data = support_read(path, &n);
	support_write(support_join(folder, name), data, n);
	free(data);
}

static const char *copy_of(const char *name)
{
	static const char *const files[] = { "config.json", "pytorch_model.bin", "model.safetensors" };
	const char *folder = support_folder();
	char path[160];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "golden/%s/%s", name, files[i]);
		if (access(support_path(path), R_OK) == 0)
			copy(folder, name, files[i]);
	}
	return folder;
}

/* The tensors of a checkpoint as one .safetensors; `shift` spoils the alignment of the data. */
static void write_safetensors(const char *path, const struct checkpoint *checkpoint, size_t shift, bool skip_head)
{
	struct buffer { char *data; size_t n; } header = { calloc(1, 1 << 16), 0 }, body = { calloc(1, 1 << 20), 0 };
	uint64_t n_header;

	header.n = (size_t)sprintf(header.data, "{");
	for (size_t i = 0; i < checkpoint->n_weights; i++) {
		const struct weight *weight = &checkpoint->weights[i];
		uint64_t count = 1;

		if (skip_head && !strcmp(weight->name, "lm_head.weight"))
			continue;
		header.n += (size_t)sprintf(header.data + header.n, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", header.n > 1 ? "," : "", weight->name,
			weight->type == DTYPE_F32 ? "F32" : weight->type == DTYPE_F16 ? "F16" : "BF16");
		for (uint32_t axis = 0; axis < weight->rank; axis++) {
			header.n += (size_t)sprintf(header.data + header.n, "%s%u", axis ? "," : "", (unsigned)weight->shape[axis]);
			count *= weight->shape[axis];
		}
		krait__weight_gather(body.data + body.n, weight, 0, count);
		header.n += (size_t)sprintf(header.data + header.n, "],\"data_offsets\":[%zu,%zu]}", body.n, body.n + count * krait__dtype_size(weight->type));
		body.n += count * krait__dtype_size(weight->type);
	}
	header.n += (size_t)sprintf(header.data + header.n, "}");
	while ((header.n + 8) % 8 != shift % 8)
		header.data[header.n++] = ' ';
	n_header = header.n;
	header.data = realloc(header.data, header.n + body.n + 8);
	memmove(header.data + 8, header.data, header.n);
	memcpy(header.data, &n_header, 8);
	memcpy(header.data + 8 + header.n, body.data, body.n);
	support_write(path, header.data, 8 + header.n + body.n);
	free(header.data);
	free(body.data);
}

/* ---- tests -------------------------------------------------------------------------- */

START_TEST(every_golden_checkpoint_opens)
{
	json_t *info;

	must_open(golden(goldens[_i]));
	ck_assert_str_eq(krait_model_error(model), "");
	ck_assert_str_eq(krait_model_family(model), strncmp(goldens[_i], "mamba2", 6) ? "mamba" : "mamba2");
	ck_assert_str_eq(krait_model_device(model), "cpu");
	ck_assert_uint_eq(strlen(krait_model_fingerprint(model)), 32);
	ck_assert_uint_gt(krait_model_state_size(model), 0);
	ck_assert_uint_gt(krait_model_memory(model, 3), krait_model_memory(model, 2));
	ck_assert_uint_eq(krait_model_memory(model, 3) - krait_model_memory(model, 2), krait_model_memory(model, 1) - krait_model_memory(model, 0));
	info = json_loads(krait_model_info(model), 0, NULL);
	ck_assert_ptr_nonnull(info);
	ck_assert_int_eq(json_integer_value(json_object_get(info, "d_model")), (json_int_t)krait_model_width(model));
	ck_assert_int_eq(json_integer_value(json_object_get(info, "vocab_size")), (json_int_t)krait_model_vocab_size(model));
	ck_assert_int_eq(json_integer_value(json_object_get(info, "n_layers")), (json_int_t)krait_model_n_layers(model));
	ck_assert_int_eq(json_integer_value(json_object_get(info, "memory_bytes")), (json_int_t)krait_model_memory(model, 1));
	ck_assert_int_eq(json_integer_value(json_object_get(info, "state_bytes")), (json_int_t)krait_model_state_size(model));
	ck_assert_str_eq(json_string_value(json_object_get(info, "fingerprint")), krait_model_fingerprint(model));
	ck_assert_str_eq(json_string_value(json_object_get(info, "weights")), strrchr(goldens[_i], '-') + 1);
	ck_assert(json_is_null(json_object_get(info, "tokenizer")) && json_is_null(json_object_get(info, "chat_template")));
	json_decref(info);
	krait_model_free(model);
}
END_TEST

/* 36 x 96 + 3 x (36 + 144 x 36 + 72 x 4 + 72 + 35 x 72 + 72 x 3 + 72 + 72 x 16 + 72 + 36 x 72) + 36 */
START_TEST(a_tied_head_counts_once)
{
	must_open(golden("mamba1-bin-f16"));
	ck_assert_uint_eq(krait_model_n_parameters(model), 40104);
	krait_model_free(model);
}
END_TEST

START_TEST(fingerprints_are_of_the_weights_alone)
{
	static const char *const types[] = { "f32", "bf16", "f16" };
	struct checkpoint checkpoint;
	const char *folder = support_folder();
	char first[33], path[64];
	struct why why;

	must_open(golden(goldens[_i]));
	snprintf(first, sizeof(first), "%s", krait_model_fingerprint(model));
	krait_model_free(model);
	snprintf(path, sizeof(path), "%s", goldens[_i]);
	ck_assert_int_eq(krait__checkpoint_open(&checkpoint, golden(goldens[_i]), true, &why), KRAIT_OK);
	copy(folder, goldens[_i], "config.json");
	for (size_t shift = 0; shift < 2; shift++) {
		/* The other format, with and without the tied head, aligned and not. */
		write_safetensors(support_join(folder, "model.safetensors"), &checkpoint, shift, shift && !strstr(goldens[_i], "dssm") && !strstr(goldens[_i], "groups") && !strstr(goldens[_i], "nonorm"));
		must_open(folder);
		ck_assert_str_eq(krait_model_fingerprint(model), first);
		krait_model_free(model);
	}
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(open_with(golden(goldens[_i]), KRAIT_OPTION_WEIGHTS, types[i], 0), KRAIT_OK);
		ck_assert_str_eq(krait_model_fingerprint(model), first);
		ck_assert_ptr_nonnull(strstr(krait_model_info(model), "\"weights\":\""));
		krait_model_free(model);
	}
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(fingerprints_differ)
{
	char all[N_GOLDENS][33];

	for (size_t i = 0; i < N_GOLDENS; i++) {
		must_open(golden(goldens[i]));
		snprintf(all[i], 33, "%s", krait_model_fingerprint(model));
		krait_model_free(model);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(all[i], all[j]);
	}
}
END_TEST

/* What changes arithmetic makes another model; a state that carries the fingerprint of the weights alone is still known. */
START_TEST(arithmetic_changes_the_fingerprint)
{
	static const char *const changes[][3] = {
		{ "mamba2-hf-f32", "\"layer_norm_epsilon\": 1e-05", "\"layer_norm_epsilon\": 0.001" },
		{ "mamba2-hf-f32", "\"time_step_limit\": [\n    0.0,", "\"time_step_limit\": [\n    0.01," },
		{ "mamba2-groups-f32", "\"n_groups\": 3", "\"n_groups\": 1" },
	};
	const char *folder = copy_of(changes[_i][0]);
	unsigned char weights[16];
	char *config, text[4000], first[33], *at;
	size_t n;
	bool old;

	must_open(folder);
	snprintf(first, sizeof(first), "%s", krait_model_fingerprint(model));
	memcpy(weights, model->weights_fingerprint, 16);
	ck_assert(krait__model_accepts_fingerprint(model, model->fingerprint, &old) && !old);
	krait_model_free(model);
	config = support_read_path(support_join(folder, "config.json"), &n);
	at = strstr(config, changes[_i][1]);
	ck_assert_ptr_nonnull(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - config), config, changes[_i][2], at + strlen(changes[_i][1]));
	put(folder, "config.json", text);
	free(config);
	must_open(folder);
	ck_assert_str_ne(krait_model_fingerprint(model), first);
	ck_assert_mem_eq(model->weights_fingerprint, weights, 16);
	ck_assert(krait__model_accepts_fingerprint(model, weights, &old));
	weights[3] ^= 1;
	ck_assert(!krait__model_accepts_fingerprint(model, weights, &old));
	krait_model_free(model);
}
END_TEST

/* One bit of one weight. */
START_TEST(a_changed_weight_changes_the_fingerprint)
{
	const char *folder = copy_of("mamba2-hf-f32");
	char first[33], *data;
	size_t n;

	must_open(folder);
	snprintf(first, sizeof(first), "%s", krait_model_fingerprint(model));
	krait_model_free(model);
	data = support_read_path(support_join(folder, "model.safetensors"), &n);
	data[n - 4] ^= 1;
	support_write(support_join(folder, "model.safetensors"), data, n);
	free(data);
	must_open(folder);
	ck_assert_str_ne(krait_model_fingerprint(model), first);
	krait_model_free(model);
}
END_TEST

/* Values of the plan against the stored ones, through the conversion and back. */
START_TEST(conversions_keep_values)
{
	static const struct { const char *option; enum dtype type; double within; } types[] = {
		{ "f32", DTYPE_F32, 0 }, { "f16", DTYPE_F16, 0x1p-11 }, { "bf16", DTYPE_BF16, 0x1p-8 },
	};
	struct krait_model *stored, *converted;
	float a[1024], b[1024];

	must_open(golden("mamba1-hf-sharded-f32"));
	stored = model;
	for (size_t i = 0; i < 3; i++)
		for (int64_t map = 0; map < 2; map++) {
			krait_options *options;

			ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
			krait_options_set_text(options, KRAIT_OPTION_WEIGHTS, types[i].option);
			krait_options_set_int(options, KRAIT_OPTION_MAP, map);
			ck_assert_int_eq(krait_model_open(&converted, golden("mamba1-hf-sharded-f32"), options), KRAIT_OK);
			krait_options_free(options);
			for (uint32_t t = 0; t < stored->plan.n_tensors; t++) {
				const struct tensor *from = &stored->plan.tensors[t], *to = &converted->plan.tensors[t];
				size_t n = (size_t)(from->shape[0] * (from->rank > 1 ? from->shape[1] : 1));
				bool matrix = strstr(from->name, "proj.weight") || strstr(from->name, "embedding");

				ck_assert_int_eq(to->type, matrix ? types[i].type : DTYPE_F32);
				n = n < 1024 ? n : 1024;
				krait__widen(a, from->data, from->type, n);
				krait__widen(b, to->data, to->type, n);
				for (size_t k = 0; k < n; k++)
					ck_assert_msg(fabs((double)a[k] - (double)b[k]) <= (matrix ? types[i].within * fabs((double)a[k]) + 1e-7 : 0), "%s[%zu]: %g, %g", from->name, k, (double)a[k], (double)b[k]);
			}
			krait_model_free(converted);
		}
	krait_model_free(stored);
}
END_TEST

START_TEST(weights_as_stored_are_not_copied)
{
	must_open(golden("mamba2-bin-bf16"));
	ck_assert_uint_eq(model->n_owned, 0);
	krait_model_free(model);
	/* Data that is not aligned to its elements has to be. */
	{
		struct checkpoint checkpoint;
		struct why why;
		const char *folder = copy_of("mamba2-bin-bf16");

		ck_assert_int_eq(krait__checkpoint_open(&checkpoint, golden("mamba2-bin-bf16"), true, &why), KRAIT_OK);
		write_safetensors(support_join(folder, "model.safetensors"), &checkpoint, 1, false);
		krait__checkpoint_close(&checkpoint);
		must_open(folder);
		ck_assert_uint_eq(model->n_owned, model->plan.n_tensors);
		for (uint32_t i = 0; i < model->plan.n_tensors; i++)
			ck_assert_uint_eq((uintptr_t)model->plan.tensors[i].data % krait__dtype_size(model->plan.tensors[i].type), 0);
		krait_model_free(model);
	}
}
END_TEST

/* A transposed view of a storage is read as what it shows. */
START_TEST(strided_weights_are_gathered)
{
	float storage[6] = { 1, 2, 3, 4, 5, 6 }, out[6];
	struct weight weight = { .name = NULL, .type = DTYPE_F32, .rank = 2, .shape = { 3, 2 }, .stride = { 1, 3 }, .data = (unsigned char *)storage, .span = sizeof(storage) };
	static const float wanted[] = { 1, 4, 2, 5, 3, 6 };

	krait__weight_gather(out, &weight, 0, 6);
	ck_assert_mem_eq(out, wanted, sizeof(wanted));
	memset(out, 0, sizeof(out));
	krait__weight_gather(out, &weight, 3, 2);
	ck_assert_mem_eq(out, wanted + 3, 2 * sizeof(float));
}
END_TEST

START_TEST(inspecting_reads_no_weights)
{
	uint64_t memory;
	krait_session *session;
	krait_batch *batch;

	must_open(golden(goldens[_i]));
	memory = krait_model_memory(model, 2);
	krait_model_free(model);
	ck_assert_int_eq(open_with(golden(goldens[_i]), KRAIT_OPTION_INSPECT, NULL, 1), KRAIT_OK);
	ck_assert_ptr_null(model->emodel);
	ck_assert_ptr_null(model->plan.tensors[0].data);
	ck_assert_uint_eq(krait_model_memory(model, 2), memory);
	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(krait_batch_error(batch), "KRAIT_OPTION_INSPECT"));
	ck_assert_int_eq(krait_batch_add(batch, session, NULL, 0), KRAIT_ERROR_UNSUPPORTED);
	krait_batch_free(batch);
	krait_session_free(session);
	krait_model_free(model);
}
END_TEST

START_TEST(reading_in_place_of_mapping)
{
	ck_assert_int_eq(open_with(golden(goldens[_i]), KRAIT_OPTION_MAP, NULL, 0), KRAIT_OK);
	for (size_t i = 0; i < model->checkpoint.n_files; i++)
		ck_assert(!model->checkpoint.files[i].mapped);
	krait_model_free(model);
}
END_TEST

START_TEST(a_weight_file_opens_by_itself)
{
	must_open(support_path("golden/mamba2-bin-bf16/pytorch_model.bin"));
	krait_model_free(model);
	must_open(support_path("golden/mamba2-hf-f32/model.safetensors"));
	krait_model_free(model);
}
END_TEST

START_TEST(devices)
{
	ck_assert_int_eq(open_with(golden("mamba1-bin-f16"), KRAIT_OPTION_DEVICE, "cuda", 0), KRAIT_ERROR_DEVICE);
	ck_assert_ptr_nonnull(strstr(krait_model_error(model), "CUDA"));
	krait_model_free(model);
	ck_assert_int_eq(open_with(golden("mamba1-bin-f16"), KRAIT_OPTION_DEVICE, "cuda:1", 0), KRAIT_ERROR_DEVICE);
	krait_model_free(model);
	ck_assert_int_eq(open_with(golden("mamba1-bin-f16"), KRAIT_OPTION_DEVICE, "cpu", 0), KRAIT_OK);
	krait_model_free(model);
	ck_assert_int_eq(open_with(golden("mamba1-bin-f16"), KRAIT_OPTION_DEVICE, "auto", 0), KRAIT_OK);
	krait_model_free(model);
}
END_TEST

static struct { uint64_t calls, done, total, stop_at; } seen;

static int watch(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	ck_assert_uint_le(done, total);
	ck_assert_uint_ge(done, seen.done);
	seen.calls++;
	seen.done = done;
	seen.total = total;
	return seen.calls == seen.stop_at;
}

START_TEST(progress_reaches_the_end_or_cancels)
{
	krait_options *options;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	krait_options_set_progress(options, watch, NULL);
	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(krait_model_open(&model, golden("mamba1-bin-f16"), options), KRAIT_OK);
	ck_assert_uint_ge(seen.calls, 2);
	ck_assert_uint_eq(seen.done, seen.total);
	ck_assert_uint_gt(seen.total, 0);
	krait_model_free(model);
	for (uint64_t stop = 1; stop <= 2; stop++) {
		memset(&seen, 0, sizeof(seen));
		seen.stop_at = stop;
		ck_assert_int_eq(krait_model_open(&model, golden("mamba1-bin-f16"), options), KRAIT_CANCELLED);
		ck_assert_uint_gt(strlen(krait_model_error(model)), 0);
		krait_model_free(model);
	}
	krait_options_free(options);
}
END_TEST

/* ---- companions --------------------------------------------------------------------- */

static void expect_stops(const krait_token *stops, size_t n)
{
	ck_assert_uint_eq(model->generation.n_stops, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(model->generation.stops[i], stops[i]);
}

static void expect_special(const char *name, const char *text)
{
	const struct special_token *token = krait__special_find(model, name);

	ck_assert_msg(!text == !token, "%s", name);
	if (text)
		ck_assert_str_eq(token->text, text);
}

static void expect_note(const char *folder, const char *says)
{
	must_open(folder);
	ck_assert_msg(strstr(krait_model_note(model), says) != NULL, "no '%s' in '%s'", says, krait_model_note(model));
	krait_model_free(model);
}

START_TEST(stops_come_from_the_nearest_file)
{
	const char *folder = copy_of("mamba1-hf-bf16"), *original = copy_of("mamba1-bin-f16");
	char *config;
	size_t n;

	must_open(folder);      /* config.json says 0 */
	expect_stops((krait_token[]){ 0 }, 1);
	krait_model_free(model);
	put(folder, "generation_config.json", "{\"eos_token_id\": [11, 10, 11]}");
	must_open(folder);
	expect_stops((krait_token[]){ 11, 10 }, 2);
	krait_model_free(model);
	put(folder, "generation_config.json", "{\"eos_token_id\": 7, \"temperature\": 0.5}");
	must_open(folder);
	expect_stops((krait_token[]){ 7 }, 1);
	ck_assert_ptr_nonnull(strstr(krait_model_info(model), "\"temperature\":0.5"));
	krait_model_free(model);
	put(folder, "generation_config.json", "{\"eos_token_id\": [96, -1, 3]}");
	must_open(folder);      /* ids that the model does not have cannot stop it */
	expect_stops((krait_token[]){ 3 }, 1);
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "96"));
	krait_model_free(model);
	put(folder, "generation_config.json", "{\"eos_token_id\": \"x\"}");
	expect_note(folder, "eos_token_id");
	put(folder, "generation_config.json", "[1]");
	expect_note(folder, "generation_config.json");
	/* The original layout's configuration has no such field to believe. */
	config = support_read("golden/mamba1-bin-f16/config.json", &n);
	config[strrchr(config, '}') - config] = ',';
	{
		char longer[600];

		snprintf(longer, sizeof(longer), "%s\"eos_token_id\": 5}", config);
		put(original, "config.json", longer);
	}
	free(config);
	must_open(original);
	expect_stops(NULL, 0);
	krait_model_free(model);
}
END_TEST

START_TEST(templates_and_special_tokens)
{
	const char *folder = copy_of("mamba1-hf-bf16");

	must_open(folder);
	ck_assert_ptr_null(model->chat_template);
	krait_model_free(model);
	put(folder, "special_tokens_map.json", "{\"eos_token\": \"<end>\"}");
	must_open(folder);
	expect_special("eos_token", "<end>");
	krait_model_free(model);
	put(folder, "tokenizer_config.json", "{\"bos_token\": \"<s>\", \"eos_token\": {\"content\": \"</s>\", \"lstrip\": false}, \"pad_token\": null, \"chat_template\": \"plain\"}");
	must_open(folder);
	ck_assert_str_eq(model->chat_template, "plain");
	expect_special("bos_token", "<s>");
	expect_special("eos_token", "<end>");   /* a file without added_tokens_decoder is overruled by the map */
	expect_special("pad_token", NULL);
	krait_model_free(model);
	put(folder, "tokenizer_config.json", "{\"eos_token\": \"</s>\", \"added_tokens_decoder\": {}, \"x_token\": 3, \"extra_special_tokens\": {\"image_token\": \"<i>\"}}");
	must_open(folder);
	expect_special("eos_token", "</s>");
	expect_special("x_token", NULL);
	expect_special("image_token", "<i>");
	krait_model_free(model);
	put(folder, "tokenizer_config.json", "{\"chat_template\": [{\"name\": \"tools\", \"template\": \"t\"}, {\"name\": \"default\", \"template\": \"d\"}]}");
	must_open(folder);
	ck_assert_str_eq(model->chat_template, "d");
	krait_model_free(model);
	put(folder, "chat_template.jinja", "file wins");
	must_open(folder);
	ck_assert_str_eq(model->chat_template, "file wins");
	krait_model_free(model);
	put(folder, "tokenizer_config.json", "{");
	expect_note(folder, "tokenizer_config.json, line 1, column 2: not JSON");
	put(folder, "tokenizer_config.json", "version https://git-lfs.github.com/spec/v1\n");
	put(folder, "chat_template.jinja", "version https://git-lfs.github.com/spec/v1\n");
	expect_note(folder, "tokenizer_config.json: this is a pointer of Git LFS");
	expect_note(folder, "chat_template.jinja: this is a pointer of Git LFS");
	put(folder, "chat_template.jinja", "\xef\xbb\xbfmarked");
	put(folder, "tokenizer_config.json", "\xef\xbb\xbf{\"eos_token\": null, \"model_max_length\": 1000000000000000019884624838656, \"eos_token\": \"e\"}");
	expect_note(folder, "byte order mark");
	must_open(folder);
	ck_assert_str_eq(model->chat_template, "marked");
	krait_model_free(model);
}
END_TEST

/* Each place that a template may stand in, from the one that counts least up. */
START_TEST(places_of_templates)
{
	const char *folder = copy_of("mamba1-hf-bf16");
	static const char *const files[][3] = {
		{ "chat_templates/default.jinja", "folder", "folder" }, { "additional_chat_templates/default.jinja", "more", "more" },
		{ "chat_template.json", "{\"chat_template\": \"json\"}", "json" },
		{ "tokenizer_config.json", "{\"chat_template\": {\"tool_use\": \"t\", \"default\": \"named\"}}", "named" },
		{ "tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"first\"}, {\"name\": \"x\"}, 3, null]}", "first" },
		{ "chat_template.jinja", "beside", "beside" },
	};

	ck_assert_int_eq(mkdir(support_join(folder, "chat_templates"), 0777), 0);
	ck_assert_int_eq(mkdir(support_join(folder, "additional_chat_templates"), 0777), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		put(folder, files[i][0], files[i][1]);
		must_open(folder);
		ck_assert_str_eq(model->chat_template, files[i][2]);
		krait_model_free(model);
	}
}
END_TEST

START_TEST(a_tokenizer_that_was_asked_for_must_be_there)
{
	ck_assert_int_eq(open_with(golden("mamba1-bin-f16"), KRAIT_OPTION_TOKENIZER, "/nonexistent/tokenizer.json", 0), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(krait_model_error(model), "/nonexistent/tokenizer.json"));
	krait_model_free(model);
	must_open(golden("mamba1-bin-f16"));
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "tokenizer.json"));
	krait_model_free(model);
}
END_TEST

/* ---- names and errors --------------------------------------------------------------- */

static void make_folder(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0777), 0);
}

START_TEST(installed_names)
{
	const char *root = support_folder(), *hub = support_folder(), *snapshot;
	char both[600];

	make_folder(support_join(root, "tiny"));
	make_folder(support_join(root, "org"));
	make_folder(support_join(root, "org/tiny"));
	copy(support_join(root, "tiny"), "mamba1-bin-f16", "config.json");
	copy(support_join(root, "tiny"), "mamba1-bin-f16", "pytorch_model.bin");
	copy(support_join(root, "org/tiny"), "mamba2-bin-bf16", "config.json");
	copy(support_join(root, "org/tiny"), "mamba2-bin-bf16", "pytorch_model.bin");
	snprintf(both, sizeof(both), "/nonexistent::%s:", root);
	setenv("KRAIT_MODEL_PATH", both, 1);
	must_open("tiny");
	ck_assert_str_eq(krait_model_family(model), "mamba");
	krait_model_free(model);
	must_open("org/tiny");
	ck_assert_str_eq(krait_model_family(model), "mamba2");
	krait_model_free(model);
	/* The hub's cache: a commit behind refs/main. */
	setenv("HF_HUB_CACHE", hub, 1);
	make_folder(support_join(hub, "models--some--Model"));
	make_folder(support_join(hub, "models--some--Model/refs"));
	make_folder(support_join(hub, "models--some--Model/snapshots"));
	snapshot = support_join(hub, "models--some--Model/snapshots/0123456789abcdef0123456789abcdef01234567");
	make_folder(snapshot);
	copy(snapshot, "mamba1-hf-bf16", "config.json");
	copy(snapshot, "mamba1-hf-bf16", "model.safetensors");
	must_fail("some/Model", KRAIT_ERROR_NOT_FOUND, "some/Model");
	put(hub, "models--some--Model/refs/main", "0123456789abcdef0123456789abcdef01234567\n");
	must_open("some/Model");
	krait_model_free(model);
	put(hub, "models--some--Model/refs/main", "../../../../etc");
	must_fail("some/Model", KRAIT_ERROR_NOT_FOUND, hub);
	unsetenv("HF_HUB_CACHE");
	must_fail("some/Other", KRAIT_ERROR_NOT_FOUND, "KRAIT_MODEL_PATH");
}
END_TEST

START_TEST(names_that_are_none)
{
	static const char *const names[] = { "", "../x", "a/b/c", "/no/such/folder", "./nothing", "a/..", ".hidden", "a//b", "a\\b" };

	must_fail(names[_i], KRAIT_ERROR_NOT_FOUND, _i ? "" : "empty");
}
END_TEST

START_TEST(folders_that_are_no_models)
{
	const char *folder = support_folder();

	must_fail(folder, KRAIT_ERROR_NOT_FOUND, "config.json");
	put(folder, "params.json", "{\"dim\": 128}");
	must_fail(folder, KRAIT_ERROR_UNSUPPORTED, "params.json");
	copy(folder, "mamba1-bin-f16", "config.json");
	must_fail(folder, KRAIT_ERROR_NOT_FOUND, "pytorch_model.bin");
	put(folder, "pytorch_model.bin", "not a zip");
	must_fail(folder, KRAIT_ERROR_FORMAT, "pytorch_model.bin");
	put(folder, "config.json", "{\"model_type\": \"mamba3\"}");
	must_fail(folder, KRAIT_ERROR_UNSUPPORTED, "mamba3");
	ck_assert_int_eq(krait_model_open(&model, NULL, NULL), KRAIT_ERROR_ARGUMENT);
	krait_model_free(model);
}
END_TEST

/* Another family's configuration before these weights. */
START_TEST(configuration_of_another_model)
{
	const char *folder = copy_of("mamba1-bin-f16");

	copy(folder, "mamba2-bin-bf16", "config.json");
	must_fail(folder, KRAIT_ERROR_FORMAT, "mixer.");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("open");
	TCase *tests = tcase_create("open");

	tcase_add_loop_test(tests, every_golden_checkpoint_opens, 0, N_GOLDENS);
	tcase_add_test(tests, a_tied_head_counts_once);
	tcase_add_loop_test(tests, fingerprints_are_of_the_weights_alone, 0, N_GOLDENS);
	tcase_add_test(tests, fingerprints_differ);
	tcase_add_loop_test(tests, arithmetic_changes_the_fingerprint, 0, 3);
	tcase_add_test(tests, a_changed_weight_changes_the_fingerprint);
	tcase_add_test(tests, conversions_keep_values);
	tcase_add_test(tests, weights_as_stored_are_not_copied);
	tcase_add_test(tests, strided_weights_are_gathered);
	tcase_add_loop_test(tests, inspecting_reads_no_weights, 0, N_GOLDENS);
	tcase_add_loop_test(tests, reading_in_place_of_mapping, 0, N_GOLDENS);
	tcase_add_test(tests, a_weight_file_opens_by_itself);
	tcase_add_test(tests, devices);
	tcase_add_test(tests, progress_reaches_the_end_or_cancels);
	tcase_add_test(tests, stops_come_from_the_nearest_file);
	tcase_add_test(tests, templates_and_special_tokens);
	tcase_add_test(tests, places_of_templates);
	tcase_add_test(tests, a_tokenizer_that_was_asked_for_must_be_there);
	tcase_add_test(tests, installed_names);
	tcase_add_loop_test(tests, names_that_are_none, 0, 9);
	tcase_add_test(tests, folders_that_are_no_models);
	tcase_add_test(tests, configuration_of_another_model);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
