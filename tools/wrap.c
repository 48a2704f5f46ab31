/* SPDX-License-Identifier: Apache-2.0 */
/* wrap.c - lines that break between words at the edge of a terminal. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "wrap.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

static void end_word(struct wrap *wrap)
{
	wrap->n_word = wrap->word_width = 0;
	wrap->long_word = false;
}

void wrap_skip(struct wrap *wrap, size_t columns)
{
	end_word(wrap);
	wrap->column += columns;
}

static bool new_line(struct wrap *wrap)
{
	wrap->column = 0;
	return wrap->write("\n", 1);
}

static bool write_blank(struct wrap *wrap, char blank)
{
	size_t width = blank == '\t' ? 8 - wrap->column % 8 : 1;

	end_word(wrap);
	if (blank == '\n' || (wrap->width && wrap->column + width >= wrap->width))
		return new_line(wrap);
	wrap->column += width;
	return wrap->write(&blank, 1);
}

/* Takes the beginning of the word off this line and puts it on the next one. */
static bool carry_word(struct wrap *wrap)
{
	char back[32];
	int n = snprintf(back, sizeof back, "\033[%zuD\033[K\n", wrap->word_width);

	wrap->column = wrap->word_width;
	return wrap->write(back, (size_t)n) && wrap->write(wrap->word, wrap->n_word);
}

static bool make_room(struct wrap *wrap, size_t width)
{
	bool carried = wrap->word_width && !wrap->long_word && wrap->word_width < wrap->column
		&& wrap->word_width + width < wrap->width;

	if (carried)
		return carry_word(wrap);
	end_word(wrap);
	return new_line(wrap);
}

static bool write_character(struct wrap *wrap, const char *text, size_t n, size_t width)
{
	/* A line may break before each wide character, as Chinese and Japanese are written. */
	if (width > 1)
		end_word(wrap);
	/* The last column stays free: what a terminal does behind it differs. */
	if (wrap->width && wrap->column && wrap->column + width >= wrap->width && !make_room(wrap, width))
		return false;
	wrap->column += width;
	wrap->word_width += width;
	if (wrap->n_word + n <= sizeof wrap->word) {
		memcpy(wrap->word + wrap->n_word, text, n);
		wrap->n_word += n;
	} else {
		wrap->long_word = true;
	}
	return wrap->write(text, n);
}

bool wrap_write(struct wrap *wrap, const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		mbstate_t state;
		wchar_t c;
		size_t size;
		int width;

		if (text[i] == ' ' || text[i] == '\t' || text[i] == '\n') {
			if (!write_blank(wrap, text[i++]))
				return false;
			continue;
		}
		memset(&state, 0, sizeof state);
		size = mbrtowc(&c, text + i, n - i, &state);
		if (size == 0 || size > n - i) {
			size = 1;
			c = L'?';
		}
		width = wcwidth(c);
		if (!write_character(wrap, text + i, size, width > 0 ? (size_t)width : 0))
			return false;
		i += size;
	}
	return true;
}
