/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the krait command: finds the verb and hands over. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "interrupt.h"
#include "krait.h"
#include "say.h"
#include "verbs.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct verb verbs[] = {
	{ "run", "PROMPT", "continues a text; PROMPT '-' is standard input", verb_run },
	{ "chat", "", "holds a conversation", verb_chat },
	{ "tokenize", "[TEXT | IDS...]", "turns text into token ids, or ids into text; '-' or nothing is standard input", verb_tokenize },
	{ "score", "FILE", "measures how well a model predicts a file; '-' is standard input", verb_score },
	{ "info", "[MODEL]", "tells what a model is and needs, or which devices there are", verb_info },
	{ "list", "", "lists the installed models", verb_list },
	{ "bench", "", "measures speed beside what the machine could do", verb_bench },
};
#define N_VERBS (sizeof verbs / sizeof *verbs)

static int help(void)
{
	output_format("usage: krait VERB [options] [arguments]\nruns Mamba language models\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		output_format("  %-10s %s\n", verbs[i].name, verbs[i].about);
	output_format("\n'krait VERB --help' tells a verb's options; 'krait --version' the version.\n");
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

static int dispatch(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2)
		return say_usage("a verb is needed; 'krait --help' lists them");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		output_format("krait %s\n", krait_version());
		return STATUS_DONE;
	}
	verb = find(argv[1]);
	if (!verb)
		return say_usage("unknown verb '%s'; 'krait --help' lists them", argv[1]);
	return verb->run(verb, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	set_locale();
	interrupt_install();
	return output_end(dispatch(argc, argv));
}
