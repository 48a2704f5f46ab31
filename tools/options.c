/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - getopt_long over the tables of options.h, and the help they print. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "options.h"

#include "nearest.h"
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 64
#define FIRST_VALUE 256         /* getopt answers this plus the row's index */

struct table {
	const struct option_row *rows[ROWS_MOST];
	struct option longs[ROWS_MOST + 1];
	char letters[2 * ROWS_MOST + 2];
	size_t n;
};

static void table_add(struct table *table, const struct option_row *row)
{
	struct option *option = &table->longs[table->n];
	size_t n_letters = strlen(table->letters);

	if (table->n == ROWS_MOST)
		return;
	option->name = row->name;
	option->has_arg = row->kind == OPTION_FLAG ? no_argument : required_argument;
	option->val = FIRST_VALUE + (int)table->n;
	if (row->letter) {
		table->letters[n_letters++] = row->letter;
		if (row->kind != OPTION_FLAG)
			table->letters[n_letters] = ':';
	}
	table->rows[table->n++] = row;
}

static bool table_has(const struct table *table, const char *name)
{
	size_t i = 0;

	while (i < table->n && strcmp(table->rows[i]->name, name))
		i++;
	return i < table->n;
}

static const struct option_row *table_find(const struct table *table, int answer)
{
	if (answer >= FIRST_VALUE)
		return table->rows[answer - FIRST_VALUE];
	for (size_t i = 0; i < table->n; i++)
		if (table->rows[i]->letter == answer)
			return table->rows[i];
	return NULL;
}

bool option_number(const struct option_row *row, const char *text, struct option_value *out)
{
	struct option_value value = { .given = true };
	double real;
	char *end;

	errno = 0;
	if (row->kind == OPTION_WHOLE) {
		value.whole = strtoll(text, &end, 10);
		real = (double)value.whole;
	} else {
		real = value.real = strtod(text, &end);
	}
	if (errno || end == text || *end || real != real)
		return false;
	if ((row->least != 0 || row->most != 0) && (real < row->least || real > row->most))
		return false;
	*out = value;
	return true;
}

int option_refused(const char *where, const struct option_row *row, const char *text)
{
	const char *kind = row->kind == OPTION_WHOLE ? "a whole number" : "a number";

	if (row->least == OPTION_ABOVE_ZERO)
		return say_usage("%s%s cannot be '%s': %s above 0 is needed", where, row->name, text, kind);
	if (row->least == 0 && row->most == 0)
		return say_usage("%s%s cannot be '%s': %s is needed", where, row->name, text, kind);
	if (row->most >= (double)INT32_MAX)
		return say_usage("%s%s cannot be '%s': %s of at least %g is needed", where, row->name, text, kind, row->least);
	return say_usage("%s%s cannot be '%s': %s from %g to %g is needed", where, row->name, text, kind, row->least, row->most);
}

static int take(const struct option_row *row, const char *text)
{
	struct option_list *list = row->to;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)row->to = true;
		return -1;
	case OPTION_TEXT:
		*(const char **)row->to = text;
		return -1;
	case OPTION_LIST:
		if (list->n == OPTION_LIST_MOST)
			return say_usage("--%s can be given at most %d times", row->name, OPTION_LIST_MOST);
		list->items[list->n++] = text;
		return -1;
	default:
		return option_number(row, text, row->to) ? -1 : option_refused("--", row, text);
	}
}

static void print_row(const struct option_row *row)
{
	char left[64];

	snprintf(left, sizeof left, "%s%c%s--%s%s%s", row->letter ? "-" : " ", row->letter ? row->letter : ' ',
		row->letter ? ", " : "  ", row->name, row->value ? " " : "", row->value ? row->value : "");
	if (strlen(left) > 27)
		output_format("  %s\n  %-27s %s\n", left, "", row->about);
	else
		output_format("  %-27s %s\n", left, row->about);
}

static void print_help(const struct verb *verb, const struct option_group *groups, size_t n_groups)
{
	output_format("usage: krait %s [options]%s%s\n%s\n", verb->name, *verb->arguments ? " " : "", verb->arguments, verb->about);
	for (size_t g = 0; g < n_groups; g++) {
		if (!groups[g].n_rows)
			continue;
		output_format("\n%s:\n", groups[g].title ? groups[g].title : "options");
		for (size_t i = 0; i < groups[g].n_rows; i++)
			print_row(&groups[g].rows[i]);
	}
}

/* Names that other programs have for an option of ours. */
static const char *elsewhere(const char *name, size_t n)
{
	static const struct { const char *theirs, *ours; } names[] = {
		{ "repetition-penalty", "repeat-penalty" },
		{ "repetition_penalty", "repeat-penalty" },
		{ "max-new-tokens", "tokens" },
		{ "max_new_tokens", "tokens" },
		{ "max-tokens", "tokens" },
		{ "n-predict", "tokens" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].theirs) == n && !strncmp(names[i].theirs, name, n))
			return names[i].ours;
	return NULL;
}

static int unknown_option(const struct verb *verb, const struct table *table, const char *word)
{
	const char *name = word + 2;
	struct nearest nearest = { .word = name, .n_word = strcspn(name, "=") };

	for (size_t i = 0; i < table->n; i++)
		nearest_try(&nearest, table->rows[i]->name);
	for (size_t i = 0; i < table->n; i++)
		if (elsewhere(name, nearest.n_word) && !strcmp(elsewhere(name, nearest.n_word), table->rows[i]->name))
			nearest.found = table->rows[i]->name;
	if (nearest.found)
		return say_usage("%s: unknown option %s: did you mean --%s?", verb->name, word, nearest.found);
	return say_usage("%s: unknown option %s; 'krait %s --help' lists them", verb->name, word, verb->name);
}

static int wrong(const struct verb *verb, const struct table *table, int answer, char **argv)
{
	const struct option_row *row = optopt ? table_find(table, optopt) : NULL;

	if (answer == ':' && row)
		return say_usage("%s: --%s needs a value", verb->name, row->name);
	if (row)
		return say_usage("%s: --%s takes no value", verb->name, row->name);
	if (optopt && optopt < FIRST_VALUE)
		return say_usage("%s: unknown option -%c; 'krait %s --help' lists them", verb->name, optopt, verb->name);
	return unknown_option(verb, table, argv[optind - 1]);
}

static int read_all(const struct verb *verb, const struct table *table, const struct common *common,
	int argc, char **argv)
{
	int answer, status;

	opterr = 0;
	optind = 1;
	while ((answer = getopt_long(argc, argv, table->letters, table->longs, NULL)) != -1) {
		const struct option_row *row = answer == '?' || answer == ':' ? NULL : table_find(table, answer);

		if (!row)
			return wrong(verb, table, answer, argv);
		status = take(row, optarg);
		if (status >= 0)
			return status;
		say_as_json(common->json);
		if (common->help)
			return -1;
	}
	return -1;
}

/* The rows that make a difference to a verb. */
static size_t choose_rows(struct option_row *out, const struct option_row *rows, size_t n, unsigned uses)
{
	static const struct { const char *name; unsigned use; } of[] = {
		{ "model", USES_MODEL }, { "tokenizer", USES_TOKENIZER }, { "device", USES_DEVICE },
		{ "threads", USES_DEVICE }, { "weights", USES_DEVICE }, { "precision", USES_DEVICE },
	};
	size_t n_out = 0;

	for (size_t i = 0; i < n; i++) {
		bool used = true;

		for (size_t k = 0; k < sizeof of / sizeof *of; k++)
			if (!strcmp(rows[i].name, of[k].name))
				used = uses & of[k].use;
		if (used)
			out[n_out++] = rows[i];
	}
	return n_out;
}

int options_parse(const struct verb *verb, const struct option_group *groups, size_t n_groups, struct common *common,
	int argc, char **argv, int *first)
{
	const struct option_row rows[] = {
		{ "model", 'm', OPTION_TEXT, &common->model, "MODEL",
			"a folder, a file or the name of an installed model (default: demo, which is tiny on purpose)", 0, 0 },
		{ "tokenizer", 0, OPTION_TEXT, &common->tokenizer, "PATH", "tokenizer.json for a model that comes without one", 0, 0 },
		{ "device", 0, OPTION_TEXT, &common->device, "NAME", "auto, cpu or cuda (or cuda:N; default: auto)", 0, 0 },
		{ "threads", 't', OPTION_WHOLE, &common->threads, "N",
			"threads (default: 0, one for each processor)", 0, 1024 },
		{ "weights", 0, OPTION_TEXT, &common->weights, "TYPE", "asis, f32, bf16, f16, int8 or int4 (the last two on cuda; default: asis)", 0, 0 },
		{ "precision", 0, OPTION_TEXT, &common->precision, "WHICH", "exact or fast", 0, 0 },
		{ "json", 0, OPTION_FLAG, &common->json, NULL, "machine-readable output", 0, 0 },
		{ "verbose", 'v', OPTION_FLAG, &common->verbose, NULL, "say more on stderr, such as speed", 0, 0 },
		{ "help", 'h', OPTION_FLAG, &common->help, NULL, "this text", 0, 0 },
	};
	enum { N_ROWS = sizeof rows / sizeof *rows };
	struct option_row shown[N_ROWS];
	struct option_group all[8];
	struct table table = { .letters = ":" };
	int status;

	if (n_groups > sizeof all / sizeof *all - 1)
		n_groups = sizeof all / sizeof *all - 1;
	for (size_t i = 0; i < n_groups; i++)
		all[i] = groups[i];
	all[n_groups] = (struct option_group){ n_groups ? "general" : NULL, shown,
		choose_rows(shown, rows, N_ROWS, verb->uses) };
	for (size_t g = 0; g < n_groups; g++)
		for (size_t i = 0; i < all[g].n_rows; i++)
			table_add(&table, &all[g].rows[i]);
	/* A script may give any verb what every verb takes. */
	for (size_t i = 0; i < N_ROWS; i++)
		if (!table_has(&table, rows[i].name))
			table_add(&table, &rows[i]);
	status = read_all(verb, &table, common, argc, argv);
	*first = optind;
	if (status < 0 && common->help) {
		print_help(verb, all, n_groups + 1);
		return STATUS_DONE;
	}
	return status;
}
