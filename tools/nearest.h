/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h - what a mistyped word was probably meant to be. */
#ifndef TOOLS_NEAREST_H
#define TOOLS_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	size_t n_word;
	const char *found;              /* NULL: nothing comes near */
	size_t far;
};

/* Remembers the candidate if it comes nearer to the word than those before it. */
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
