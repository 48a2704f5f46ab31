/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_tree.h - a JSON text as a tree, read the way that Python's json module reads it: of equal
 * keys the last counts (at the place of the first), NaN, Infinity and -Infinity are numbers, 1e400
 * is infinite, whole numbers have no limit. Stricter than Python in two things: text is
 * well-formed UTF-8 without lone surrogates, and nothing is nested more than 64 deep.
 * A byte order mark before the text is passed over. A tree does not change once it is made.
 */
#ifndef KRAIT_BASE_JSON_TREE_H
#define KRAIT_BASE_JSON_TREE_H

#include "base/buffer.h"
#include "base/why.h"

#include <stdint.h>

enum json_kind {
	JSON_VALUE_NULL, JSON_VALUE_FALSE, JSON_VALUE_TRUE,
	JSON_VALUE_INTEGER,             /* one that int64_t holds */
	JSON_VALUE_REAL,                /* also a whole number beyond int64_t, which keeps its digits */
	JSON_VALUE_STRING, JSON_VALUE_ARRAY, JSON_VALUE_OBJECT
};

struct json_value {
	enum json_kind kind;
	union {
		int64_t integer;
		struct { double number; const char *digits; } real;     /* digits: NULL unless it is a large whole number */
		struct { const char *bytes; size_t n; } string;         /* a zero byte stands behind; it may hold others */
		struct { const struct json_value *items; size_t n; } array;
		struct { const struct json_value *items; size_t n; } object;    /* n members: key, value, key, value, ... */
	} as;
};

/* NULL: *why says what is wrong at which line and column (FORMAT), or MEMORY. `what` names the
 * text in errors ("config.json") and holds no control characters. The second refuses equal keys. */
struct json_value *krait__json_read(const char *text, size_t n_text, const char *what, struct why *why);
struct json_value *krait__json_read_strict(const char *text, size_t n_text, const char *what, struct why *why);

/* An object of texts, which must be UTF-8, with keys that differ. NULL: no memory. */
struct json_pair { const char *key, *text; size_t n_text; };
struct json_value *krait__json_texts(const struct json_pair *pairs, size_t n_pairs);

void krait__json_free(struct json_value *root);         /* what the two above gave, with all in it; NULL is nothing */

/* Each takes NULL and a value of any kind. */
bool krait__json_is(const struct json_value *value, enum json_kind kind);       /* NULL is of no kind */
bool krait__json_is_null(const struct json_value *value);       /* NULL (absent), or null */
bool krait__json_is_bool(const struct json_value *value);
bool krait__json_is_number(const struct json_value *value);
int64_t krait__json_integer(const struct json_value *value);    /* 0 unless it is an INTEGER */
double krait__json_number(const struct json_value *value);      /* 0 unless it is a number */
const char *krait__json_string(const struct json_value *value); /* NULL unless it is a STRING */
size_t krait__json_string_size(const struct json_value *value); /* 0 unless it is a STRING */
size_t krait__json_size(const struct json_value *value);        /* of an array or object, else 0 */
const struct json_value *krait__json_at(const struct json_value *array, size_t index);  /* NULL: no array, or beyond its end */
const struct json_value *krait__json_get(const struct json_value *object, const char *key);     /* NULL: no object, or no such key */
/* Of a member, in the order of the text; NULL beyond the last. n_key may be NULL. */
const char *krait__json_key(const struct json_value *object, size_t index, size_t *n_key);
const struct json_value *krait__json_member(const struct json_value *object, size_t index);

/* Appends a value as JSON in ASCII without blanks. NaN and the infinities, which JSON does not
 * have, become {"__float__":"NaN"} and so on, as transformers writes them. False: no memory. */
bool krait__json_write(struct buffer *out, const struct json_value *value);
bool krait__json_write_text(struct buffer *out, const char *text, size_t n_text);       /* quotes and escapes it; UTF-8 */

#endif
