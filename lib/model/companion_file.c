/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/companion_file.h"

#include "base/foreign.h"
#include "base/memory.h"
#include "model/companions.h"

#include <string.h>

#define TEXT_LIMIT (16u << 20)

/* Turns what is wrong with a file into a remark. Memory that is lacking says nothing about a file. */
static krait_status pass_over(struct krait_model *model, const char *name, krait_status status, struct why *why)
{
	if (status == KRAIT_ERROR_MEMORY)
		return status;
	if (strncmp(why->text, name, strlen(name)) == 0)
		krait__model_remark(model, "%s; the file is passed over", why->text);
	else
		krait__model_remark(model, "%s is passed over: %s", name, why->text);
	krait__why_clear(why);
	return KRAIT_OK;
}

static krait_status read_text(struct krait_model *model, char **out, size_t *n_out, const struct companion_folders *folders, const char *name,
	struct why *why)
{
	krait_status status = krait__file_text(out, n_out, folders->first, name, TEXT_LIMIT, true, why);

	if (status == KRAIT_OK && !*out && strcmp(folders->first, folders->second))
		status = krait__file_text(out, n_out, folders->second, name, TEXT_LIMIT, true, why);
	return status == KRAIT_OK ? KRAIT_OK : pass_over(model, name, status, why);
}

krait_status krait__companion_text(struct krait_model *model, char **out, size_t *n_out, const struct companion_folders *folders,
	const char *name, struct why *why)
{
	krait_status status = read_text(model, out, n_out, folders, name, why);
	const char *foreign;

	if (status != KRAIT_OK || !*out)
		return status;
	foreign = krait__foreign(*out, *n_out);
	if (foreign) {
		krait__free(*out);
		*out = NULL;
		*n_out = 0;
		krait__model_remark(model, "%s: %s; the file is passed over", name, foreign);
		return KRAIT_OK;
	}
	if (krait__has_byte_order_mark(*out, *n_out)) {
		*n_out -= 3;
		memmove(*out, *out + 3, *n_out + 1);
	}
	return KRAIT_OK;
}

krait_status krait__companion_object(struct krait_model *model, struct json_value **out, const struct companion_folders *folders,
	const char *name, struct why *why)
{
	char *text;
	size_t n_text;
	krait_status status = read_text(model, &text, &n_text, folders, name, why);

	*out = NULL;
	if (status != KRAIT_OK || !text)
		return status;
	*out = krait__json_read(text, n_text, name, why);
	if (*out && krait__has_byte_order_mark(text, n_text))
		krait__model_remark(model, "%s begins with a byte order mark, which is passed over", name);
	krait__free(text);
	if (!*out)
		return pass_over(model, name, why->status, why);
	if (krait__json_is(*out, JSON_VALUE_OBJECT))
		return KRAIT_OK;
	krait__json_free(*out);
	*out = NULL;
	krait__model_remark(model, "%s: an object is needed; the file is passed over", name);
	return KRAIT_OK;
}
