/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.h - what `krait VERB` can be, and what each verb returns. */
#ifndef TOOLS_VERBS_H
#define TOOLS_VERBS_H

/* Exit statuses of the command. */
#define STATUS_DONE 0
#define STATUS_FAILED 1
#define STATUS_USAGE 2
#define STATUS_INTERRUPTED 130

/* Which of the options that every verb takes make a difference to a verb, and stand in its help. */
#define USES_MODEL 1u
#define USES_TOKENIZER 2u
#define USES_DEVICE 4u          /* and threads, weights, precision */
#define USES_ALL (USES_MODEL | USES_TOKENIZER | USES_DEVICE)

struct verb {
	const char *name;
	const char *arguments;          /* what the usage line says after the options */
	const char *about;              /* one line for `krait --help` */
	int (*run)(const struct verb *verb, int argc, char **argv);
	unsigned uses;
};

int verb_run(const struct verb *verb, int argc, char **argv);
int verb_chat(const struct verb *verb, int argc, char **argv);
int verb_tokenize(const struct verb *verb, int argc, char **argv);
int verb_score(const struct verb *verb, int argc, char **argv);
int verb_embed(const struct verb *verb, int argc, char **argv);
int verb_info(const struct verb *verb, int argc, char **argv);
int verb_list(const struct verb *verb, int argc, char **argv);
int verb_pull(const struct verb *verb, int argc, char **argv);
int verb_rm(const struct verb *verb, int argc, char **argv);
int verb_bench(const struct verb *verb, int argc, char **argv);

#endif
