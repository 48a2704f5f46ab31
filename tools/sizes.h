/* SPDX-License-Identifier: Apache-2.0 */
/* sizes.h - numbers of bytes and counts as people read them. */
#ifndef TOOLS_SIZES_H
#define TOOLS_SIZES_H

#include <stddef.h>

#define SIZES_ROOM 32

const char *sizes_bytes(char out[SIZES_ROOM], double bytes);            /* "7.1 MiB" */
const char *sizes_count(char out[SIZES_ROOM], double count);            /* "3.7 million" */

#endif
