/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/memory.h"
#include "base/size.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool krait__buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t need, room = buffer->room ? buffer->room : 64;
	char *data;

	if (!krait__add_size(&need, buffer->size, more) || !krait__add_size(&need, need, 1))
		return false;
	if (need <= buffer->room)
		return true;
	while (room < need)
		if (!krait__mul_size(&room, room, 2))
			room = need;
	data = krait__resize(buffer->data, room, 1);
	if (!data)
		return false;
	data[buffer->size] = 0;
	buffer->data = data;
	buffer->room = room;
	return true;
}

bool krait__buffer_add(struct buffer *buffer, const void *data, size_t size)
{
	if (!krait__buffer_reserve(buffer, size))
		return false;
	if (size)
		memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	buffer->data[buffer->size] = 0;
	return true;
}

bool krait__buffer_add_text(struct buffer *buffer, const char *text)
{
	return krait__buffer_add(buffer, text, strlen(text));
}

bool krait__buffer_print(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (n < 0 || !krait__buffer_reserve(buffer, (size_t)n))
		return false;
	va_start(arguments, format);
	vsnprintf(buffer->data + buffer->size, (size_t)n + 1, format, arguments);
	va_end(arguments);
	buffer->size += (size_t)n;
	return true;
}

void krait__buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
	if (buffer->data)
		buffer->data[0] = 0;
}

void krait__buffer_free(struct buffer *buffer)
{
	krait__free(buffer->data);
	memset(buffer, 0, sizeof(*buffer));
}
