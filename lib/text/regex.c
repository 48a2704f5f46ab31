/* SPDX-License-Identifier: Apache-2.0 */
/* regex.c - PCRE2 without JIT, set up to read patterns as Oniguruma does in the places
 * that tokenizers use. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/regex.h"
#include "base/buffer.h"
#include "base/memory.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PATTERN_MOST 16384              /* bytes */
#define NESTING_MOST 60                 /* parentheses; the compiler recurses on them */
#define HEAP_KIB 65536
#define FIRST_LIMIT 1000u               /* of a search; larger ones are charged to the budget */

struct regex {
	pcre2_code *code;
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

#define SPACES "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define NO_SPACES "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}" \
	"\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"

/* Replaces \s and \S: PCRE2's own class of white space also has U+180E. */
static bool rewrite(struct buffer *out, const char *pattern, size_t n)
{
	bool inside = false;

	for (size_t i = 0; i < n; i++) {
		const char *space = NULL;
		size_t size = 1;

		if (pattern[i] == '\\' && i + 1 < n) {
			size = 2;
			if (pattern[i + 1] == 's')
				space = inside ? SPACES : "[" SPACES "]";
			else if (pattern[i + 1] == 'S')
				space = inside ? NO_SPACES : "[^" SPACES "]";
		} else if (pattern[i] == '[') {
			inside = true;
		} else if (pattern[i] == ']') {
			inside = false;
		}
		if (space ? !krait__buffer_add_text(out, space) : !krait__buffer_add(out, pattern + i, size))
			return false;
		i += size - 1;
	}
	return true;
}

static krait_status compile(struct regex *regex, const struct buffer *pattern, const char *given, size_t n_given, const char *what, struct why *why)
{
	pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
	pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
	PCRE2_UCHAR text[120] = { 0 };
	struct quoted quoted;
	PCRE2_SIZE place = 0;
	int error = PCRE2_ERROR_NOMEMORY;

	if (context) {
		pcre2_set_parens_nest_limit(context, NESTING_MOST);
		regex->code = pcre2_compile((PCRE2_SPTR)pattern->data, pattern->size,
			PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &place, context);
	}
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	if (regex->code)
		return KRAIT_OK;
	if (!context || error == PCRE2_ERROR_NOMEMORY || error == 121)
		return krait__why_memory(why);
	pcre2_get_error_message(error, text, sizeof(text));
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: pre_tokenizer: the pattern %s cannot be used: %s",
		what, krait__quote(&quoted, given, n_given), (const char *)text);
}

krait_status krait__regex_compile(struct regex **out, const char *pattern, size_t n_pattern, const char *what, struct why *why)
{
	struct buffer rewritten = { 0 };
	krait_status status;

	*out = NULL;
	if (n_pattern == 0 || n_pattern > PATTERN_MOST)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: pre_tokenizer: a pattern has %zu bytes: 1 to %d are taken", what, n_pattern, PATTERN_MOST);
	*out = krait__alloc_zero(1, sizeof(**out));
	if (!*out || !rewrite(&rewritten, pattern, n_pattern))
		status = krait__why_memory(why);
	else
		status = compile(*out, &rewritten, pattern, n_pattern, what, why);
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

krait_status krait__regex_find(const struct regex *regex, struct regex_work *work, const char *text, size_t n_text, size_t from,
	bool *found, size_t *start, size_t *end)
{
	int result = PCRE2_ERROR_MATCHLIMIT;

	*found = false;
	if (!prepare(work))
		return KRAIT_ERROR_MEMORY;
	/* A search that needs more than is usual is made again with more, as long as the budget lasts. */
	for (uint64_t limit = FIRST_LIMIT; result == PCRE2_ERROR_MATCHLIMIT; limit *= 2) {
		if (limit > FIRST_LIMIT) {
			uint64_t most = work->budget < UINT32_MAX ? work->budget : UINT32_MAX;

			if (most <= limit / 2)
				return KRAIT_ERROR_UNSUPPORTED;
			limit = limit < most ? limit : most;
			work->budget -= limit;
			work->steps += limit;
		}
		pcre2_set_match_limit(work->context, (uint32_t)limit);
		result = pcre2_match(regex->code, (PCRE2_SPTR)text, n_text, from, PCRE2_NO_UTF_CHECK, work->data, work->context);
	}
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
