/* SPDX-License-Identifier: Apache-2.0 */
/* sizes.c - numbers of bytes and counts as people read them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sizes.h"

#include <stdio.h>

static const char *scaled(char out[SIZES_ROOM], double number, double step, const char *const *units)
{
	size_t i = 0;

	while (number >= step && units[i + 1]) {
		number /= step;
		i++;
	}
	snprintf(out, SIZES_ROOM, "%.*f%s", i && number < 100 ? 1 : 0, number, units[i]);
	return out;
}

const char *sizes_bytes(char out[SIZES_ROOM], double bytes)
{
	static const char *const units[] = { " bytes", " KiB", " MiB", " GiB", " TiB", NULL };

	return scaled(out, bytes, 1024, units);
}

const char *sizes_count(char out[SIZES_ROOM], double count)
{
	static const char *const units[] = { "", " thousand", " million", " billion", " trillion", NULL };

	return scaled(out, count, 1000, units);
}
