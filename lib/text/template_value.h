/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_value.h - what a chat template computes with.
 *
 * Values are small and immutable (namespaces excepted) and live in an arena that goes as a
 * whole. Functions that can fail return false with the reason in jinja->why.
 */
#ifndef KRAIT_TEXT_TEMPLATE_VALUE_H
#define KRAIT_TEXT_TEMPLATE_VALUE_H

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define JINJA_MAX_TEXT ((size_t)16 << 20)       /* bytes of the output and of any string */
#define JINJA_MAX_MEMORY ((size_t)256 << 20)    /* of one rendering */
#define JINJA_MAX_LOOPS 1000000u                /* iterations of all loops of one rendering */
#define JINJA_MAX_WORK ((uint64_t)1 << 32)      /* bytes and items looked at */
#define JINJA_MAX_RANGE 100000                  /* items of a range(), as in transformers' sandbox */
#define JINJA_MAX_DEPTH 128                     /* of nested calls */
#define JINJA_MAX_NESTING 64                    /* of values in values, where they are walked */

/* What parsing and rendering share: memory, the place and the reason of a failure. */
struct arena_block;
struct jinja {
	struct arena_block *blocks;
	size_t n_allocated;
	struct why *why;
	char **message;                 /* where a long message of raise_exception goes */
	uint32_t line;
	unsigned depth;                 /* of values in values, and of filters in filters */
	uint32_t n_loops;
	uint64_t work;
	time_t now;
};

void *krait__jinja_alloc(struct jinja *jinja, size_t count, size_t size);      /* NULL: failed, reason set */
void krait__jinja_free(struct jinja *jinja);
bool krait__jinja_fail(struct jinja *jinja, krait_status status, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 4)))
#endif
	;
bool krait__jinja_work(struct jinja *jinja, size_t n);  /* false: more work than a template may do */

enum kind {
	VALUE_MISSING,                  /* an argument that was not given */
	VALUE_UNDEFINED, VALUE_NONE, VALUE_BOOL, VALUE_INT, VALUE_FLOAT, VALUE_TEXT,
	VALUE_LIST, VALUE_TUPLE, VALUE_DICT, VALUE_RANGE,
	VALUE_VIEW,                     /* what dict.items(), keys() and values() give */
	VALUE_ITERATOR,                 /* what map, select, ... give: runs out */
	VALUE_NAMESPACE, VALUE_LOOP, VALUE_MACRO,
	VALUE_FUNCTION, VALUE_METHOD
};

struct undefined {
	const char *owner;              /* "dict object" whose attribute it would be; NULL: a variable */
	const char *name;               /* in quotes */
	bool unsafe;                    /* there is one, but templates may not touch it */
};

struct chars { char *data; unsigned char *marks; size_t n, room; };

struct text {
	const char *data;
	const unsigned char *marks;     /* one per byte: 1 where it may form a special token; NULL: all are `special` */
	size_t n;
	struct chars *owner;            /* NULL for borrowed bytes */
	bool special;
};

struct value {
	unsigned char kind;
	bool plain;                     /* a number of the caller's data: its digits form no special token */
	union {
		bool truth;
		int64_t integer;
		double real;
		const struct text *text;
		struct list *list;      /* list, tuple */
		struct dict *dict;      /* dict, namespace */
		struct range *range;
		struct sequence *sequence;      /* view, iterator */
		const struct undefined *undefined;
		struct loop *loop;
		struct macro *macro;
		const struct callable *function;
		struct bound *bound;
	} as;
};

struct list { struct value *items; size_t n; };
struct pair { struct value key, value; };
struct dict { struct pair *pairs; size_t n, room; };
struct range { int64_t start, stop, step; size_t n; };
struct sequence { struct list list; size_t at; const char *name; };
struct bound { struct value self; const struct callable *method; };

/* A filter, test, method or function: a row of a table. */
typedef bool (*jinja_call)(struct jinja *jinja, struct value *arguments, struct value *out);
struct callable {
	const char *name;
	jinja_call call;                /* arguments[0] is what it is applied to, then the parameters in order */
	const char *parameters;         /* names with a blank between; "-x": not by name; "+x": by name alone, behind the others; "*": all further ones as a tuple; "**": as a dict */
	unsigned n_required;
};
#define JINJA_MAX_PARAMETERS 8

/* Arguments of a call as they stand in the template. */
struct arguments {
	const struct value *positional;
	size_t n_positional;
	const struct value *keyword;
	const char *const *names;
	size_t n_keyword;
};
/* `what` is "filter", "test", "method" or "function", for errors. */
bool krait__jinja_call(struct jinja *jinja, const struct callable *callable, const char *what, struct value self,
	const struct arguments *arguments, struct value *out);
const struct callable *krait__jinja_find(const struct callable *table, const char *name, size_t n_name);

extern const struct callable krait__jinja_filters[], krait__jinja_list_filters[], krait__jinja_tests[], krait__jinja_functions[];
extern const struct callable krait__jinja_text_methods[], krait__jinja_dict_methods[], krait__jinja_list_methods[], krait__jinja_loop_methods[];
const struct callable *krait__jinja_filter(const char *name, size_t n_name);
bool krait__jinja_method_known(const char *name, size_t n_name);

/* ---- making values ------------------------------------------------------------------ */

static inline struct value jinja_none(void) { return (struct value){ .kind = VALUE_NONE }; }
static inline struct value jinja_bool(bool truth) { return (struct value){ .kind = VALUE_BOOL, .as.truth = truth }; }
static inline struct value jinja_int(int64_t n) { return (struct value){ .kind = VALUE_INT, .as.integer = n }; }
static inline struct value jinja_float(double x) { return (struct value){ .kind = VALUE_FLOAT, .as.real = x }; }
bool krait__jinja_undefined(struct jinja *jinja, struct value *out, const char *owner, const char *name, size_t n_name, bool unsafe);
/* Borrows the bytes. */
bool krait__jinja_text(struct jinja *jinja, struct value *out, const char *data, size_t n, bool special);
bool krait__jinja_slice(struct jinja *jinja, struct value *out, const struct text *text, size_t from, size_t n);
bool krait__jinja_concat(struct jinja *jinja, struct value *out, const struct text *a, const struct text *b);
bool krait__jinja_list(struct jinja *jinja, struct value *out, enum kind kind, size_t n);      /* items to be filled in */
bool krait__jinja_dict(struct jinja *jinja, struct value *out, enum kind kind, size_t room);
bool krait__jinja_dict_set(struct jinja *jinja, struct dict *dict, struct value key, struct value value);
bool krait__jinja_sequence(struct jinja *jinja, struct value *out, enum kind kind, const char *name, size_t n);

/* Text that grows; marks go with the bytes. */
bool krait__jinja_add(struct jinja *jinja, struct chars *chars, const char *data, size_t n, bool special);
bool krait__jinja_add_slice(struct jinja *jinja, struct chars *chars, const struct text *text, size_t from, size_t n);
static inline bool jinja_add_text(struct jinja *jinja, struct chars *chars, const struct text *text)
{
	return krait__jinja_add_slice(jinja, chars, text, 0, text->n);
}
bool krait__jinja_take(struct jinja *jinja, struct value *out, struct chars *chars);

/* ---- looking at values -------------------------------------------------------------- */

const char *krait__jinja_type(struct value value);      /* Python's name: "str", "NoneType" */
bool krait__jinja_truth(struct value value);
bool krait__jinja_is(struct value value, const char *text);     /* a text equal to it */
static inline bool jinja_is_number(struct value v) { return v.kind == VALUE_INT || v.kind == VALUE_FLOAT || v.kind == VALUE_BOOL; }
static inline bool jinja_is_integer(struct value v) { return v.kind == VALUE_INT || v.kind == VALUE_BOOL; }
static inline int64_t jinja_integer(struct value v) { return v.kind == VALUE_BOOL ? v.as.truth : v.as.integer; }
static inline double jinja_real(struct value v) { return v.kind == VALUE_FLOAT ? v.as.real : (double)jinja_integer(v); }
bool krait__jinja_need_defined(struct jinja *jinja, struct value value);        /* fails for an undefined one */
bool krait__jinja_equal(struct jinja *jinja, struct value a, struct value b, bool *out);
bool krait__jinja_order(struct jinja *jinja, struct value a, struct value b, const char *symbol, int *out);    /* -1, 0, 1; 2: not comparable (NaN) */
const struct pair *krait__jinja_dict_get(struct jinja *jinja, const struct dict *dict, struct value key, bool *failed);
const struct pair *krait__jinja_dict_find(const struct dict *dict, const char *name, size_t n_name);
/* The items of anything that can be iterated over, in an array that must not be changed; an iterator runs out by it. */
bool krait__jinja_items(struct jinja *jinja, struct value value, struct list *out);
bool krait__jinja_length(struct jinja *jinja, struct value value, size_t *out);
size_t krait__jinja_count(const char *data, size_t n);  /* characters */
size_t krait__jinja_char(const char *data, size_t n);   /* bytes of the character that stands there */
bool krait__jinja_space(const char *data, size_t n, size_t *n_char);    /* white space as Python sees it */
const char *krait__jinja_search(const char *data, size_t n, const char *what, size_t n_what);

/* ---- text of values (template_print.c) ---------------------------------------------- */

bool krait__jinja_print(struct jinja *jinja, struct chars *chars, struct value value);         /* str() */
bool krait__jinja_repr(struct jinja *jinja, struct chars *chars, struct value value);
bool krait__jinja_string(struct jinja *jinja, struct value value, const struct text **out);    /* str() */
size_t krait__jinja_double(char out[40], double value);
struct json_style { bool ascii, sort; int indent; const struct text *item, *key, *indent_text; };      /* indent < 0: one line */
bool krait__jinja_json(struct jinja *jinja, struct chars *chars, struct value value, const struct json_style *style);
bool krait__jinja_format(struct jinja *jinja, const struct text *format, struct value arguments, struct value *out);   /* the % of strings */

/* ---- operators (template_operators.c, template_access.c) ----------------------------- */

enum binary { BINARY_ADD, BINARY_SUB, BINARY_MUL, BINARY_DIV, BINARY_FLOORDIV, BINARY_MOD, BINARY_POW };
enum comparison { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE, COMPARE_IN, COMPARE_NOT_IN };
bool krait__jinja_binary(struct jinja *jinja, enum binary op, struct value a, struct value b, struct value *out);
bool krait__jinja_negate(struct jinja *jinja, bool minus, struct value a, struct value *out);
bool krait__jinja_compare(struct jinja *jinja, enum comparison op, struct value a, struct value b, bool *out);
bool krait__jinja_in(struct jinja *jinja, struct value what, struct value where, bool *out);
bool krait__jinja_attribute(struct jinja *jinja, struct value object, const char *name, size_t n_name, struct value *out);
bool krait__jinja_item(struct jinja *jinja, struct value object, struct value key, struct value *out);
bool krait__jinja_subscript(struct jinja *jinja, struct value object, const struct value bounds[3], struct value *out);        /* start, stop, step; MISSING where left out */
bool krait__jinja_path(struct jinja *jinja, struct value object, struct value path, struct value *out);        /* "a.b.0", as filters take attributes */

/* ---- case (template_case.c) ---------------------------------------------------------- */

enum casing { CASE_UPPER, CASE_LOWER, CASE_TITLE, CASE_CAPITALIZE, CASE_SWAP, CASE_FILTER_TITLE };
bool krait__jinja_case(struct jinja *jinja, const struct text *text, enum casing casing, struct value *out);

#endif
