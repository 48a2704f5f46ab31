/* SPDX-License-Identifier: Apache-2.0 */
/* weights_list.c - a checkpoint's list of weights: growing, sorting, finding, freeing. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "source/weights_list.h"
#include "base/buffer.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

krait_status krait__weights_reserve(struct checkpoint *checkpoint, size_t n, struct why *why)
{
	struct weight *more = krait__resize(checkpoint->weights, checkpoint->n_weights + n, sizeof(*more));

	if (!more)
		return krait__why_memory(why);
	checkpoint->weights = more;
	return KRAIT_OK;
}

void krait__weights_cut(struct checkpoint *checkpoint, size_t first)
{
	for (size_t i = first; i < checkpoint->n_weights; i++)
		krait__free(checkpoint->weights[i].name);
	checkpoint->n_weights = first;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct weight *)a)->name, ((const struct weight *)b)->name);
}

krait_status krait__weights_sort(struct checkpoint *checkpoint, size_t first, const char *what, struct why *why)
{
	struct weight *weights = checkpoint->weights;
	struct quoted name;

	if (checkpoint->n_weights > first)
		qsort(weights + first, checkpoint->n_weights - first, sizeof(*weights), by_name);
	for (size_t i = first + 1; i < checkpoint->n_weights; i++)
		if (strcmp(weights[i - 1].name, weights[i].name) == 0)
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: tensor %s is there twice; the model must be "
				"saved again", what, krait__quote(&name, weights[i].name, SIZE_MAX));
	return KRAIT_OK;
}

krait_status krait__weights_prefix(struct checkpoint *checkpoint, const char *prefix, const char *sign, struct why *why)
{
	if (!krait__checkpoint_find(checkpoint, sign))
		return KRAIT_OK;
	for (size_t i = 0; i < checkpoint->n_weights; i++) {
		struct buffer name = { 0 };

		if (!krait__buffer_add_text(&name, prefix) || !krait__buffer_add_text(&name,
			checkpoint->weights[i].name)) {
			krait__buffer_free(&name);
			return krait__why_memory(why);
		}
		krait__free(checkpoint->weights[i].name);
		checkpoint->weights[i].name = name.data;
	}
	return KRAIT_OK;
}

krait_status krait__weights_strip(struct checkpoint *checkpoint, const char *prefix, const char *sign, struct why *why)
{
	size_t n = strlen(prefix);

	if (!krait__checkpoint_find(checkpoint, sign))
		return KRAIT_OK;
	for (size_t i = 0; i < checkpoint->n_weights; i++) {
		char *name = checkpoint->weights[i].name;

		if (!strncmp(name, prefix, n))
			memmove(name, name + n, strlen(name + n) + 1);
	}
	return krait__weights_sort(checkpoint, 0, "the weights", why);
}

const struct weight *krait__checkpoint_find(const struct checkpoint *checkpoint, const char *name)
{
	struct weight wanted = { .name = (char *)(uintptr_t)name };

	return checkpoint->n_weights ? bsearch(&wanted, checkpoint->weights, checkpoint->n_weights, sizeof(wanted),
		by_name) : NULL;
}

bool krait__weight_contiguous(const struct weight *weight)
{
	uint64_t stride = 1;

	for (uint32_t i = 0; i < weight->rank; i++)
		if (weight->shape[i] == 0)
			return true;
	for (uint32_t i = weight->rank; i-- > 0; stride *= weight->shape[i])
		if (weight->shape[i] != 1 && (uint64_t)weight->stride[i] != stride)
			return false;
	return true;
}
