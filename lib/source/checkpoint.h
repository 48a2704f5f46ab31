/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h - the tensors of a published checkpoint, by name, whatever file they lie in. */
#ifndef KRAIT_SOURCE_CHECKPOINT_H
#define KRAIT_SOURCE_CHECKPOINT_H

#include "base/dtype.h"
#include "base/file.h"

struct weight {
	char *name;                     /* as in the file */
	enum dtype type;
	uint32_t rank;
	uint64_t shape[8];
	int64_t stride[8];              /* in elements */
	const unsigned char *data;      /* the first element; may be unaligned; NULL when it has no elements */
	/* bytes from data to the end of its storage: everything that the strides reach lies within */
	uint64_t span;
};

struct checkpoint {
	struct file_view *files;
	char **file_names;
	size_t n_files;
	struct weight *weights;         /* sorted by name */
	size_t n_weights;
};

/* `path` is a folder, or one weight file. In a folder, the first of these that is there: model.safetensors,
 * model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json, consolidated.safetensors. */
krait_status krait__checkpoint_open(struct checkpoint *out, const char *path, bool map, struct why *why);
void krait__checkpoint_close(struct checkpoint *checkpoint);
const struct weight *krait__checkpoint_find(const struct checkpoint *checkpoint, const char *name);
bool krait__weight_contiguous(const struct weight *weight);

/* The readers of one file each: they append to checkpoint->weights. The view stays the caller's.
 * `name` is for errors. */
krait_status krait__torch_read(struct checkpoint *out, const struct file_view *view, const char *name, struct why *why);
krait_status krait__safetensors_read(struct checkpoint *out, const struct file_view *view, const char *name,
	struct why *why);

#endif
