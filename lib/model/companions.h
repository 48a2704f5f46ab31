/* SPDX-License-Identifier: Apache-2.0 */
/* companions.h - the texts that lie beside weights: tokenizer, chat template, special tokens, generation. */
#ifndef KRAIT_MODEL_COMPANIONS_H
#define KRAIT_MODEL_COMPANIONS_H

#include "base/json_tree.h"
#include "model/model.h"

/* `folder` is the model's. `tokenizer` is KRAIT_OPTION_TOKENIZER or NULL. `config` is a config.json
 * whose eos_token_id counts, or NULL. Every file but a tokenizer that was asked for may be missing. */
krait_status krait__companions_load(struct krait_model *model, const char *folder, const char *tokenizer, const struct json_value *config,
	struct why *why);

/* One more remark for krait_model_note. */
void krait__model_remark(struct krait_model *model, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 2, 3)))
#endif
	;

/* The folder that a file lies in: "." when its path has no slash. NULL: no memory. */
char *krait__folder_of(const char *path);

#endif
