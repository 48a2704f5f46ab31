/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.h - bytes that grow. Zero-initialise; a zero byte always stands behind the data. */
#ifndef KRAIT_BASE_BUFFER_H
#define KRAIT_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data;             /* NULL while nothing was reserved */
	size_t size, room;
};

/* False: out of memory, and the buffer is as it was. */
bool krait__buffer_reserve(struct buffer *buffer, size_t more);
bool krait__buffer_add(struct buffer *buffer, const void *data, size_t size);
bool krait__buffer_add_text(struct buffer *buffer, const char *text);
bool krait__buffer_print(struct buffer *buffer, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 2, 3)))
#endif
	;
void krait__buffer_clear(struct buffer *buffer);        /* keeps the room */
void krait__buffer_free(struct buffer *buffer);

#endif
