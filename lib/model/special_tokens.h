/* SPDX-License-Identifier: Apache-2.0 */
/* special_tokens.h - the texts of special tokens and the chat template, from the tokenizer's companions. */
#ifndef KRAIT_MODEL_SPECIAL_TOKENS_H
#define KRAIT_MODEL_SPECIAL_TOKENS_H

#include "model/companion_file.h"

/* Fills in model->special_tokens and model->chat_template from tokenizer_config.json, special_tokens_map.json
 * and the files of templates. *configured: there is a tokenizer_config.json. */
krait_status krait__texts_load(struct krait_model *model, const struct companion_folders *folders, bool *configured, struct why *why);

/* A special token by name ("eos_token"); NULL: none. */
const struct special_token *krait__special_find(const struct krait_model *model, const char *name);

/* Sets one, in place of what it was. */
krait_status krait__special_set(struct krait_model *model, const char *name, const char *text, size_t n_text, struct why *why);

void krait__specials_free(struct krait_model *model);

#endif
