/* SPDX-License-Identifier: Apache-2.0 */
/* regex.c - PCRE2 without JIT, its work counted. PCRE2's own limits count the places that it may come
 * back to, not the characters that a possessive repeat or an assertion walks over; so it calls us
 * before each item of the pattern, and we count how far it has come. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/regex.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "text/regex_rewrite.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PATTERN_MOST 16384              /* bytes */
#define HEAP_KIB 65536

struct regex {
	pcre2_code *code;
	uint32_t unseen;                /* how many characters an item may look at without the next being reached */
};

static void *take(PCRE2_SIZE size, void *user)
{
	(void)user;
	return krait__alloc(size, 1);
}

static void give(void *block, void *user)
{
	(void)user;
	krait__free(block);
}

/* What one item looks at without reaching the next: the least number of a repeat that fails, and the way
 * back of an assertion about what stands before. */
static uint32_t unseen_of(const pcre2_code *code, uint32_t longest_repeat)
{
	uint32_t behind = 0;

	pcre2_pattern_info(code, PCRE2_INFO_MAXLOOKBEHIND, &behind);
	return longest_repeat + behind;
}

static krait_status compile(struct regex *regex, const struct regex_rewriter *pattern, const char *what,
	struct why *why)
{
	pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
	pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
	PCRE2_UCHAR text[120] = { 0 };
	struct quoted quoted;
	PCRE2_SIZE place = 0;
	int error = PCRE2_ERROR_NOMEMORY;

	if (context) {
		/* \b is rewritten as a group of groups. */
		pcre2_set_parens_nest_limit(context, REGEX_NESTING_MOST + 4);
		pcre2_set_newline(context, PCRE2_NEWLINE_LF);
		pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
		regex->code = pcre2_compile((PCRE2_SPTR)pattern->out->data, pattern->out->size,
			PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT,
			&error, &place, context);
	}
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	if (regex->code) {
		regex->unseen = unseen_of(regex->code, pattern->longest);
		return KRAIT_OK;
	}
	if (!context || error == PCRE2_ERROR_NOMEMORY || error == 121)
		return krait__why_memory(why);
	pcre2_get_error_message(error, text, sizeof(text));
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: pre_tokenizer: the pattern %s cannot be used: %s",
		what, krait__quote(&quoted, pattern->pattern, pattern->n), (const char *)text);
}

krait_status krait__regex_compile(struct regex **out, const char *pattern, size_t n_pattern, const char *what,
	struct why *why)
{
	struct buffer rewritten = { 0 };
	struct regex_rewriter rewriter = { .pattern = pattern, .n = n_pattern, .out = &rewritten };
	struct quoted whole, part;
	krait_status status;

	*out = NULL;
	if (n_pattern == 0 || n_pattern > PATTERN_MOST)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED,
			"%s: pre_tokenizer: a pattern has %zu bytes: 1 to %d are taken",
			what, n_pattern, PATTERN_MOST);
	*out = krait__alloc_zero(1, sizeof(**out));
	if (*out && krait__regex_rewrite(&rewriter))
		status = compile(*out, &rewriter, what, why);
	else if (rewriter.n_flaw)
		status = krait__why(why, KRAIT_ERROR_UNSUPPORTED,
			"%s: pre_tokenizer: the pattern %s cannot be used: %s at its byte %zu is not known", what,
			krait__quote(&whole, pattern, n_pattern),
			krait__quote(&part, pattern + rewriter.flaw, rewriter.n_flaw), rewriter.flaw);
	else
		status = krait__why_memory(why);
	krait__buffer_free(&rewritten);
	if (status != KRAIT_OK) {
		krait__regex_free(*out);
		*out = NULL;
	}
	return status;
}

void krait__regex_free(struct regex *regex)
{
	if (regex)
		pcre2_code_free(regex->code);
	krait__free(regex);
}

/* Called before each item of the pattern. */
static int charge(pcre2_callout_block *block, void *user)
{
	struct regex_work *work = user;
	size_t at = block->current_position;
	uint64_t cost = 1 + work->unseen + (at > work->at ? at - work->at : work->at - at);

	work->at = at;
	work->steps += cost;
	if (cost > work->budget) {
		work->budget = 0;
		return PCRE2_ERROR_CALLOUT;
	}
	work->budget -= cost;
	return 0;
}

static bool prepare(struct regex_work *work)
{
	pcre2_general_context *general;

	if (work->data && work->context)
		return true;
	general = pcre2_general_context_create(take, give, NULL);
	if (general && !work->data)
		work->data = pcre2_match_data_create(1, general);
	if (general && !work->context)
		work->context = pcre2_match_context_create(general);
	pcre2_general_context_free(general);
	if (!work->data || !work->context)
		return false;
	pcre2_set_heap_limit(work->context, HEAP_KIB);
	return true;
}

void krait__regex_work_free(struct regex_work *work)
{
	pcre2_match_data_free(work->data);
	pcre2_match_context_free(work->context);
	memset(work, 0, sizeof(*work));
}

krait_status krait__regex_find(const struct regex *regex, struct regex_work *work, const char *text, size_t n_text,
	size_t from, bool *found, size_t *start, size_t *end)
{
	int result;

	*found = false;
	if (!prepare(work))
		return KRAIT_ERROR_MEMORY;
	work->at = from;
	work->unseen = regex->unseen;
	pcre2_set_callout(work->context, charge, work);
	pcre2_set_match_limit(work->context, work->budget < UINT32_MAX ? (uint32_t)work->budget : UINT32_MAX);
	result = pcre2_match(regex->code, (PCRE2_SPTR)text, n_text, from, PCRE2_NO_UTF_CHECK, work->data,
		work->context);
	if (result == PCRE2_ERROR_NOMATCH)
		return KRAIT_OK;
	if (result == PCRE2_ERROR_NOMEMORY)
		return KRAIT_ERROR_MEMORY;
	if (result < 0)
		return KRAIT_ERROR_UNSUPPORTED;
	*start = pcre2_get_ovector_pointer(work->data)[0];
	*end = pcre2_get_ovector_pointer(work->data)[1];
	*found = *start >= from && *end >= *start && *end <= n_text;
	return KRAIT_OK;
}
