/* SPDX-License-Identifier: Apache-2.0 */
/* test_nan.c - weights that are no numbers: every call that would give one out says so. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(const char *folder, const char *name, bool spoil)
{
	size_t n;
	char path[256], *bytes;

	snprintf(path, sizeof(path), "golden/mamba2-hf-f32/%s", name);
	bytes = support_read(path, &n);
	if (spoil) {
		uint64_t header;

		memcpy(&header, bytes, sizeof(header));
		memset(bytes + 8 + header, 0xff, n - 8 - (size_t)header);
	}
	support_write(support_join(folder, name), bytes, n);
	free(bytes);
}

static krait_model *spoiled(void)
{
	const char *folder = support_folder();

	copy(folder, "config.json", false);
	copy(folder, "model.safetensors", true);
	return kit_open(folder, NULL);
}

static void says_damaged(krait_session *session, krait_status status)
{
	ck_assert_int_eq(status, KRAIT_ERROR_FORMAT);
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), "NaN"));
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), "fetch the model again"));
}

START_TEST(nan_is_reported)
{
	krait_model *model = spoiled();
	krait_session *session = kit_session(model);
	krait_token tokens[5], token;
	size_t n_logits = krait_model_vocab_size(model);
	float *logits = malloc(n_logits * sizeof(*logits)), scores[5];

	kit_tokens(tokens, 5, 1);
	says_damaged(session, krait_session_score(session, tokens, 5, scores, 5));
	says_damaged(session, krait_session_score(session, tokens, 1, scores, 1));
	kit_ok(session, krait_session_feed(session, tokens, 5));
	says_damaged(session, krait_session_logits(session, logits, n_logits));
	says_damaged(session, krait_session_next(session, &token));
	ck_assert_int_eq(token, -1);
	ck_assert_uint_eq(krait_session_position(session), 10);
	kit_ok(session, krait_session_reset(session));
	ck_assert_uint_eq(krait_session_position(session), 0);
	krait_session_free(session);
	krait_model_free(model);
	free(logits);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("weights that are no numbers");
	TCase *tcase = tcase_create("nan");

	tcase_add_test(tcase, nan_is_reported);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
