/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/foreign.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *bytes;
	size_t n;
	bool any_case;
	const char *says;
} beginnings[] = {
	{ "version https://git-lfs", 23, false,
	  "this is a pointer of Git LFS, which stands for the file: run `git lfs pull` in its folder, or download the file itself" },
	{ "version https://hawser", 22, false,
	  "this is a pointer of Git LFS, which stands for the file: run `git lfs pull` in its folder, or download the file itself" },
	{ "GGUF", 4, false,
	  "this is a GGUF file, which this build does not read: use the checkpoint in the format of transformers or mamba_ssm that it was made from" },
	{ "<!DOCTYPE html", 14, true, "this is a web page, perhaps one that says why a download failed: download the file itself" },
	{ "<html", 5, true, "this is a web page, perhaps one that says why a download failed: download the file itself" },
	{ "\xff\xfe", 2, false, "this is UTF-16 text: save it as UTF-8" },
	{ "\xfe\xff", 2, false, "this is UTF-16 text: save it as UTF-8" },
};

const char *krait__foreign(const void *data, size_t n_data)
{
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		size_t n = beginnings[i].n;

		if (n_data < n)
			continue;
		if (memcmp(data, beginnings[i].bytes, n) == 0 || (beginnings[i].any_case && strncasecmp(data, beginnings[i].bytes, n) == 0))
			return beginnings[i].says;
	}
	return NULL;
}

bool krait__has_byte_order_mark(const char *text, size_t n_text)
{
	return n_text >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
}
