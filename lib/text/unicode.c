/* SPDX-License-Identifier: Apache-2.0 */
/* unicode.c - classes of characters, from utf8proc's categories. */
#include "text/unicode.h"

#include <utf8proc.h>

#define O CLASS_OTHER
#define L CLASS_LETTER
#define N CLASS_NUMBER
#define S CLASS_SPACE
const unsigned char krait__ascii_class[128] = {
	O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O,
	O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
	O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
};
#undef O
#undef L
#undef N
#undef S

bool krait__is_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= 9 && c <= 13);
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029
		|| c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool is_letter_category(utf8proc_category_t category)
{
	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static bool is_number_category(utf8proc_category_t category)
{
	return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

enum char_class krait__class_of_wide(uint32_t c)
{
	utf8proc_category_t category;

	if (krait__is_space(c))
		return CLASS_SPACE;
	category = utf8proc_category((utf8proc_int32_t)c);
	if (is_letter_category(category))
		return CLASS_LETTER;
	return is_number_category(category) ? CLASS_NUMBER : CLASS_OTHER;
}

bool krait__is_numeric(uint32_t c)
{
	return is_number_category(utf8proc_category((utf8proc_int32_t)c));
}

bool krait__is_punctuation(uint32_t c)
{
	utf8proc_category_t category;

	if (c < 0x80)
		return c > ' ' && c < 0x7f && krait__ascii_class[c] == CLASS_OTHER;
	category = utf8proc_category((utf8proc_int32_t)c);
	return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool krait__is_word(uint32_t c)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);

	if (is_letter_category(category) || (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME))
		return true;
	if (category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_PC)
		return true;
	/* Joiners, and the circled and squared letters, which are symbols that count as alphabetic. */
	return c == 0x200c || c == 0x200d || (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149)
		|| (c >= 0x1f150 && c <= 0x1f169) || (c >= 0x1f170 && c <= 0x1f189);
}

size_t krait__lower(uint32_t out[2], uint32_t c)
{
	if (c == 0x130) {
		out[0] = 'i';
		out[1] = 0x307;
		return 2;
	}
	out[0] = c < 0x80 ? (c >= 'A' && c <= 'Z' ? c + 32 : c) : (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
	return 1;
}
