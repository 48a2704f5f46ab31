/* SPDX-License-Identifier: Apache-2.0 */
/* zip.h - the archive that torch writes: one folder, everything stored, nothing compressed. */
#ifndef KRAIT_SOURCE_ZIP_H
#define KRAIT_SOURCE_ZIP_H

#include "base/file.h"

struct zip_entry {
	const char *name;               /* behind "prefix/", in the view, no zero behind it */
	size_t n_name;
	const unsigned char *data;
	uint64_t size;
	uint64_t place;                 /* of its local header */
};

struct zip {
	struct zip_entry *entries;      /* sorted by name */
	size_t n_entries;
};

/* Checks the whole archive: the central directory is the authority, and every local header must
 * agree with it. Nothing may overlap, be there twice, be compressed or encrypted. */
krait_status krait__zip_open(struct zip *out, const struct file_view *view, const char *what, struct why *why);
void krait__zip_close(struct zip *zip);
const struct zip_entry *krait__zip_find(const struct zip *zip, const char *name, size_t n_name);

#endif
