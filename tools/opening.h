/* SPDX-License-Identifier: Apache-2.0 */
/* opening.h - from the options that every verb takes to an open model. */
#ifndef TOOLS_OPENING_H
#define TOOLS_OPENING_H

#include "krait.h"
#include "options.h"

#include <jansson.h>

#define OPENING_DEFAULT_MODEL "demo"

/* Options of the library for `common`; NULL after saying why, *status being the exit status. */
krait_options *opening_options(const struct common *common, int *status);

/* Opens the model with a progress bar. -1 when it is open; otherwise the exit status, the
 * reason having been said, and *out is NULL. */
int opening_model(krait_model **out, const struct common *common, bool inspect);

/* Tells the model's note, if there is one. */
void opening_note(const krait_model *model);

/* The same for a verb that works on text: -1, or STATUS_FAILED after saying that there is no tokenizer, and why. */
int opening_text(const krait_model *model);

/* For a verb that generates or scores: -1, or STATUS_FAILED after saying that the model has no head. */
int opening_head(const krait_model *model);

/* The model and a new session on it, which Ctrl-C cancels from now on; both for work on text. */
int opening_session(krait_model **model, krait_session **session, const struct common *common);

/* krait_model_info as an object; an empty one where it cannot be read. */
json_t *opening_info(const krait_model *model);

#endif
