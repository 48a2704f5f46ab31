/* SPDX-License-Identifier: Apache-2.0 */
/* weights_list.h - what the readers of files share: a checkpoint's list of weights. */
#ifndef KRAIT_SOURCE_WEIGHTS_LIST_H
#define KRAIT_SOURCE_WEIGHTS_LIST_H

#include "source/checkpoint.h"

#define KRAIT__MOST_WEIGHTS 100000u     /* of one file */
#define KRAIT__LONGEST_NAME 4096u

/* Room for n more; n_weights stays. */
krait_status krait__weights_reserve(struct checkpoint *checkpoint, size_t n, struct why *why);

/* Frees the weights from `first` on. */
void krait__weights_cut(struct checkpoint *checkpoint, size_t first);

/* Sorts those from `first` on by name; FORMAT when a name stands there twice. `what` is where. */
krait_status krait__weights_sort(struct checkpoint *checkpoint, size_t first, const char *what, struct why *why);

/* Puts `prefix` before all names where there is a tensor named `sign`: the backbone of a language model
 * that was saved by itself. */
krait_status krait__weights_prefix(struct checkpoint *checkpoint, const char *prefix, const char *sign,
	struct why *why);

/* Takes `prefix` off all names where there is a tensor named `sign`. */
krait_status krait__weights_strip(struct checkpoint *checkpoint, const char *prefix, const char *sign, struct why *why);

#endif
