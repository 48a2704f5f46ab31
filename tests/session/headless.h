/* SPDX-License-Identifier: Apache-2.0 */
/* headless.h - golden models as what is below their heads: what `model.backbone.save_pretrained` leaves. */
#ifndef KRAIT_TESTS_SESSION_HEADLESS_H
#define KRAIT_TESTS_SESSION_HEADLESS_H

#include "kit.h"

/* A new folder with the golden model `name`, a language model of transformers, without a head: its architecture ends
 * in "Model", and names begin with `prefix` or, where that is NULL, as they are. */
const char *headless_folder(const char *name, const char *prefix);

/* The same, the configuration still being that of a language model. */
const char *headless_folder_of_language_model(const char *name);

#endif
