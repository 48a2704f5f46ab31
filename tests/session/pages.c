/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <stdlib.h>

const size_t pages_borders[N_BORDERS] = { 1, 63, 64, 65, 130 };

krait_model *pages_model;
krait_token pages_tokens[PAGES_MOST];

void pages_open(void)
{
	pages_model = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 2 });
	kit_tokens(pages_tokens, PAGES_MOST, 21);
}

void pages_close(void) { krait_model_free(pages_model); }

krait_session *pages_plain(krait_model *of)
{
	krait_session *session = kit_session(of);

	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 0));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	return session;
}

krait_session *pages_fed(size_t n)
{
	krait_session *session = pages_plain(pages_model);

	kit_ok(session, krait_session_feed(session, pages_tokens, n));
	return session;
}

/* What a session at the n-th token says, and where it is then. */
void pages_says(krait_session *session, size_t n)
{
	krait_session *twin = pages_fed(n);
	krait_token wanted[PAGES_ANSWER], got[PAGES_ANSWER];
	size_t n_done;

	kit_same_position(session, twin);
	kit_ok(twin, krait_session_generate(twin, wanted, PAGES_ANSWER, &n_done));
	kit_ok(session, krait_session_generate(session, got, PAGES_ANSWER, &n_done));
	ck_assert_mem_eq(got, wanted, sizeof(got));
	kit_same_position(session, twin);
	krait_session_free(twin);
}

unsigned char *pages_written(krait_state *state, size_t *n)
{
	unsigned char *bytes = malloc(*n = krait_state_size(state));

	ck_assert_msg(krait_state_write(state, bytes, *n) == KRAIT_OK, "%s", krait_state_error(state));
	return bytes;
}

krait_state *pages_snapshot(krait_session *session)
{
	krait_state *state;

	kit_ok(session, krait_session_snapshot(&state, session));
	return state;
}
