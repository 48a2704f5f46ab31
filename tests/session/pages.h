/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - what the tests of states that grow share: places where pages of 64 positions end, and an undisturbed session
 * to compare with. */
#ifndef KRAIT_TESTS_SESSION_PAGES_H
#define KRAIT_TESTS_SESSION_PAGES_H

#include "kit.h"

enum { PAGE = 64, PAGES_MOST = 700, PAGES_ANSWER = 70, N_BORDERS = 5 };

extern const size_t pages_borders[N_BORDERS];
extern krait_model *pages_model;
extern krait_token pages_tokens[PAGES_MOST];

/* A checked fixture: the model of the kind. */
void pages_open(void);
void pages_close(void);

krait_session *pages_plain(krait_model *of);            /* greedy, without stops */
krait_session *pages_fed(size_t n);                     /* the same that has read n of the tokens */
/* The session generates what an undisturbed one does behind n tokens, to the bit. */
void pages_says(krait_session *session, size_t n);
krait_state *pages_snapshot(krait_session *session);
unsigned char *pages_written(krait_state *state, size_t *n);

#endif
