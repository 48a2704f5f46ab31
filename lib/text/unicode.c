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

/* Letters and digits of Unicode 15.1 and 16, for tables of utf8proc that are older: there they
 * are unassigned. Tokenizers were trained with newer ones. */
static const struct { uint32_t first, last; enum char_class class; } newer[] = {
	{ 0x1c89, 0x1c8a, CLASS_LETTER }, { 0xa7cb, 0xa7cd, CLASS_LETTER }, { 0xa7da, 0xa7dc, CLASS_LETTER },
	{ 0x105c0, 0x105f3, CLASS_LETTER }, { 0x10d40, 0x10d49, CLASS_NUMBER }, { 0x10d4a, 0x10d65, CLASS_LETTER },
	{ 0x10d6f, 0x10d85, CLASS_LETTER }, { 0x10ec2, 0x10ec4, CLASS_LETTER }, { 0x11380, 0x11389, CLASS_LETTER },
	{ 0x1138b, 0x1138b, CLASS_LETTER }, { 0x1138e, 0x1138e, CLASS_LETTER }, { 0x11390, 0x113b5, CLASS_LETTER },
	{ 0x113b7, 0x113b7, CLASS_LETTER }, { 0x113d1, 0x113d1, CLASS_LETTER }, { 0x113d3, 0x113d3, CLASS_LETTER },
	{ 0x116d0, 0x116e3, CLASS_NUMBER }, { 0x11bc0, 0x11be0, CLASS_LETTER }, { 0x11bf0, 0x11bf9, CLASS_NUMBER },
	{ 0x13460, 0x143fa, CLASS_LETTER }, { 0x16100, 0x1611d, CLASS_LETTER }, { 0x16130, 0x16139, CLASS_NUMBER },
	{ 0x16d40, 0x16d6c, CLASS_LETTER }, { 0x16d70, 0x16d79, CLASS_NUMBER }, { 0x18cff, 0x18cff, CLASS_LETTER },
	{ 0x1ccf0, 0x1ccf9, CLASS_NUMBER }, { 0x1e5d0, 0x1e5ed, CLASS_LETTER }, { 0x1e5f0, 0x1e5f0, CLASS_LETTER },
	{ 0x1e5f1, 0x1e5fa, CLASS_NUMBER }, { 0x2ebf0, 0x2ee5d, CLASS_LETTER },
};

static enum char_class class_of_unassigned(uint32_t c)
{
	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
		if (c >= newer[i].first && c <= newer[i].last)
			return newer[i].class;
	return CLASS_OTHER;
}

static uint32_t lower_of_unassigned(uint32_t c)
{
	static const uint32_t pairs[][2] = {
		{ 0x1c89, 0x1c8a }, { 0xa7cb, 0x264 }, { 0xa7cc, 0xa7cd }, { 0xa7da, 0xa7db }, { 0xa7dc, 0x19b },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (c == pairs[i][0])
			return pairs[i][1];
	return c >= 0x10d50 && c <= 0x10d65 ? c + 0x20 : c;
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
	if (category == UTF8PROC_CATEGORY_CN)
		return class_of_unassigned(c);
	return is_number_category(category) ? CLASS_NUMBER : CLASS_OTHER;
}

bool krait__is_numeric(uint32_t c)
{
	return krait__class_of(c) == CLASS_NUMBER;
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
	if (category == UTF8PROC_CATEGORY_CN)
		return class_of_unassigned(c) != CLASS_OTHER;
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
	if (c < 0x80)
		out[0] = c >= 'A' && c <= 'Z' ? c + 32 : c;
	else if (utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_CN)
		out[0] = lower_of_unassigned(c);
	else
		out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
	return 1;
}
