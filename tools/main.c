/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the krait command: finds the verb and hands over. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "interrupt.h"
#include "krait.h"
#include "nearest.h"
#include "say.h"
#include "verbs.h"

#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct verb verbs[] = {
	{ "run", "[PROMPT]", "continue a text; without PROMPT, or with '-', standard input", verb_run, USES_ALL },
	{ "chat", "", "hold a conversation", verb_chat, USES_ALL },
	{ "tokenize", "[TEXT | IDS...]", "turn text into token ids, or ids into text; '-' or nothing is standard input",
		verb_tokenize, USES_MODEL | USES_TOKENIZER },
	{ "score", "FILE", "measure how well a model predicts a file; '-' is standard input", verb_score, USES_ALL },
	{ "embed", "[MODEL [FILE...]]", "turn each line of a text into a vector; without FILE, or with '-', standard input",
		verb_embed, USES_ALL },
	{ "info", "[MODEL | STATE]", "show a model's architecture and memory needs, what a saved state holds, or list devices",
		verb_info, USES_ALL },
	{ "pull", "NAME", "fetch a model by its name on a hub: org/name, org/name@revision, org/name:file", verb_pull, 0 },
	{ "rm", "NAME", "remove a model that was fetched from a hub", verb_rm, 0 },
	{ "list", "", "list the models that can be opened by name", verb_list, 0 },
	{ "bench", "", "measure speed beside the machine's own limits", verb_bench, USES_MODEL | USES_DEVICE },
};
#define N_VERBS (sizeof verbs / sizeof *verbs)

static int help(void)
{
	output_format("usage: krait VERB [options] [arguments]\nruns Mamba language models\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		output_format("  %-10s %s\n", verbs[i].name, verbs[i].about);
	output_format("\n'krait VERB --help' lists a verb's options, 'krait --version' tells the version.\n");
	return STATUS_DONE;
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* Line editing needs to know that bytes are UTF-8; numbers keep their plain form. */
static void set_locale(void)
{
	setlocale(LC_CTYPE, "");
	if (MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static int unknown(const char *name)
{
	struct nearest nearest = { .word = name, .n_word = strlen(name) };

	for (size_t i = 0; i < N_VERBS; i++)
		nearest_try(&nearest, verbs[i].name);
	if (nearest.found)
		return say_usage("unknown verb '%s': did you mean '%s'?", name, nearest.found);
	return say_usage("unknown verb '%s'; 'krait --help' lists them", name);
}

/* Whether the word is one of a list of names, which ends with NULL. */
static bool is_any(const char *word, const char *const *names)
{
	while (*names && strcmp(word, *names))
		names++;
	return *names;
}

/* "krait help VERB". */
static int help_of(char *name)
{
	char option[] = "--help";
	char *arguments[] = { name, option, NULL };
	const struct verb *verb = find(name);

	return verb ? verb->run(verb, 2, arguments) : unknown(name);
}

static int dispatch(int argc, char **argv)
{
	static const char *const helps[] = { "help", "--help", "-h", NULL };
	static const char *const versions[] = { "version", "--version", "-V", "-v", NULL };
	const struct verb *verb;

	if (argc < 2)
		return say_usage("a verb is needed; 'krait --help' lists them");
	if (is_any(argv[1], helps))
		return argc > 2 && argv[2][0] != '-' ? help_of(argv[2]) : help();
	if (is_any(argv[1], versions)) {
		output_format("krait %s\n", krait_version());
		return STATUS_DONE;
	}
	verb = find(argv[1]);
	return verb ? verb->run(verb, argc - 1, argv + 1) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	set_locale();
	interrupt_install();
	return output_end(dispatch(argc, argv));
}
