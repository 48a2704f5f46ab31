/* SPDX-License-Identifier: Apache-2.0 */
/* companion_file.h - reading a file that the model can do without: a flaw in it is a remark, not an error. */
#ifndef KRAIT_MODEL_COMPANION_FILE_H
#define KRAIT_MODEL_COMPANION_FILE_H

#include "base/json_tree.h"
#include "model/model.h"

/* Where companions are looked for: the tokenizer's folder, then the model's. */
struct companion_folders { const char *first, *second; };

/* *out NULL and KRAIT_OK where there is none, or where it is no use: then model->note says why.
 * Only MEMORY is an error. The first gives text without a byte order mark, the caller's to free. */
krait_status krait__companion_text(struct krait_model *model, char **out, size_t *n_out, const struct companion_folders *folders,
	const char *name, struct why *why);
krait_status krait__companion_object(struct krait_model *model, struct json_value **out, const struct companion_folders *folders,
	const char *name, struct why *why);

#endif
