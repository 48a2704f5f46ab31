/* SPDX-License-Identifier: Apache-2.0 */
/* side_files.h - what stands beside the weights: tokenizer, template, generation defaults. */
#ifndef KRAIT_MODEL_SIDE_FILES_H
#define KRAIT_MODEL_SIDE_FILES_H

#include "model/model.h"

/* Reads tokenizer.json (or options->tokenizer), tokenizer_config.json, chat_template.jinja and
 * generation_config.json of `folder` into the model; each may be missing. `config` is the parsed
 * config.json; `hub`: it is one of transformers, whose eos_token_id counts. */
krait_status krait__side_files_read(struct krait_model *model, const char *folder, const json_t *config, bool hub,
	const char *tokenizer_path, struct why *why);

#endif
