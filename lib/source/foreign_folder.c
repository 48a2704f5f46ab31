/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "source/foreign_folder.h"

#include "base/file.h"
#include "base/memory.h"

#include <string.h>

static bool holds(const char *folder, const char *name)
{
	char *path = krait__file_join(folder, name);
	struct stat about;
	bool found = path && krait__files.stat_path(path, &about) == 0;

	krait__free(path);
	return found;
}

/* *out NULL: no name in the folder ends so. A folder that cannot be listed holds nothing that is known. */
static krait_status find_ending(char **out, const char *folder, const char *ending, struct why *why)
{
	struct file_names names;
	krait_status status = krait__file_names(&names, folder, why);
	size_t n_ending = strlen(ending);

	*out = NULL;
	if (status == KRAIT_ERROR_MEMORY)
		return status;
	if (status != KRAIT_OK) {
		krait__why_clear(why);
		return KRAIT_OK;
	}
	for (size_t i = 0; i < names.n && !*out && status == KRAIT_OK; i++) {
		size_t n = strlen(names.names[i]);

		if (n < n_ending || strcmp(names.names[i] + n - n_ending, ending))
			continue;
		*out = krait__copy_text(names.names[i]);
		status = *out ? KRAIT_OK : krait__why_memory(why);
	}
	krait__file_names_free(&names);
	return status;
}

krait_status krait__folder_foreign(const char *folder, struct why *why)
{
	struct quoted quoted, file;
	char *name = NULL;
	krait_status status;

	krait__quote(&quoted, folder, SIZE_MAX);
	if (holds(folder, "adapter_config.json"))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "folder %s holds an adapter of PEFT "
			"(adapter_config.json), which is no model by itself: "
			"merge it into its base model (merge_and_unload, then save_pretrained) and open that",
			quoted.text);
	if (holds(folder, "params.json") && !holds(folder, "config.json"))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "folder %s has no config.json but a params.json of "
			"Mistral's own layout that is "
			"none of a Mamba (its 'model_type' is not 'mamba')", quoted.text);
	status = find_ending(&name, folder, ".gguf", why);
	if (status != KRAIT_OK || !name)
		return status;
	krait__why(why, KRAIT_ERROR_UNSUPPORTED, "folder %s holds GGUF files (%s), which this build does not read: "
		"use the checkpoint in the format of transformers or mamba_ssm that they were made from", quoted.text,
		krait__quote(&file, name, SIZE_MAX));
	krait__free(name);
	return why->status;
}
