/* SPDX-License-Identifier: Apache-2.0 */
/* pretokenize.c - running the steps of a pre-tokenizer. Steps behind ByteLevel see the spelling
 * of the bytes as characters, as the original's do; otherwise that spelling is never made. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/pretokenize.h"
#include "text/alphabet.h"
#include "text/grow.h"
#include "text/unicode.h"

#include <string.h>

/* The text being cut, its pieces, and where the next of each is built. */
struct state {
	const struct pre_step *step;
	struct pre_work *work;
	const char *text;
	struct pieces *pieces, *next;
	unsigned spare;                 /* the buffer of work->texts that is free */
	bool spelled;
};

static krait_status memory_unless(bool ok)
{
	return ok ? KRAIT_OK : KRAIT_ERROR_MEMORY;
}

static bool matches_char(const struct pre_step *step, uint32_t c)
{
	return step->kind == PRE_DIGITS ? krait__is_numeric(c) : krait__is_punctuation(c);
}

static bool cut_chars(const struct state *s, struct text_piece p, struct cutter *cutter)
{
	size_t last = p.start;

	for (size_t at = p.start; at < p.end;) {
		uint32_t c;
		size_t n = krait__char_at(&c, s->text + at);

		if (matches_char(s->step, c)) {
			if ((at > last && !krait__cut(cutter, last, at, false)) || !krait__cut(cutter, at, at + n, true))
				return false;
			last = at + n;
		}
		at += n;
	}
	s->work->steps += p.end - p.start;
	return (p.end == last || krait__cut(cutter, last, p.end, false)) && krait__cut_end(cutter);
}

static bool cut_literal(const struct state *s, struct text_piece p, struct cutter *cutter)
{
	size_t last = p.start;

	s->work->steps += p.end - p.start;
	while (s->step->n_literal && last < p.end) {
		const char *hit = memmem(s->text + last, p.end - last, s->step->literal, s->step->n_literal);
		size_t at;

		if (!hit)
			break;
		at = (size_t)(hit - s->text);
		if ((at > last && !krait__cut(cutter, last, at, false)) || !krait__cut(cutter, at, at + s->step->n_literal, true))
			return false;
		last = at + s->step->n_literal;
	}
	return (p.end == last || krait__cut(cutter, last, p.end, false)) && krait__cut_end(cutter);
}

/* An empty match right behind the last match is passed over by one character, so that each
 * turn of the loop moves on. */
static krait_status cut_regex(const struct state *s, struct text_piece p, struct cutter *cutter)
{
	const char *text = s->text + p.start;
	size_t n = p.end - p.start, from = 0, last = 0, last_match = SIZE_MAX;
	bool ok = true;

	s->work->steps += n;
	while (ok && from <= n) {
		size_t start, end;
		bool found;
		krait_status status = krait__regex_find(s->step->regex, &s->work->regex, text, n, from, &found, &start, &end);

		if (status != KRAIT_OK)
			return status;
		if (!found)
			break;
		s->work->steps++;
		if (start == end && end == last_match) {
			uint32_t c;

			from += from < n ? krait__char_at(&c, text + from) : 1;
			continue;
		}
		from = last_match = end;
		ok = (start == last || krait__cut(cutter, p.start + last, p.start + start, false))
			&& krait__cut(cutter, p.start + start, p.start + end, true);
		last = end;
	}
	ok = ok && (n == last || krait__cut(cutter, p.start + last, p.end, false)) && krait__cut_end(cutter);
	return memory_unless(ok);
}

/* Cuts every piece with the current step. */
static krait_status cut_all(struct state *s)
{
	struct cutter cutter = { .out = s->next, .behaviour = s->step->behaviour, .invert = s->step->invert };
	krait_status status = KRAIT_OK;
	struct pieces *done = s->pieces;

	s->next->size = 0;
	for (size_t i = 0; i < done->size && status == KRAIT_OK; i++) {
		struct text_piece p = done->items[i];

		if (s->step->scanner != SCAN_NONE)
			status = memory_unless(krait__scan_all(s->step->scanner, s->text, p.start, p.end, &cutter, &s->work->steps));
		else if (s->step->regex)
			status = cut_regex(s, p, &cutter);
		else if (s->step->kind == PRE_SPLIT)
			status = memory_unless(cut_literal(s, p, &cutter));
		else
			status = memory_unless(cut_chars(s, p, &cutter));
	}
	s->pieces = s->next;
	s->next = done;
	return status;
}

/* Copies every piece into the spare buffer through `copy` and makes that the text. */
static bool rebuild(struct state *s, bool (*copy)(struct buffer *out, const char *text, size_t n_text))
{
	struct buffer *out = &s->work->texts[s->spare];

	krait__buffer_clear(out);
	for (size_t i = 0; i < s->pieces->size; i++) {
		struct text_piece *p = &s->pieces->items[i];
		size_t start = out->size;

		if (!copy(out, s->text + p->start, p->end - p->start))
			return false;
		s->work->steps += p->end - p->start;
		*p = (struct text_piece){ start, out->size };
	}
	s->text = out->data;
	s->spare = !s->spare;
	return true;
}

static bool copy_with_space(struct buffer *out, const char *text, size_t n_text)
{
	return (text[0] == ' ' || krait__buffer_add(out, " ", 1)) && krait__buffer_add(out, text, n_text);
}

static bool copy_unspelled(struct buffer *out, const char *text, size_t n_text)
{
	size_t n;

	if (!krait__buffer_reserve(out, n_text))
		return false;
	n = krait__alphabet_read(out->data + out->size, text, n_text);
	out->size += n == SIZE_MAX ? 0 : n;
	return true;
}

static krait_status bytes_step(struct state *s, bool last)
{
	krait_status status = KRAIT_OK;

	if (s->step->prefix_space && s->pieces->size && !rebuild(s, copy_with_space))
		return KRAIT_ERROR_MEMORY;
	if (s->step->scanner != SCAN_NONE)
		status = cut_all(s);
	if (status != KRAIT_OK || last || !s->pieces->size)
		return status;
	s->spelled = true;
	return memory_unless(rebuild(s, krait__alphabet_spell));
}

krait_status krait__pretokenize(const struct pretokenizer *pretokenizer, struct pre_work *work, const char *text, size_t n_text,
	const char **bytes, const struct pieces **pieces)
{
	struct state s = { NULL, work, text, &work->pieces[0], &work->pieces[1], 0, false };
	krait_status status = KRAIT_OK;

	s.pieces->size = 0;
	if (!KRAIT_GROW(s.pieces, 1))
		return KRAIT_ERROR_MEMORY;
	if (n_text)
		s.pieces->items[s.pieces->size++] = (struct text_piece){ 0, n_text };
	work->regex.budget = 10000000 + 256 * (uint64_t)n_text;
	for (size_t i = 0; i < pretokenizer->n_steps && status == KRAIT_OK; i++) {
		s.step = &pretokenizer->steps[i];
		status = s.step->kind == PRE_BYTES ? bytes_step(&s, i + 1 == pretokenizer->n_steps) : cut_all(&s);
	}
	if (status == KRAIT_OK && s.spelled && s.pieces->size)
		status = memory_unless(rebuild(&s, copy_unspelled));
	*bytes = s.text;
	*pieces = s.pieces;
	work->steps += work->regex.steps;
	work->regex.steps = 0;
	return status;
}

void krait__pre_work_free(struct pre_work *work)
{
	krait__buffer_free(&work->texts[0]);
	krait__buffer_free(&work->texts[1]);
	krait__free(work->pieces[0].items);
	krait__free(work->pieces[1].items);
	krait__regex_work_free(&work->regex);
	memset(work, 0, sizeof(*work));
}
