/* SPDX-License-Identifier: Apache-2.0 */
#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

krait_status krait__why(struct why *why, krait_status status, const char *format, ...)
{
	va_list arguments;

	if (!why)
		return status;
	why->status = status;
	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	va_end(arguments);
	return status;
}

krait_status krait__why_memory(struct why *why)
{
	return krait__why(why, KRAIT_ERROR_MEMORY, "out of memory");
}

void krait__why_clear(struct why *why)
{
	why->status = KRAIT_OK;
	why->text[0] = 0;
}

void krait__why_prefix(struct why *why, const char *prefix)
{
	size_t size, n;

	if (!why)
		return;
	size = sizeof(why->text);
	n = strlen(prefix) + 2;
	if (n >= size)
		return;
	memmove(why->text + n, why->text, size - n);
	why->text[size - 1] = 0;
	memcpy(why->text, prefix, n - 2);
	memcpy(why->text + n - 2, ": ", 2);
}
