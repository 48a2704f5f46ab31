/* SPDX-License-Identifier: Apache-2.0 */
/* kit.c - see kit.h. */
#include "kit.h"

#include "source/checkpoint.h"
#ifdef KIT_EMULATED
#include "emu_api.h"
#include "kernels/cuda/host.h"
#include "model/engines.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const kit_cases[KIT_ALL] = { "mamba1-bin-f16", "mamba1-hf-bf16", "mamba1-hf-sharded-f32",
	"mamba1-layernorm-f32",
	"mamba2-bin-bf16", "mamba2-dssm-f32", "mamba2-groups-f32", "mamba2-hf-f32", "mamba2-nonorm-f32",
	"codestral-native-bf16", "falcon-mamba-bf16", "mamba3-siso-f32", "mamba3-mimo-f32", "mamba2attn-hybrid-f32",
	"transformerpp-f32",
	"granite-hybrid-dense-bf16", "granite-hybrid-moe-f32", "granite-hybrid-rope-bf16", "nemotron-h-bf16",
	"nemotron-h-moe-f32",
	"falcon-h1-bf16", "falcon-h1-norm-f32", "bamba-f32", "jamba-bf16" };

size_t kit_n_cases(void)
{
	return kit_device() ? KIT_CASES : KIT_ALL;
}

const char *kit_case(size_t index)
{
	char relative[100];

	snprintf(relative, sizeof(relative), "golden/%s", kit_cases[index]);
	return support_path(relative);
}

/* ---- kinds of states ---- */

static const char *const kinds[KIT_KINDS] = { "mamba2-bin-bf16", "mamba1-hf-bf16", "mamba3-mimo-f32",
	"mamba2attn-hybrid-f32",
	"transformerpp-f32", "falcon-h1-bf16", "jamba-bf16", "nemotron-h-moe-f32" };
#define FIRST_THAT_GROWS 3
static size_t kind;

/* Check gives a fixture no argument. */
static void kind0(void) { kind = 0; }
static void kind1(void) { kind = 1; }
static void kind2(void) { kind = 2; }
static void kind3(void) { kind = 3; }
static void kind4(void) { kind = 4; }
static void kind5(void) { kind = 5; }
static void kind6(void) { kind = 6; }
static void kind7(void) { kind = 7; }

void kit_each_kind(Suite *suite, const char *name, size_t n, void (*fill)(TCase *tcase))
{
	static char names[KIT_KINDS][100];      /* Check keeps no copy of a name */
	static void (*const choose[KIT_KINDS])(void) = { kind0, kind1, kind2, kind3, kind4, kind5, kind6, kind7 };

	if (kit_device())
		n = 1;
	for (size_t i = 0; i < (n ? n : KIT_KINDS); i++) {
		TCase *tcase;

		snprintf(names[i], sizeof(names[i]), "%s, %s", name, kinds[i]);
		tcase = tcase_create(names[i]);
		tcase_add_unchecked_fixture(tcase, choose[i], NULL);
		choose[i]();
		fill(tcase);
		suite_add_tcase(suite, tcase);
	}
}

const char *kit_kind_case(void)
{
	char relative[100];

	snprintf(relative, sizeof(relative), "golden/%s", kinds[kind]);
	return support_path(relative);
}

bool kit_kind_grows(void)
{
	return kind >= FIRST_THAT_GROWS;
}

bool kit_kind_first(void)
{
	return kind == 0;
}

const char *kit_device(void)
{
#ifdef KIT_EMULATED
	/* short passes, so that a prompt takes several; and a small device, whose blocks take less time here */
	krait__cuda_rows = krait__cuda_rows ? krait__cuda_rows : 64;
	emu_device(0, 1, 0);
	krait__engine_register_cuda(&krait__cuda_engine);
	return "cuda";
#else
	const char *device = getenv("KRAIT_TEST_DEVICE");

	return device && *device && strcmp(device, "cpu") != 0 ? device : NULL;
#endif
}

bool kit_too_slow(void)
{
#ifdef KIT_EMULATED
	return !support_long();
#else
	return false;
#endif
}

double kit_tolerance(void)
{
	return kit_device() ? 1e-5 : 0;
}

bool kit_same(const float *a, const float *b, size_t n)
{
	if (kit_tolerance() == 0)
		return memcmp(a, b, n * sizeof(*a)) == 0;
	return support_rel_l2f(a, b, n) <= kit_tolerance();
}

static void set_text(krait_options *options, int option, const char *value)
{
	if (value)
		ck_assert_int_eq(krait_options_set_text(options, option, value), KRAIT_OK);
}

krait_model *kit_open(const char *path, const struct kit_options *options)
{
	krait_options *settings;
	krait_model *model;
	krait_status status;

	ck_assert_int_eq(krait_options_new(&settings), KRAIT_OK);
	set_text(settings, KRAIT_OPTION_DEVICE, options && options->device ? options->device : kit_device());
	set_text(settings, KRAIT_OPTION_PRECISION, options && options->precision ? options->precision : kit_device() ? "exact" : NULL);
	if (options) {
		set_text(settings, KRAIT_OPTION_WEIGHTS, options->weights);
		set_text(settings, KRAIT_OPTION_INSTRUCTIONS, options->instructions);
		set_text(settings, KRAIT_OPTION_TOKENIZER, options->tokenizer);
	}
	ck_assert_int_eq(krait_options_set_int(settings, KRAIT_OPTION_THREADS, options ? options->threads : 0), KRAIT_OK);
	status = krait_model_open(&model, path, settings);
	ck_assert_msg(status == KRAIT_OK, "%s: %s", path, krait_model_error(model));
	krait_options_free(settings);
	return model;
}

krait_session *kit_session(krait_model *model)
{
	krait_session *session;
	krait_status status = krait_session_new(&session, model);

	ck_assert_msg(status == KRAIT_OK, "%s", krait_session_error(session));
	/* one seed for all, so that they can be compared */
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, 0));
	return session;
}

void kit_ok(krait_session *session, krait_status status)
{
	ck_assert_msg(status == KRAIT_OK, "%s: %s", krait_status_name(status), krait_session_error(session));
}

void kit_tokens(krait_token *out, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		out[i] = (krait_token)(1 + (seed >> 16) % 80);
	}
}

void kit_same_position(krait_session *a, krait_session *b)
{
	enum { ROOM = 8192 };   /* more than any model here has of either */
	float *numbers = calloc(4 * (size_t)ROOM, sizeof(float)), *other = numbers + 2 * ROOM;

	ck_assert_uint_eq(krait_session_position(a), krait_session_position(b));
	kit_ok(a, krait_session_hidden(a, numbers, ROOM));
	kit_ok(a, krait_session_logits(a, numbers + ROOM, ROOM));
	kit_ok(b, krait_session_hidden(b, other, ROOM));
	kit_ok(b, krait_session_logits(b, other + ROOM, ROOM));
	ck_assert_msg(kit_same(numbers, other, ROOM) && kit_same(numbers + ROOM, other + ROOM, ROOM), "the two sessions differ at position %llu",
		(unsigned long long)krait_session_position(a));
	free(numbers);
}

/* ---- golden numbers ---- */

struct kit_golden {
	struct checkpoint checkpoint;
	struct file_view view;
	void **copies;
	size_t n_copies;
};

struct kit_golden *kit_golden_open(const char *folder)
{
	struct kit_golden *golden = calloc(1, sizeof(*golden));
	const char *path = support_join(folder, "golden.safetensors");
	struct why why = { 0 };

	ck_assert_msg(krait__file_view(&golden->view, path, true, 0, &why) == KRAIT_OK, "%s", why.text);
	ck_assert_msg(krait__safetensors_read(&golden->checkpoint, &golden->view, path, &why) == KRAIT_OK, "%s", why.text);
	return golden;
}

void kit_golden_close(struct kit_golden *golden)
{
	for (size_t i = 0; i < golden->n_copies; i++)
		free(golden->copies[i]);
	free(golden->copies);
	krait__checkpoint_close(&golden->checkpoint);
	krait__file_close(&golden->view);
	free(golden);
}

static const void *find(struct kit_golden *golden, const char *name, enum dtype type, size_t *n)
{
	const struct checkpoint *checkpoint = &golden->checkpoint;

	for (size_t i = 0; i < checkpoint->n_weights; i++) {
		const struct weight *weight = &checkpoint->weights[i];
		void *copy;

		if (strcmp(weight->name, name) != 0)
			continue;
		ck_assert_int_eq(weight->type, type);
		*n = 1;
		for (uint32_t k = 0; k < weight->rank; k++)
			*n *= (size_t)weight->shape[k];
		golden->copies = realloc(golden->copies, (golden->n_copies + 1) * sizeof(*golden->copies));
		copy = golden->copies[golden->n_copies++] = malloc(*n * krait__dtype_size(type));
		memcpy(copy, weight->data, *n * krait__dtype_size(type));
		return copy;
	}
	*n = 0;
	return NULL;
}

const double *kit_golden_doubles(struct kit_golden *golden, const char *name, size_t *n)
{
	return find(golden, name, DTYPE_F64, n);
}

const krait_token *kit_golden_tokens(struct kit_golden *golden, const char *name, size_t *n)
{
	return find(golden, name, DTYPE_I32, n);
}
