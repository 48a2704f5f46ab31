/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the command line: one table of rows per verb, which also prints its help. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include "verbs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,                    /* to: bool */
	OPTION_TEXT,                    /* to: const char * */
	OPTION_WHOLE,                   /* to: struct option_value */
	OPTION_REAL,                    /* to: struct option_value */
	OPTION_LIST                     /* to: struct option_list */
};

struct option_value {
	bool given;
	int64_t whole;
	double real;
};

#define OPTION_LIST_MOST 32
struct option_list {
	const char *items[OPTION_LIST_MOST];
	size_t n;
};

#define OPTION_ABOVE_ZERO 1.17549435e-38  /* a least that means: any number above 0, as float32 has them */

struct option_row {
	const char *name;               /* --name */
	char letter;                    /* -n, or 0 */
	enum option_kind kind;
	void *to;
	const char *value;              /* what the help calls the value; NULL for flags */
	const char *about;
	double least, most;             /* of numbers; both 0: any */
};

struct option_group {
	const char *title;              /* a heading in the help, or NULL */
	const struct option_row *rows;
	size_t n_rows;
};

/* What every verb takes. */
struct common {
	const char *model, *device, *weights, *precision, *tokenizer;
	struct option_value threads;
	bool json, verbose, help;
};

/* Reads the command line of a verb into its rows and `common`. Returns -1 when the verb
 * is to go on, with *first the index of its first argument; otherwise the exit status,
 * everything having been said. */
int options_parse(const struct verb *verb, const struct option_group *groups, size_t n_groups, struct common *common,
	int argc, char **argv, int *first);

/* One number as the user wrote it; false: not one, or outside the row's range. */
bool option_number(const struct option_row *row, const char *text, struct option_value *out);

/* Says that `text` is no value for the row. */
int option_refused(const char *where, const struct option_row *row, const char *text);

#endif
