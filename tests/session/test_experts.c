/* SPDX-License-Identifier: Apache-2.0 */
/* test_experts.c - the experts that the CPU engine chooses for each token of a golden case are those of float64. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/kit.h"
#include "kernels/cpu/blocks.h"
#include "model/model.h"

#include <stdio.h>
#include <string.h>

static const char *const instructions[] = { "generic", "auto" };
static const char *const cases[] = { "granite-hybrid-moe-f32", "nemotron-h-moe-f32", "jamba-bf16" };
enum { N_CASES = sizeof(cases) / sizeof(*cases) };

static void check_part(const struct cpu_ready *ready, struct kit_golden *golden, size_t n_tokens)
{
	const krait_token *want;
	char name[40];
	size_t n;

	snprintf(name, sizeof(name), "layers.%u.experts", (unsigned)ready->part->layer);
	want = kit_golden_tokens(golden, name, &n);
	ck_assert_msg(want && n == n_tokens * ready->part->n_used, "%s: %zu", name, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(ready->moe.chosen[i] == (uint32_t)want[i], "%s[%zu] is %u, not %d", name, i,
			(unsigned)ready->moe.chosen[i], (int)want[i]);
}

START_TEST(chosen)
{
	struct kit_options options = { .weights = "asis", .threads = 2, .instructions = instructions[_i / N_CASES] };
	char folder[80];
	const char *path;
	krait_model *model;
	krait_session *session;
	struct kit_golden *golden;
	const krait_token *tokens;
	size_t n, n_parts = 0;

	snprintf(folder, sizeof(folder), "golden/%s", cases[_i % N_CASES]);
	path = support_path(folder);
	model = kit_open(path, &options);
	golden = kit_golden_open(path);
	session = kit_session(model);
	model->emodel->row_limit = MAX_ROWS;    /* one pass: the choices kept are those of the last one */
	tokens = kit_golden_tokens(golden, "tokens", &n);
	kit_ok(session, krait_session_feed(session, tokens, n));
	for (uint32_t i = 0; i < model->plan.n_parts; i++)
		if (model->plan.parts[i].kind == PART_MOE) {
			check_part(&model->emodel->parts[i], golden, n);
			n_parts++;
		}
	ck_assert_uint_gt(n_parts, 0);
	krait_session_free(session);
	kit_golden_close(golden);
	krait_model_free(model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("experts");
	TCase *tcase = tcase_create("experts");

	tcase_add_loop_test(tcase, chosen, 0, 2 * N_CASES);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
