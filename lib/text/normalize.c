/* SPDX-License-Identifier: Apache-2.0 */
/* normalize.c - normal forms with utf8proc's tables. The order of marks is made by counting,
 * so that a million of them cost no more than a million letters. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/normalize.h"
#include "base/utf8.h"
#include "text/grow.h"
#include "text/unicode.h"

#include <string.h>
#include <utf8proc.h>

#define DECOMPOSED_MOST 32              /* code points of one character; utf8proc's longest is 18 */

static bool composes(enum normal_step form)
{
	return form == NORMAL_NFC || form == NORMAL_NFKC;
}

/* A character that stays as it is in this form and does not join with what stands before it.
 * It may be left out of work, though the mark after it may change it. */
static bool is_inert(enum normal_step form, uint32_t c)
{
	if (form == NORMAL_NFD)
		return c < 0xc0;
	if (form != NORMAL_NFC)
		return c < 0xa0;
	return c < 0x300 || (c >= 0x400 && c <= 0x482) || (c >= 0x2010 && c <= 0x205e) || (c >= 0x3041 && c <= 0x3096)
		|| (c >= 0x30a1 && c <= 0x30fa) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3)
		|| (c >= 0x1f300 && c <= 0x1faff);
}

static int combining_class(int32_t c)
{
	return utf8proc_get_property(c)->combining_class;
}

/* Sorts n marks by class, equal ones in their order. */
static bool sort_marks(struct normal_work *work, int32_t *marks, size_t n)
{
	size_t starts[256] = { 0 }, sum = 0;

	work->steps += 2 * n;
	if (n < 2)
		return true;
	work->sorted.size = 0;
	if (!KRAIT_GROW(&work->sorted, n))
		return false;
	for (size_t i = 0; i < n; i++)
		starts[combining_class(marks[i])]++;
	for (size_t i = 0; i < 256; i++) {
		size_t count = starts[i];

		starts[i] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		work->sorted.items[starts[combining_class(marks[i])]++] = marks[i];
	memcpy(marks, work->sorted.items, n * sizeof(*marks));
	return true;
}

static bool sort_points(struct normal_work *work)
{
	int32_t *points = work->points.items;

	for (size_t i = 0; i < work->points.size;) {
		size_t start = i;

		while (i < work->points.size && combining_class(points[i]) != 0)
			i++;
		if (i > start && !sort_marks(work, points + start, i - start))
			return false;
		i += i == start;
	}
	return true;
}

static bool decompose(struct normal_work *work, enum normal_step form, const char *text, size_t n_text)
{
	unsigned options = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE;
	int boundary = 0;

	if (form == NORMAL_NFKC || form == NORMAL_NFKD)
		options |= UTF8PROC_COMPAT;
	work->points.size = 0;
	for (size_t i = 0; i < n_text;) {
		uint32_t c;
		utf8proc_ssize_t n;

		i += krait__char_at(&c, text + i);
		if (!KRAIT_GROW(&work->points, DECOMPOSED_MOST))
			return false;
		n = utf8proc_decompose_char((int32_t)c, work->points.items + work->points.size, DECOMPOSED_MOST, (utf8proc_option_t)options, &boundary);
		if (n < 0 || n > DECOMPOSED_MOST) {
			work->points.items[work->points.size] = (int32_t)c;
			n = 1;
		}
		work->points.size += (size_t)n;
		work->steps++;
	}
	return true;
}

static bool put_points(struct buffer *out, const int32_t *points, size_t n)
{
	if (n > SIZE_MAX / 4 || !krait__buffer_reserve(out, 4 * n))
		return false;
	for (size_t i = 0; i < n; i++)
		out->size += krait__utf8_put(out->data + out->size, (uint32_t)points[i]);
	out->data[out->size] = 0;
	return true;
}

static bool put_normal(struct normal_work *work, enum normal_step form, const char *text, size_t n_text, struct buffer *out)
{
	size_t n;

	if (!decompose(work, form, text, n_text) || !sort_points(work))
		return false;
	n = work->points.size;
	if (composes(form)) {
		utf8proc_ssize_t kept = utf8proc_normalize_utf32(work->points.items, (utf8proc_ssize_t)n, UTF8PROC_COMPOSE | UTF8PROC_STABLE);

		work->steps += n;
		if (kept >= 0)
			n = (size_t)kept;
	}
	return put_points(out, work->points.items, n);
}

/* The next stretch that has work: from the character before the first that is not inert up to
 * the next inert one. False: none is left. */
static bool next_stretch(enum normal_step form, const char *text, size_t n_text, size_t from, size_t *start, size_t *end)
{
	size_t at = from;
	uint32_t c;

	*start = from;
	while (at < n_text) {
		size_t n = krait__char_at(&c, text + at);

		if (!is_inert(form, c))
			break;
		*start = at;
		at += n;
	}
	if (at >= n_text)
		return false;
	while (at < n_text) {
		size_t n = krait__char_at(&c, text + at);

		if (is_inert(form, c))
			break;
		at += n;
	}
	*end = at;
	return true;
}

static bool apply_form(struct normal_work *work, enum normal_step form, const char *text, size_t n_text, struct buffer *out)
{
	size_t done = 0, start, end;

	while (next_stretch(form, text, n_text, done, &start, &end)) {
		if (!krait__buffer_add(out, text + done, start - done) || !put_normal(work, form, text + start, end - start, out))
			return false;
		done = end;
	}
	return krait__buffer_add(out, text + done, n_text - done);
}

static bool apply_lower(const char *text, size_t n_text, struct buffer *out)
{
	/* No character's lower case is longer than twice its own bytes. */
	if (n_text > SIZE_MAX / 2 || !krait__buffer_reserve(out, 2 * n_text))
		return false;
	for (size_t i = 0; i < n_text;) {
		uint32_t c, lower[2];
		size_t n;

		i += krait__char_at(&c, text + i);
		n = krait__lower(lower, c);
		for (size_t k = 0; k < n; k++)
			out->size += krait__utf8_put(out->data + out->size, lower[k]);
	}
	out->data[out->size] = 0;
	return true;
}

static bool changes(enum normal_step step, const char *text, size_t n_text)
{
	size_t start, end;

	if (step != NORMAL_LOWER)
		return next_stretch(step, text, n_text, 0, &start, &end);
	for (size_t i = 0; i < n_text; i++)
		if ((unsigned char)text[i] >= 0x80 || (text[i] >= 'A' && text[i] <= 'Z'))
			return true;
	return false;
}

bool krait__normalize(const struct normalizer *normalizer, struct normal_work *work, const char *text, size_t n_text,
	const char **out, size_t *n_out)
{
	*out = text;
	*n_out = n_text;
	for (size_t i = 0; i < normalizer->n_steps; i++) {
		enum normal_step step = normalizer->steps[i];
		struct buffer *into = &work->texts[*out == work->texts[0].data];

		work->steps += *n_out;
		if (!changes(step, *out, *n_out))
			continue;
		krait__buffer_clear(into);
		if (step == NORMAL_LOWER ? !apply_lower(*out, *n_out, into) : !apply_form(work, step, *out, *n_out, into))
			return false;
		*out = into->data;
		*n_out = into->size;
	}
	return true;
}

void krait__normal_work_free(struct normal_work *work)
{
	krait__buffer_free(&work->texts[0]);
	krait__buffer_free(&work->texts[1]);
	krait__free(work->points.items);
	krait__free(work->sorted.items);
	memset(work, 0, sizeof(*work));
}

static krait_status add_step(struct normalizer *out, const char *type, const char *what, struct why *why)
{
	static const char *const names[] = { "NFC", "NFD", "NFKC", "NFKD", "Lowercase" };
	struct quoted quoted;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(type, names[i]) != 0)
			continue;
		if (out->n_steps == NORMALIZER_STEPS)
			return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: normalizer has more than %d steps", what, NORMALIZER_STEPS);
		out->steps[out->n_steps++] = (enum normal_step)i;
		return KRAIT_OK;
	}
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: normalizer %s is not known: NFC, NFD, NFKC, NFKD, Lowercase and Sequence are",
		what, krait__quote(&quoted, type, SIZE_MAX));
}

static const char *type_of(const struct json_value *node)
{
	const char *type = krait__json_string(krait__json_get(node, "type"));

	return type ? type : "";
}

krait_status krait__normalizer_load(struct normalizer *out, const struct json_value *node, const char *what, struct why *why)
{
	const struct json_value *members = krait__json_get(node, "normalizers");
	krait_status status = KRAIT_OK;

	out->n_steps = 0;
	if (krait__json_is_null(node))
		return KRAIT_OK;
	if (strcmp(type_of(node), "Sequence") != 0)
		return add_step(out, type_of(node), what, why);
	if (!krait__json_is(members, JSON_VALUE_ARRAY))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'normalizer.normalizers' is missing or no array", what);
	for (size_t i = 0; i < krait__json_size(members) && status == KRAIT_OK; i++)
		status = add_step(out, type_of(krait__json_at(members, i)), what, why);
	return status;
}
