/* SPDX-License-Identifier: Apache-2.0 */
/* installed.h - models by name: "demo", "org/name". */
#ifndef KRAIT_MODEL_INSTALLED_H
#define KRAIT_MODEL_INSTALLED_H

#include "base/why.h"

#include <stdbool.h>

#ifndef KRAIT_MODEL_DIR
#define KRAIT_MODEL_DIR "/usr/local/share/krait/models"
#endif

/* The path to open: `path` itself if it exists, else the folder of an installed model of
 * that name. NOT_FOUND lists where it was looked for. */
krait_status krait__installed_find(char **out, const char *path, struct why *why);

/* What is known of the model that was asked for as `path` and found at `found`; NULL: nothing. */
struct published;
const struct published *krait__installed_published(const char *path, const char *found);

/* Where the tokenizer of the model in `folder` is: what was asked for, as a path or an installed name,
 * or that of the model whose tokenizer is also this one's. NULL: beside the weights, if anywhere. */
krait_status krait__installed_tokenizer(char **out, const char *asked, const char *folder, const struct published *published, struct why *why);

/* Every model that a name finds, and what of one is there in the hub's cache. */
struct installed_entry {
	char *name, *path, *about;
	uint64_t size;
	bool whole;
};
struct installed_list {
	struct installed_entry *entries;
	size_t n;
	char *cache;                    /* the hub's; NULL: no variable names one */
};
krait_status krait__installed_list(struct installed_list *out, struct why *why);
void krait__installed_list_free(struct installed_list *list);

#endif
