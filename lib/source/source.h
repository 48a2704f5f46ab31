/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - the kinds of files that weights come in: one table. A source knows its format and nothing of models.
 * To add one: its file, and its line in checkpoint.c.
 */
#ifndef KRAIT_SOURCE_SOURCE_H
#define KRAIT_SOURCE_SOURCE_H

#include "source/checkpoint.h"

struct source {
	const char *name;
	const char *const *ends;        /* of file names that are of this kind; ends with NULL */
	bool (*sniff)(const struct file_view *view);    /* whether a file of another name begins as one */
	/* Appends to out->weights. The view stays the caller's. `name` is for errors. */
	krait_status (*read)(struct checkpoint *out, const struct file_view *view, const char *name, struct why *why);
};

extern const struct source krait__source_safetensors, krait__source_torch;

/* checkpoint.c, for those who read several files. Takes over `view`, also when it fails. */
krait_status krait__checkpoint_add(struct checkpoint *out, struct file_view *view, const char *name, struct why *why);
krait_status krait__checkpoint_room(struct checkpoint *out, size_t n_files, struct why *why);

/* shards.c: all files that an index names. */
krait_status krait__shards_open(struct checkpoint *out, const char *folder, const char *name, bool map,
	struct why *why);

#endif
