/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

void golden_open(struct golden *golden, const char *path)
{
	struct why why = { 0 };

	memset(golden, 0, sizeof(*golden));
	ck_assert_msg(krait__file_view(&golden->view, path, true, 0, &why) == KRAIT_OK, "%s", why.text);
	ck_assert_msg(krait__safetensors_read(&golden->tensors, &golden->view, path, &why) == KRAIT_OK, "%s", why.text);
}

void golden_close(struct golden *golden)
{
	krait__checkpoint_close(&golden->tensors);
	krait__file_close(&golden->view);
}

static const struct weight *find(const struct golden *golden, const char *name, size_t *n)
{
	for (size_t i = 0; i < golden->tensors.n_weights; i++) {
		const struct weight *weight = &golden->tensors.weights[i];

		if (strcmp(weight->name, name) != 0)
			continue;
		*n = 1;
		for (uint32_t axis = 0; axis < weight->rank; axis++)
			*n *= (size_t)weight->shape[axis];
		return weight;
	}
	*n = 0;
	return NULL;
}

double *golden_doubles(const struct golden *golden, const char *name, size_t *n)
{
	const struct weight *weight = find(golden, name, n);
	double *out;

	if (!weight)
		return NULL;
	ck_assert_int_eq(weight->type, DTYPE_F64);
	out = malloc(*n * sizeof(*out));
	memcpy(out, weight->data, *n * sizeof(*out));
	return out;
}

krait_token *golden_tokens(const struct golden *golden, const char *name, size_t *n)
{
	const struct weight *weight = find(golden, name, n);
	krait_token *out;

	ck_assert_msg(weight != NULL, "%s is missing", name);
	ck_assert_int_eq(weight->type, DTYPE_I32);
	out = malloc(*n * sizeof(*out));
	memcpy(out, weight->data, *n * sizeof(*out));
	return out;
}
