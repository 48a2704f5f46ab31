/* SPDX-License-Identifier: Apache-2.0 */
/* generation_rest.h - what a generation_config.json asks for and krait does not do. */
#ifndef KRAIT_MODEL_GENERATION_REST_H
#define KRAIT_MODEL_GENERATION_REST_H

#include "base/json_tree.h"
#include "model/model.h"

#define GENERATION_FILE "generation_config.json"

/* One remark that names each field that would change what transformers generates and has no effect here. */
void krait__generation_name_rest(struct krait_model *model, const struct json_value *file);

#endif
