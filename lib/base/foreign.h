/* SPDX-License-Identifier: Apache-2.0 */
/* foreign.h - naming what lies where another kind of file was expected. */
#ifndef KRAIT_BASE_FOREIGN_H
#define KRAIT_BASE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* What the bytes are, with the remedy, to be put behind "NAME: "; NULL: nothing that is known here. */
const char *krait__foreign(const void *data, size_t n_data);

/* Whether a text begins with the byte order mark of UTF-8, which is 3 bytes long. */
bool krait__has_byte_order_mark(const char *text, size_t n_text);

#endif
