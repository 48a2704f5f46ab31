/* SPDX-License-Identifier: Apache-2.0 */
/* installed.c - krait_installed_*: which models have a name. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "model/installed.h"
#include "model/published.h"

struct krait_installed {
	struct installed_list list;
};

krait_status krait_installed_open(krait_installed **out)
{
	krait_installed *installed;
	struct why why;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	installed = krait__alloc_zero(1, sizeof(*installed));
	if (!installed || krait__installed_list(&installed->list, &why) != KRAIT_OK) {
		krait__free(installed);
		return KRAIT_ERROR_MEMORY;
	}
	*out = installed;
	return KRAIT_OK;
}

void krait_installed_free(krait_installed *installed)
{
	if (!installed)
		return;
	krait__installed_list_free(&installed->list);
	krait__free(installed);
}

size_t krait_installed_count(const krait_installed *installed)
{
	return installed ? installed->list.n : 0;
}

static const struct installed_entry *at(const krait_installed *installed, size_t index)
{
	return installed && index < installed->list.n ? &installed->list.entries[index] : NULL;
}

const char *krait_installed_name(const krait_installed *installed, size_t index)
{
	const struct installed_entry *entry = at(installed, index);

	return entry ? entry->name : NULL;
}

const char *krait_installed_path(const krait_installed *installed, size_t index)
{
	const struct installed_entry *entry = at(installed, index);

	return entry ? entry->path : NULL;
}

const char *krait_installed_about(const krait_installed *installed, size_t index)
{
	const struct installed_entry *entry = at(installed, index);

	return entry ? entry->about : NULL;
}

uint64_t krait_installed_size(const krait_installed *installed, size_t index)
{
	const struct installed_entry *entry = at(installed, index);

	return entry ? entry->size : 0;
}

int krait_installed_whole(const krait_installed *installed, size_t index)
{
	const struct installed_entry *entry = at(installed, index);

	return entry && entry->whole;
}

const char *krait_installed_cache(const krait_installed *installed)
{
	return installed ? installed->list.cache : NULL;
}

const char *krait_installed_tokenizer(const krait_installed *installed, const char *name)
{
	const struct published *published = installed && name ? krait__published(name) : NULL;

	return published ? published->tokenizer : NULL;
}
