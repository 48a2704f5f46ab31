/* SPDX-License-Identifier: Apache-2.0 */
/* json_read.c - a JSON text, read once from front to back, as a tree. What is open stands on a
 * stack of values; when a bracket closes, its members move from there into the tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/foreign.h"
#include "base/json_number.h"
#include "base/json_object.h"
#include "base/memory.h"
#include "base/scan.h"
#include "base/seed.h"

#include <math.h>
#include <string.h>

#define DEEPEST 64

/* The root stands first: a tree is known to its owner by that. */
struct json_tree {
	struct json_value root;
	struct base_arena arena;
};

struct json_level {
	size_t base;                    /* where its members begin on the stack */
	bool object, first;
};

struct json_reader {
	struct scan scan;
	struct json_tree *tree;
	uint64_t seed;
	bool strict;                    /* equal keys are refused */
	struct json_value *stack;
	size_t n, room;
	struct buffer text;             /* a string, or a number on its way to strtod */
	struct json_level levels[DEEPEST];
	unsigned depth;
};

static krait_status push(struct json_reader *reader, struct json_value value)
{
	if (reader->n == reader->room) {
		size_t room = reader->room ? 2 * reader->room : 64;
		struct json_value *more = krait__resize(reader->stack, room, sizeof(*more));

		if (!more)
			return krait__why_memory(reader->scan.why);
		reader->stack = more;
		reader->room = room;
	}
	reader->stack[reader->n++] = value;
	return KRAIT_OK;
}

static krait_status push_text(struct json_reader *reader)
{
	char *copy = krait__arena_copy(&reader->tree->arena, reader->text.data, reader->text.size);

	if (!copy)
		return krait__why_memory(reader->scan.why);
	return push(reader, (struct json_value){ .kind = JSON_VALUE_STRING, .as.string = { copy, reader->text.size } });
}

static krait_status push_string(struct json_reader *reader)
{
	krait_status status = krait__scan_text(&reader->scan, &reader->text, SIZE_MAX);

	return status == KRAIT_OK ? push_text(reader) : status;
}

/* A whole number that int64_t holds. */
static bool small_integer(int64_t *out, const char *text, size_t n_text)
{
	bool negative = text[0] == '-';

	*out = 0;
	for (size_t i = negative; i < n_text; i++) {
		int digit = text[i] - '0';

		if (__builtin_mul_overflow(*out, (int64_t)10, out) || __builtin_sub_overflow(*out, (int64_t)digit, out))
			return false;
	}
	return negative || !__builtin_sub_overflow((int64_t)0, *out, out);
}

static krait_status push_number(struct json_reader *reader)
{
	struct json_value value = { .kind = JSON_VALUE_INTEGER };
	const char *text, *digits = NULL;
	bool whole;
	size_t n;
	krait_status status = krait__scan_number(&reader->scan, &text, &n, &whole);

	if (status != KRAIT_OK)
		return status;
	if (whole && small_integer(&value.as.integer, text, n))
		return push(reader, value);
	value.kind = JSON_VALUE_REAL;
	if (whole)
		digits = krait__arena_copy(&reader->tree->arena, text, n);
	if (!krait__number_read(&value.as.real.number, text, n, &reader->text) || (whole && !digits))
		return krait__why_memory(reader->scan.why);
	value.as.real.digits = digits;
	return push(reader, value);
}

static const struct {
	const char *word;
	struct json_value value;
} words[] = {
	{ "null", { .kind = JSON_VALUE_NULL } },
	{ "false", { .kind = JSON_VALUE_FALSE } },
	{ "true", { .kind = JSON_VALUE_TRUE } },
	{ "NaN", { .kind = JSON_VALUE_REAL, .as.real = { NAN, NULL } } },
	{ "Infinity", { .kind = JSON_VALUE_REAL, .as.real = { INFINITY, NULL } } },
	{ "-Infinity", { .kind = JSON_VALUE_REAL, .as.real = { -INFINITY, NULL } } },
};

/* A value without members, or the bracket that opens one with members. */
static krait_status take_value(struct json_reader *reader)
{
	struct scan *scan = &reader->scan;
	bool object = krait__scan_next_is(scan, '{');

	if (object || krait__scan_next_is(scan, '[')) {
		if (reader->depth == DEEPEST) {
			scan->at--;
			return krait__scan_fail(scan, "nested more than 64 deep");
		}
		reader->levels[reader->depth++] = (struct json_level){ reader->n, object, true };
		return KRAIT_OK;
	}
	if (scan->at < scan->size && scan->text[scan->at] == '"')
		return push_string(reader);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (krait__scan_word(scan, words[i].word))
			return push(reader, words[i].value);
	return push_number(reader);
}

static krait_status refuse_twice(const struct json_reader *reader, const struct json_value *key)
{
	struct quoted quoted;

	return krait__why(reader->scan.why, KRAIT_ERROR_FORMAT, "%s: duplicate key %s in one object: each may stand once", reader->scan.what,
		krait__quote(&quoted, key->as.string.bytes, key->as.string.n));
}

static krait_status close_level(struct json_reader *reader)
{
	const struct json_level *level = &reader->levels[--reader->depth];
	/* Before the first value there is no stack to point into. */
	const struct json_value *items = reader->stack ? reader->stack + level->base : NULL, *twice = NULL;
	struct json_value value = { .kind = JSON_VALUE_ARRAY };
	size_t n = reader->n - level->base;
	bool ok;

	if (level->object) {
		ok = krait__json_object_make(&value, &reader->tree->arena, reader->seed, items, n / 2, &twice);
	} else {
		struct json_value *copy = krait__arena_take(&reader->tree->arena, n, sizeof(*copy));

		ok = copy != NULL;
		if (ok && n)
			memcpy(copy, items, n * sizeof(*copy));
		value.as.array.items = copy;
		value.as.array.n = n;
	}
	if (!ok)
		return krait__why_memory(reader->scan.why);
	if (twice && reader->strict)
		return refuse_twice(reader, twice);
	reader->n = level->base;
	return push(reader, value);
}

/* Goes on to where the next value begins, closing what ends before. *more false: the text's one value is whole. */
static krait_status next_value(struct json_reader *reader, bool *more)
{
	krait_status status = KRAIT_OK;

	*more = false;
	while (status == KRAIT_OK && reader->depth && !*more) {
		struct json_level *level = &reader->levels[reader->depth - 1];

		if (level->object)
			status = krait__scan_key(&reader->scan, &level->first, &reader->text, SIZE_MAX, more);
		else
			status = krait__scan_item(&reader->scan, &level->first, more);
		if (status == KRAIT_OK && *more && level->object)
			status = push_text(reader);
		else if (status == KRAIT_OK && !*more)
			status = close_level(reader);
	}
	return status;
}

static krait_status read_root(struct json_reader *reader)
{
	bool more = true;
	krait_status status = KRAIT_OK;

	while (status == KRAIT_OK && more) {
		status = take_value(reader);
		if (status == KRAIT_OK)
			status = next_value(reader, &more);
	}
	if (status == KRAIT_OK)
		status = krait__scan_end(&reader->scan);
	if (status == KRAIT_OK)
		reader->tree->root = reader->stack[0];
	return status;
}

static struct json_value *read_tree(const char *text, size_t n_text, const char *what, bool strict, struct why *why)
{
	struct json_reader reader = { .scan = { .text = text, .size = n_text, .what = what, .why = why, .lines = true }, .strict = strict };
	const char *foreign = krait__foreign(text, n_text);
	krait_status status;

	if (foreign) {
		krait__why(why, KRAIT_ERROR_FORMAT, "%s: %s", what, foreign);
		return NULL;
	}
	if (krait__has_byte_order_mark(text, n_text))
		reader.scan.at = 3;
	reader.tree = krait__alloc_zero(1, sizeof(*reader.tree));
	if (!reader.tree) {
		krait__why_memory(why);
		return NULL;
	}
	reader.seed = krait__hash_seed(reader.tree);
	status = read_root(&reader);
	krait__free(reader.stack);
	krait__buffer_free(&reader.text);
	if (status == KRAIT_OK)
		return &reader.tree->root;
	krait__json_free(&reader.tree->root);
	return NULL;
}

struct json_value *krait__json_read(const char *text, size_t n_text, const char *what, struct why *why)
{
	return read_tree(text, n_text, what, false, why);
}

struct json_value *krait__json_read_strict(const char *text, size_t n_text, const char *what, struct why *why)
{
	return read_tree(text, n_text, what, true, why);
}

struct json_value *krait__json_texts(const struct json_pair *pairs, size_t n_pairs)
{
	struct json_tree *tree = krait__alloc_zero(1, sizeof(*tree));
	struct json_value *items = tree ? krait__arena_take(&tree->arena, 2 * n_pairs, sizeof(*items)) : NULL;
	bool ok = items != NULL;

	for (size_t i = 0; ok && i < n_pairs; i++) {
		char *key = krait__arena_copy(&tree->arena, pairs[i].key, strlen(pairs[i].key));
		char *text = krait__arena_copy(&tree->arena, pairs[i].text, pairs[i].n_text);

		items[2 * i] = (struct json_value){ .kind = JSON_VALUE_STRING, .as.string = { key, strlen(pairs[i].key) } };
		items[2 * i + 1] = (struct json_value){ .kind = JSON_VALUE_STRING, .as.string = { text, pairs[i].n_text } };
		ok = key && text;
	}
	if (ok && krait__json_object_make(&tree->root, &tree->arena, krait__hash_seed(tree), items, n_pairs, NULL))
		return &tree->root;
	if (tree)
		krait__json_free(&tree->root);
	return NULL;
}

void krait__json_free(struct json_value *root)
{
	struct json_tree *tree = (struct json_tree *)(void *)root;

	if (!tree)
		return;
	krait__arena_free(&tree->arena);
	krait__free(tree);
}
