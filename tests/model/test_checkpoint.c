/* SPDX-License-Identifier: Apache-2.0 */
/* test_checkpoint.c - folders with weights: which file is taken, shards and their index, published layouts. */
#include "support.h"
#include "weight_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The tensors, their elements and the sum of all squares as torch 2.15 and safetensors read them. */
static const struct { const char *folder; size_t n_tensors; uint64_t n_elements; double squares; } published[] = {
	{ "golden/mamba1-bin-f16", 33, 43560, 22407.446069848222 },
	{ "golden/mamba1-hf-bf16", 32, 43700, 23766.975685170077 },
	{ "golden/mamba1-hf-sharded-f32", 38, 57420, 27006.336556887327 },
	{ "golden/mamba1-layernorm-f32", 40, 55584, 16128.027237582866 },
	{ "golden/mamba2-bin-bf16", 30, 38454, 3010.9328560428175 },
	{ "golden/mamba2-dssm-f32", 33, 46116, 4017.1099520532925 },
	{ "golden/mamba2-groups-f32", 30, 47565, 5437.3318390026789 },
	{ "golden/mamba2-hf-f32", 20, 23937, 2184.7967112533624 },
	{ "golden/mamba2-nonorm-f32", 27, 33051, 3052.7575424953657 },
};

START_TEST(test_published)
{
	struct checkpoint checkpoint;
	struct why why = { 0 };
	uint64_t n = 0;
	double squares = 0;

	ck_assert_msg(krait__checkpoint_open(&checkpoint, support_path(published[_i].folder), _i % 2, &why) == KRAIT_OK, "%s", why.text);
	ck_assert_uint_eq(checkpoint.n_weights, published[_i].n_tensors);
	for (size_t i = 0; i < checkpoint.n_weights; i++) {
		ck_assert(i == 0 || strcmp(checkpoint.weights[i - 1].name, checkpoint.weights[i].name) < 0);
		ck_assert_ptr_eq(krait__checkpoint_find(&checkpoint, checkpoint.weights[i].name), &checkpoint.weights[i]);
		n += weight_count(&checkpoint.weights[i]);
		squares += weight_squares(&checkpoint.weights[i]);
	}
	ck_assert_uint_eq(n, published[_i].n_elements);
	ck_assert_double_le(fabs(squares - published[_i].squares), 1e-9 * squares);
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* ---- folders made here -------------------------------------------------------------- */

static char folder[512];

static void write_file(const char *name, const void *data, size_t size)
{
	char path[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* One tensor of one byte, 42. */
static void write_shard(const char *name, const char *tensor)
{
	char file[256];
	int n = snprintf(file + 8, sizeof(file) - 8, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}*", tensor);

	memset(file, 0, 8);
	file[0] = (char)(n - 1);
	write_file(name, file, 8 + (size_t)n);
}

static krait_status open_here(struct why *why, size_t *n_weights, size_t *n_files)
{
	struct checkpoint checkpoint;
	krait_status status;

	krait__why_clear(why);
	status = krait__checkpoint_open(&checkpoint, folder, true, why);
	*n_weights = checkpoint.n_weights;
	*n_files = checkpoint.n_files;
	for (size_t i = 0; i < checkpoint.n_weights; i++)
		ck_assert_double_eq(weight_value(&checkpoint.weights[i], 0), 42);
	krait__checkpoint_close(&checkpoint);
	return status;
}

static void check_index(const char *index, krait_status expected, const char *part)
{
	struct why why;
	size_t n_weights, n_files;

	write_file("model.safetensors.index.json", index, strlen(index));
	ck_assert_msg(open_here(&why, &n_weights, &n_files) == expected, "%s: %s", index, why.text);
	ck_assert_msg(strstr(why.text, part), "%s: %s", index, why.text);
}

static void start_folder(void)
{
	snprintf(folder, sizeof(folder), "%s", support_folder());
}

START_TEST(test_index)
{
	struct why why;
	size_t n_weights, n_files;

	start_folder();
	write_shard("a.safetensors", "one");
	write_shard("b.safetensors", "two");
	write_shard("c.safetensors", "one");
	check_index("{\"metadata\":{\"total_size\":2},\"weight_map\":{\"two\":\"b.safetensors\",\"one\":\"a.safetensors\"}}", KRAIT_OK, "");
	ck_assert_int_eq(open_here(&why, &n_weights, &n_files), KRAIT_OK);
	ck_assert_uint_eq(n_weights, 2);
	ck_assert_uint_eq(n_files, 2);
	check_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"two\":\"a.safetensors\"}}", KRAIT_ERROR_FORMAT, "tensor 'two' is not in 'a.safetensors'");
	check_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"two\":\"d.safetensors\"}}", KRAIT_ERROR_NOT_FOUND, "'d.safetensors' is not there");
	check_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"one\":\"a.safetensors\"}}", KRAIT_ERROR_FORMAT, "'one' is there twice");
	check_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"one\":\"c.safetensors\"}}", KRAIT_ERROR_FORMAT, "'one' is there twice");
	check_index("{\"weight_map\":{}}", KRAIT_ERROR_FORMAT, "no 'weight_map'");
	check_index("{\"weight_map\":{\"one\":\"a.safetensors\"},\"weight_map\":{}}", KRAIT_ERROR_FORMAT, "twice");
	check_index("{\"metadata\":{}}", KRAIT_ERROR_FORMAT, "no 'weight_map'");
	check_index("{\"weight_map\":{\"one\":7}}", KRAIT_ERROR_FORMAT, "byte 21");
	check_index("{\"weight_map\":[\"one\"]}", KRAIT_ERROR_FORMAT, "expected");
	check_index("[]", KRAIT_ERROR_FORMAT, "expected");
	check_index("", KRAIT_ERROR_FORMAT, "expected");
	check_index("{\"weight_map\":{\"one\":\"a.safetensors\"}} x", KRAIT_ERROR_FORMAT, "behind the end");
}
END_TEST

/* An index comes from the network: it may name files of the folder and nothing else. */
START_TEST(test_index_stays_inside)
{
	static const char *const names[] = { "../a.safetensors", "/etc/passwd", "..", ".", "", "x/../a.safetensors", "sub/a.safetensors", "..\\\\a.safetensors", "a.safetensors\\u0000" };
	char index[256];

	start_folder();
	write_shard("a.safetensors", "one");
	strcat(folder, "/inner");
	ck_assert_int_eq(mkdir(folder, 0777), 0);
	write_shard("a.safetensors", "one");
	snprintf(index, sizeof(index), "{\"weight_map\":{\"one\":\"%s\"}}", names[_i]);
	check_index(index, KRAIT_ERROR_FORMAT, "without any folder");
}
END_TEST

START_TEST(test_which_file)
{
	struct why why;
	size_t n_weights, n_files, n;
	static const char bin_index[] = "{\"weight_map\":{\"w\":\"pytorch_model-1.bin\"}}";
	char *bin = support_read("bad/torch/ok-tied.bin", &n);
	struct checkpoint checkpoint;

	start_folder();
	ck_assert_int_eq(open_here(&why, &n_weights, &n_files), KRAIT_ERROR_NOT_FOUND);
	ck_assert_msg(strstr(why.text, "pytorch_model.bin"), "%s", why.text);
	write_file("pytorch_model-1.bin", bin, n);
	write_file("pytorch_model.bin.index.json", bin_index, strlen(bin_index));
	ck_assert_msg(krait__checkpoint_open(&checkpoint, folder, true, &why) == KRAIT_OK, "%s", why.text);
	ck_assert_str_eq(checkpoint.file_names[0], "pytorch_model-1.bin");
	ck_assert_uint_eq(checkpoint.n_weights, 2);
	krait__checkpoint_close(&checkpoint);
	write_file("pytorch_model.bin", "not a model", 11);
	ck_assert_int_eq(open_here(&why, &n_weights, &n_files), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(why.text, "'pytorch_model.bin': not a file of torch.save"), "%s", why.text);
	write_shard("model.safetensors", "one");
	ck_assert_int_eq(open_here(&why, &n_weights, &n_files), KRAIT_OK);
	ck_assert_uint_eq(n_weights, 1);
	write_shard("weights", "one");          /* no ending: by its content */
	strcat(folder, "/weights");
	ck_assert_int_eq(open_here(&why, &n_weights, &n_files), KRAIT_OK);
	strcat(folder, "-gone");
	ck_assert_int_eq(open_here(&why, &n_weights, &n_files), KRAIT_ERROR_NOT_FOUND);
	free(bin);
}
END_TEST

/* A folder, a pipe or a device in a file's place is refused and never waited for. */
START_TEST(test_no_regular_file)
{
	struct why why;
	size_t n_weights, n_files;
	char path[1024];

	start_folder();
	snprintf(path, sizeof(path), "%s/model.safetensors", folder);
	ck_assert_int_eq(_i ? mkfifo(path, 0600) : mkdir(path, 0777), 0);
	ck_assert_int_eq(open_here(&why, &n_weights, &n_files), KRAIT_ERROR_IO);
	ck_assert_msg(strstr(why.text, "not a regular file"), "%s", why.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("checkpoints");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, test_published, 0, (int)(sizeof(published) / sizeof(published[0])));
	tcase_add_test(tests, test_index);
	tcase_add_loop_test(tests, test_index_stays_inside, 0, 9);
	tcase_add_test(tests, test_which_file);
	tcase_add_loop_test(tests, test_no_regular_file, 0, 2);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
