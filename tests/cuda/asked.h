/* SPDX-License-Identifier: Apache-2.0 */
/* asked.h - the rows of asked.c's table. */
#ifndef KRAIT_TESTS_ASKED_H
#define KRAIT_TESTS_ASKED_H

#include "emu_api.h"

/* Its name is shape/form/work/n/nth. */
struct asked_row {
	const char *shape, *form, *work;
	uint32_t n, nth;
};
void asked_print_row(void *row, const struct emu_asked *asked);

/* asked_draws.c: draws from 50,280 logits. false: one was refused, and stderr has it. */
bool asked_draws(void);

#endif
