/* SPDX-License-Identifier: Apache-2.0 */
/* test_torch.c - files of torch.save: real ones with torch's own values, hostile ones, damaged ones. */
#include "support.h"
#include "weight_values.h"
#include "source/pickle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What torch 2.15 reads from the fixtures (torch.load, weights_only). */
static const struct { const char *file, *name; enum dtype type; uint32_t rank; uint64_t shape[2]; int64_t stride[2]; double values[8]; int n_values; } expected[] = {
	{ "sd", "backbone.embedding.weight", DTYPE_F32, 2, { 10, 4 }, { 4, 1 }, { -1.1258398294448853, -1.152360200881958, -0.2505785822868347 }, 3 },
	{ "sd", "lm_head.weight", DTYPE_F32, 2, { 10, 4 }, { 4, 1 }, { -1.1258398294448853, -1.152360200881958, -0.2505785822868347 }, 3 },
	{ "sd", "backbone.layers.0.mixer.A_log", DTYPE_F32, 2, { 4, 2 }, { 2, 1 }, { -0.848639190196991, -0.1847800463438034, -1.193757176399231, -0.22327406704425812, -1.2705765962600708, 0.019330641254782677, 0.8868377804756165, 0.05517140030860901 }, 8 },
	{ "sd", "backbone.layers.0.mixer.D", DTYPE_F32, 1, { 4 }, { 1 }, { 1, 1, 1, 1 }, 4 },
	{ "sd", "half", DTYPE_F16, 2, { 2, 3 }, { 3, 1 }, { 0.68798828125, 1.232421875, 1.158203125, 0.167236328125, -1.5771484375, 1.0693359375 }, 6 },
	{ "sd", "bf16", DTYPE_BF16, 2, { 2, 3 }, { 3, 1 }, { -0.5078125, -1.453125, 2.296875, -0.09716796875, 1.1640625, -0.69140625 }, 6 },
	{ "sd", "t", DTYPE_F32, 2, { 2, 3 }, { 1, 2 }, { -0.987050473690033, -0.4408811628818512, 0.7020294070243835, 1.005698561668396, -0.4513564705848694, -0.23447374999523163 }, 6 },
	{ "sd", "view", DTYPE_F32, 1, { 4 }, { 1 }, { 3, 4, 5, 6 }, 4 },
	{ "sd", "scalar", DTYPE_F32, 0, { 0 }, { 0 }, { 3 }, 1 },
	{ "sd", "empty", DTYPE_F32, 1, { 0 }, { 1 }, { 0 }, 0 },
	{ "sd", "i64", DTYPE_I64, 1, { 3 }, { 1 }, { 0, 1, 2 }, 3 },
	{ "sd", "bool", DTYPE_BOOL, 1, { 2 }, { 1 }, { 1, 0 }, 2 },
	{ "plain", "view", DTYPE_F32, 1, { 4 }, { 1 }, { 3, 4, 5, 6 }, 4 },
	{ "plain", "bf16", DTYPE_BF16, 2, { 2, 3 }, { 3, 1 }, { -0.5078125, -1.453125, 2.296875, -0.09716796875, 1.1640625, -0.69140625 }, 6 },
	{ "module_sd", "0.weight", DTYPE_F32, 2, { 3, 4 }, { 4, 1 }, { 0.23659449815750122, -0.4796244502067566, -0.2963533401489258 }, 3 },
	{ "module_sd", "0.bias", DTYPE_F32, 1, { 3 }, { 1 }, { -0.05140012502670288, 0.01389610767364502, -0.043134450912475586 }, 3 },
	{ "param", "p", DTYPE_F32, 1, { 2 }, { 1 }, { 1, 1 }, 2 },
};

START_TEST(test_real_files)
{
	struct checkpoint checkpoint;
	struct why why = { 0 };
	const struct weight *weight;
	char path[64];

	snprintf(path, sizeof(path), "fixtures/%s.bin", expected[_i].file);
	ck_assert_msg(krait__checkpoint_open(&checkpoint, support_path(path), _i % 2, &why) == KRAIT_OK, "%s", why.text);
	weight = krait__checkpoint_find(&checkpoint, expected[_i].name);
	ck_assert_ptr_nonnull(weight);
	ck_assert_int_eq(weight->type, expected[_i].type);
	ck_assert_uint_eq(weight->rank, expected[_i].rank);
	for (uint32_t i = 0; i < weight->rank; i++) {
		ck_assert_uint_eq(weight->shape[i], expected[_i].shape[i]);
		ck_assert_int_eq(weight->stride[i], expected[_i].stride[i]);
	}
	for (int i = 0; i < expected[_i].n_values; i++)
		ck_assert_double_eq(weight_value(weight, (uint64_t)i), expected[_i].values[i]);
	if (weight_count(weight) == 0)
		ck_assert_ptr_null(weight->data);
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* Weights are not copied: they lie in the file's view, tied ones on the same bytes. */
START_TEST(test_in_place)
{
	struct checkpoint checkpoint;
	struct why why = { 0 };
	const struct weight *a, *b;

	ck_assert_int_eq(krait__checkpoint_open(&checkpoint, support_path("fixtures/sd.bin"), true, &why), KRAIT_OK);
	ck_assert_uint_eq(checkpoint.n_weights, 12);
	ck_assert_str_eq(checkpoint.file_names[0], "sd.bin");
	a = krait__checkpoint_find(&checkpoint, "backbone.embedding.weight");
	b = krait__checkpoint_find(&checkpoint, "lm_head.weight");
	ck_assert_ptr_eq(a->data, b->data);
	ck_assert_uint_eq(a->span, 160);
	ck_assert(a->data > checkpoint.files[0].data && a->data + a->span <= checkpoint.files[0].data + checkpoint.files[0].size);
	ck_assert(krait__weight_contiguous(a));
	ck_assert(!krait__weight_contiguous(krait__checkpoint_find(&checkpoint, "t")));
	ck_assert_ptr_null(krait__checkpoint_find(&checkpoint, "lm_head"));
	krait__checkpoint_close(&checkpoint);
}
END_TEST

static void check_refusal(const char *relative, krait_status status, const char *part, const char *remedy)
{
	struct checkpoint checkpoint;
	struct why why = { 0 };

	ck_assert_int_eq(krait__checkpoint_open(&checkpoint, support_path(relative), true, &why), status);
	ck_assert_msg(strstr(why.text, part) && strstr(why.text, remedy), "%s: %s", relative, why.text);
}

START_TEST(test_refusals_say_why)
{
	check_refusal("fixtures/legacy.bin", KRAIT_ERROR_UNSUPPORTED, "stream format", "save it again");
	check_refusal("bad/torch/tar.bin", KRAIT_ERROR_UNSUPPORTED, "tar format", "save it again");
	check_refusal("bad/torch/zip-torchscript.bin", KRAIT_ERROR_UNSUPPORTED, "TorchScript", "state_dict()");
	check_refusal("bad/torch/zip-big-endian.bin", KRAIT_ERROR_UNSUPPORTED, "big-endian", "safetensors");
	check_refusal("bad/torch/call-os-system.bin", KRAIT_ERROR_FORMAT, "the name 'system' of module 'os'", "runs no code");
	check_refusal("bad/torch/call-stack-global.bin", KRAIT_ERROR_FORMAT, "opcode 0x93 STACK_GLOBAL", "safetensors");
	check_refusal("bad/torch/name-with-cr.bin", KRAIT_ERROR_FORMAT, "'OrderedDict\\x0D'", "safetensors");
	check_refusal("bad/torch/stride-past-end.bin", KRAIT_ERROR_FORMAT, "tensor 'w': it reaches beyond its storage", "again");
	check_refusal("bad/torch/expanded-huge.bin", KRAIT_ERROR_FORMAT, "repeats elements", ".contiguous()");
	check_refusal("bad/torch/zip-record-deflated.bin", KRAIT_ERROR_UNSUPPORTED, "record 'archive/data/0' of its zip archive is compressed", "torch.save");
}
END_TEST

/* Nothing of a file is ever run: such a file would leave `pwned` where we are. */
START_TEST(test_manifest)
{
	ck_assert_int_eq(chdir(support_folder()), 0);
	weight_check_manifest("bad/torch");
	ck_assert_int_ne(access("pwned", F_OK), 0);
}
END_TEST

START_TEST(test_cut_anywhere)
{
	static const char *const files[] = { "fixtures/sd.bin", "fixtures/module_sd.bin", "fixtures/param.bin" };
	size_t n;
	char *data = support_read(files[_i], &n);
	struct why why;

	ck_assert_msg(weight_try(krait__torch_read, data, n, &why) == KRAIT_OK, "%s", why.text);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(weight_try(krait__torch_read, data, i, &why) != KRAIT_OK, "%s cut to %zu bytes", files[_i], i);
	free(data);
}
END_TEST

/* No byte that is changed may do more than change values or be refused. */
START_TEST(test_changed_bytes)
{
	static const char *const files[] = { "fixtures/module_sd.bin", "bad/torch/ok-ordered-dict.bin", "bad/torch/ok-zip64-entry.bin", "bad/torch/ok-transposed.bin" };
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	size_t n, refused = 0;
	char *data = support_read(files[_i], &n);
	struct why why;

	for (size_t i = 0; i < n; i++) {
		char before = data[i];

		for (unsigned k = 0; k < 5 + 8; k++) {
			data[i] = k < 5 ? (char)values[k] : (char)(before ^ (1 << (k - 5)));
			refused += weight_try(krait__torch_read, data, n, &why) != KRAIT_OK;
		}
		data[i] = before;
	}
	ck_assert_uint_gt(refused, n);
	free(data);
}
END_TEST

/* One byte of the archive's own records is another one. `at`: from the end of the file, or
 * from the beginning of the central directory. */
static const struct { bool central; int at; unsigned char value; const char *part; } spoiled[] = {
	{ false, 22 - 16, 1, "end records that differ" },       /* where the directory begins, in the end record */
	{ false, 22 - 12, 1, "end records that differ" },       /* its size */
	{ false, 22 - 4, 1, "several disks" },
	{ false, 22 - 6, 7, "several disks" },
	{ false, 22 - 10, 9, "several disks" },                 /* entries on this disk and in all */
	{ false, 22 + 20 - 4, 1, "several disks" },             /* the locator */
	{ false, 22 + 20 - 16, 2, "several disks" },
	{ false, 22 + 20 - 9, 0xff, "outside of the file" },
	{ false, 22 + 20 + 56, 0, "wrong zip64 end record" },
	{ false, 22 + 20 + 56 - 4, 1, "wrong zip64 end record" },       /* its size */
	{ false, 22 + 20 + 56 - 24, 9, "wrong zip64 end record" },
	{ false, 22 + 20 + 56 - 47, 1, "differ" },
	{ true, 0, 'Q', "damaged central directory" },
	{ true, 28, 250, "damaged central directory" },         /* length of the name */
	{ true, 34, 1, "damaged central directory" },           /* disk */
	{ true, 38, 0x10, "marked as a folder" },
	{ true, 8, 1, "encrypted" },
	{ true, 10, 8, "compressed" },
	{ true, 20, 1, "compressed" },                          /* packed size */
	{ true, 32, 1, "" },                                    /* length of the comment */
	{ true, 44, 1, "lies outside" },                        /* where the local header is */
	{ true, 46, '/', "leads out of the archive" },
	{ true, 48, 0, "leads out of the archive" },
	{ true, 46 + 7, '\\', "leads out of the archive" },
	{ true, 46, 'b', "another one at its place" },
};

START_TEST(test_spoiled_archive)
{
	size_t n, at;
	char *data = support_read("bad/torch/ok-zip64-end.bin", &n);
	uint32_t central;
	struct why why;

	memcpy(&central, data + n - 22 + 16, 4);
	at = spoiled[_i].central ? central + (size_t)spoiled[_i].at : n - (size_t)spoiled[_i].at;
	ck_assert_msg((unsigned char)data[at] != spoiled[_i].value, "nothing is changed");
	data[at] = (char)spoiled[_i].value;
	ck_assert_int_ne(weight_try(krait__torch_read, data, n, &why), KRAIT_OK);
	ck_assert_msg(strstr(why.text, spoiled[_i].part), "%s", why.text);
	free(data);
}
END_TEST

/* A state dict wrapped as training programs do, made of the pickle of a good file: the root of
 * ok.bin becomes {'model': {...}} by a patch of its bytes. */
static krait_status try_pickle(const char *pickle, size_t n_pickle, struct why *why)
{
	size_t n;
	char *data = support_read("bad/torch/zip-no-pickle.bin", &n), file[4096];
	krait_status status;
	unsigned char end[22], central[46 + 16];
	const char name[] = "archive/data.pkl";
	uint32_t n_central, central_at, place, v;
	uint16_t count;

	/* A stored record before the directory, and its entry behind the others. */
	memcpy(end, data + n - 22, 22);
	memcpy(&n_central, end + 12, 4);
	memcpy(&central_at, end + 16, 4);
	memcpy(&count, end + 10, 2);
	memcpy(central, data + central_at, 46);
	memcpy(file, data, central_at);
	place = central_at;
	memset(file + place, 0, 30);
	memcpy(file + place, "PK\3\4", 4);
	v = (uint32_t)strlen(name);
	memcpy(file + place + 26, &v, 2);
	memcpy(file + place + 30, name, v);
	memcpy(file + place + 30 + v, pickle, n_pickle);
	central_at = place + 30 + v + (uint32_t)n_pickle;
	memcpy(file + central_at, data + place, n_central);
	memset(central + 8, 0, 46 - 8);
	memcpy(central + 20, &(uint32_t){ (uint32_t)n_pickle }, 4);
	memcpy(central + 24, &(uint32_t){ (uint32_t)n_pickle }, 4);
	memcpy(central + 28, &v, 2);
	memcpy(central + 42, &place, 4);
	memcpy(central + 46, name, 16);
	memcpy(file + central_at + n_central, central, sizeof(central));
	n_central += sizeof(central);
	count++;
	memcpy(end + 8, &count, 2);
	memcpy(end + 10, &count, 2);
	memcpy(end + 12, &n_central, 4);
	memcpy(end + 16, &central_at, 4);
	memcpy(file + central_at + n_central, end, 22);
	status = weight_try(krait__torch_read, file, central_at + n_central + 22, why);
	free(data);
	return status;
}

#define TENSOR "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" "0X\3\0\0\0cpuK\6tQK\0K\2K\3\x86K\3K\1\x86\x89" \
	"ccollections\nOrderedDict\n)RtR"
#define TRY(text) try_pickle(text, sizeof(text) - 1, &why)

START_TEST(test_wrapped)
{
	struct why why;

	ck_assert_msg(TRY("\x80\2}X\1\0\0\0w" TENSOR "s.") == KRAIT_OK, "%s", why.text);
	ck_assert_msg(TRY("\x80\2}X\5\0\0\0model}X\1\0\0\0w" TENSOR "ss.") == KRAIT_OK, "%s", why.text);
	ck_assert_msg(TRY("\x80\2}(X\5\0\0\0epochK\3X\12\0\0\0state_dict}X\1\0\0\0w" TENSOR "su.") == KRAIT_OK, "%s", why.text);
	ck_assert_int_eq(TRY("\x80\2}X\5\0\0\0modem}X\1\0\0\0w" TENSOR "ss."), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(why.text, "no tensors"), "%s", why.text);
	ck_assert_int_eq(TRY("\x80\2}X\5\0\0\0model}X\5\0\0\0model}X\1\0\0\0w" TENSOR "sss."), KRAIT_ERROR_FORMAT);
}
END_TEST

START_TEST(test_machine_refuses)
{
	struct why why;

	ck_assert_int_eq(TRY("\x80\2}q\2X\1\0\0\0w" TENSOR "s."), KRAIT_ERROR_FORMAT);       /* memo out of turn */
	ck_assert_msg(strstr(why.text, "memo index"), "%s", why.text);
	/* the same behind an entry: number 1 would be there without ever having been written */
	ck_assert_int_eq(TRY("\x80\2}q\0X\1\0\0\0wq\2h\1" TENSOR "s."), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(why.text, "memo index"), "%s", why.text);
	ck_assert_int_eq(TRY("\x80\2}q\1X\1\0\0\0wq\3" TENSOR "s."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2}q\0X\1\0\0\0wq\1" TENSOR "s."), KRAIT_OK);
	ck_assert_int_eq(TRY("\x80\2}q\1X\1\0\0\0w" TENSOR "s."), KRAIT_OK);                  /* numbered from 1 */
	ck_assert_int_eq(TRY("\x80\2}q\1X\1\0\0\0wh\0s."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2a."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2]a."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2(a."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2(e."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2(u."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2K\1K\2s."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2}(K\1(K\2u."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2}q\0q\0\x80\2."), KRAIT_ERROR_FORMAT);                     /* PROTO again */
	ck_assert_int_eq(TRY("\x80\2}X\1\0\0\0w" TENSOR "s}."), KRAIT_ERROR_FORMAT);          /* two values at STOP */
	ck_assert_int_eq(TRY("\x80\2}X\1\0\0\0w" TENSOR "sU\1\xff."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2ccollections\nOrderedDict\n)RK\1b."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2ccollections\nOrderedDict\n]R."), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(TRY("\x80\2ccollections\nOrderedDict\nK\1\x85R."), KRAIT_ERROR_FORMAT);
}
END_TEST

/* Pickles that make much of little: what they take is bounded by the size of the file. */
START_TEST(test_memory_is_bounded)
{
	static const char *const patterns[] = { "N", ")", "]", "(", "}", "N\x85", "Nq\0", "K\1K\1s" };
	static char pickle[2048];
	const char *pattern = patterns[_i];
	size_t n = 2, n_pattern = _i == 6 ? 3 : strlen(pattern);
	struct why why;

	memcpy(pickle, "\x80\2", 2);
	if (_i == 7)
		pickle[n++] = '}';
	for (; n + n_pattern < sizeof(pickle); n += n_pattern)
		memcpy(pickle + n, pattern, n_pattern);
	pickle[n++] = '.';
	weight_watch_memory();
	ck_assert_int_ne(try_pickle(pickle, n, &why), KRAIT_OK);
	ck_assert_uint_le(weight_peak_memory(), 4 * n + (1 << 20));
}
END_TEST

/* The same at a size where the bound bites, on the machine itself. */
START_TEST(test_memory_of_the_machine)
{
	static const char *const patterns[] = { "N", "N\x85", "N\x85\x85", "K\1K\1s", "]" };
	size_t size = (size_t)2 << 20, n_pattern = strlen(patterns[_i]), n = 3;
	char *data = malloc(size);
	struct pickle pickle;
	struct why why = { 0 };

	ck_assert_ptr_nonnull(data);
	memcpy(data, "\x80\2}", 3);
	for (; n + n_pattern < size; n += n_pattern)
		memcpy(data + n, patterns[_i], n_pattern);
	memset(data + n, '.', size - n);
	weight_watch_memory();
	if (krait__pickle_read(&pickle, (unsigned char *)data, size, 3 * size, "file", &why) == KRAIT_OK)
		krait__pickle_free(&pickle);
	ck_assert_uint_gt(weight_peak_memory(), 1024);
	ck_assert_uint_le(weight_peak_memory(), 3 * size + 4096);
	free(data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("torch files");
	TCase *real = tcase_create("real"), *bad = tcase_create("bad");

	tcase_add_loop_test(real, test_real_files, 0, (int)(sizeof(expected) / sizeof(expected[0])));
	tcase_add_test(real, test_in_place);
	tcase_add_test(real, test_wrapped);
	tcase_add_test(bad, test_manifest);
	tcase_add_test(bad, test_refusals_say_why);
	tcase_add_test(bad, test_machine_refuses);
	tcase_add_loop_test(bad, test_spoiled_archive, 0, (int)(sizeof(spoiled) / sizeof(spoiled[0])));
	tcase_add_loop_test(bad, test_cut_anywhere, 0, 3);
	tcase_add_loop_test(bad, test_changed_bytes, 0, 4);
	tcase_add_loop_test(bad, test_memory_is_bounded, 0, 8);
	tcase_add_loop_test(bad, test_memory_of_the_machine, 0, 5);
	tcase_set_timeout(bad, 300);
	suite_add_tcase(suite, real);
	suite_add_tcase(suite, bad);
	return support_run(suite);
}
