/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c - what a mistyped word was probably meant to be. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "nearest.h"

#include <string.h>

#define LETTERS_MOST 31

static size_t least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters to insert, remove, change, or exchange with their neighbour. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t rows[3][LETTERS_MOST + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= n_b; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *free_row = before;

		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			row[j] = least_of(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least_of(row[j], before[j - 2] + 1, row[j]);
		}
		before = above;
		above = row;
		row = free_row;
	}
	return above[n_b];
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t n_word = nearest->n_word, n_candidate = strlen(candidate), common = 0, far;

	if (!n_word || n_word > LETTERS_MOST || n_candidate > LETTERS_MOST)
		return;
	while (common < n_word && common < n_candidate && nearest->word[common] == candidate[common])
		common++;
	/* One that the other begins with, such as temperature and temp, is as good as one letter off. */
	if (common >= 3 && (common == n_candidate || common == n_word))
		far = 1;
	else
		far = distance(nearest->word, n_word, candidate, n_candidate);
	if (far > 2 || far >= n_word || far >= n_candidate || (nearest->found && far >= nearest->far))
		return;
	nearest->found = candidate;
	nearest->far = far;
}
