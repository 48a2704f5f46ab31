/* SPDX-License-Identifier: Apache-2.0 */
/* foreign_folder.h - naming a folder that holds something else than a checkpoint that krait reads. */
#ifndef KRAIT_SOURCE_FOREIGN_FOLDER_H
#define KRAIT_SOURCE_FOREIGN_FOLDER_H

#include "base/why.h"

/* UNSUPPORTED, with what it is and what to do: GGUF files, an adapter, Mistral's layout. OK: nothing known was found.
 * */
krait_status krait__folder_foreign(const char *folder, struct why *why);

#endif
