/* SPDX-License-Identifier: Apache-2.0 */
/* published.c - the table of models that come without tokenizer or chat template. */
#include "model/published.h"

#include <string.h>

#define NEOX "EleutherAI/gpt-neox-20b"
/* meta-llama/Llama-3.1-8B has the same, behind a form that has to be signed. */
#define LLAMA "NousResearch/Meta-Llama-3.1-8B"

/* The first row that fits counts. */
static const struct published table[] = {
	{ "state-spaces/mamba3-", LLAMA, NULL },
	{ "state-spaces/", NEOX, NULL },
	/* Its tokenizer is there, but the authors' program takes the template of another model. */
	{ "havenhq/mamba-chat", NULL, "zephyr" },
};

const struct published *krait__published(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (!strncmp(name, table[i].start, strlen(table[i].start)))
			return &table[i];
	return NULL;
}
