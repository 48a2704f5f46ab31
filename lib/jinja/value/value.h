/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h - what a template computes with.
 *
 * Values are small and immutable (namespaces excepted) and live in an arena that goes as a
 * whole. Functions that can fail return false with the reason in jinja->error.
 */
#ifndef KRAIT_JINJA_VALUE_H
#define KRAIT_JINJA_VALUE_H

#include "base/quote.h"
#include "jinja/jinja.h"

#define JINJA_MAX_RANGE 100000                  /* items of a range(), as in transformers' sandbox */
#define JINJA_MAX_DEPTH 128                     /* of nested calls */
#define JINJA_MAX_NESTING 64                    /* of values in values, where they are walked */

/* What parsing and rendering share: memory, the place and the reason of a failure. */
struct arena_block;
struct jinja {
	struct arena_block *blocks;
	size_t n_allocated;
	struct jinja_error *error;
	const struct jinja_limits *limits;
	uint32_t line;
	unsigned depth;                 /* of values in values, and of filters in filters */
	uint32_t n_loops;
	uint64_t work;
	time_t now;
};

void *krait__jinja_alloc(struct jinja *jinja, size_t count, size_t size);      /* NULL: failed, reason set */
/* Room for one more item behind n in the array whose address is given; old room stays in the arena. */
bool krait__jinja_grow(struct jinja *jinja, void *array, size_t n, size_t *room, size_t size);
void krait__jinja_free(struct jinja *jinja);
bool krait__jinja_fail(struct jinja *jinja, enum jinja_code code, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 4)))
#endif
	;
bool krait__jinja_fail_memory(struct jinja *jinja);
/* Counts what is going to be looked at. False: that is more work than a template may do. */
bool krait__jinja_work(struct jinja *jinja, size_t n);

enum jinja_kind {
	VALUE_MISSING,                  /* an argument that was not given */
	VALUE_UNDEFINED, VALUE_NONE, VALUE_BOOL, VALUE_INT, VALUE_FLOAT,
	VALUE_BIG,                      /* an integer of the caller's beyond 64 bits: its digits in as.text */
	VALUE_TEXT,
	VALUE_LIST, VALUE_TUPLE, VALUE_DICT, VALUE_RANGE,
	VALUE_VIEW,                     /* what dict.items(), keys() and values() give */
	VALUE_ITERATOR,                 /* what map, select, ... give: runs out */
	VALUE_NAMESPACE, VALUE_LOOP, VALUE_MACRO,
	VALUE_FUNCTION, VALUE_METHOD
};

struct jinja_undefined {
	const char *owner;              /* "dict object" whose attribute it would be; NULL: a variable */
	const char *name;               /* in quotes */
	bool unsafe;                    /* there is one, but templates may not touch it */
};

struct jinja_chars { char *data; unsigned char *marks; size_t n, room; };

struct jinja_text {
	const char *data;
	const unsigned char *marks;     /* one per byte: 1 where it may form a special token; NULL: all are `special` */
	size_t n;
	struct jinja_chars *owner;            /* NULL for borrowed bytes */
	bool special;
};

struct jinja_value {
	unsigned char kind;
	bool plain;                     /* a number of the caller's data: its digits form no special token */
	union {
		bool truth;
		int64_t integer;
		double real;
		const struct jinja_text *text;
		struct jinja_list *list;      /* list, tuple */
		struct jinja_dict *dict;      /* dict, namespace */
		struct jinja_range *range;
		struct jinja_sequence *sequence;      /* view, iterator */
		const struct jinja_undefined *undefined;
		struct jinja_loop *loop;
		struct jinja_macro *macro;
		const struct jinja_callable *function;
		struct jinja_bound *bound;
	} as;
};

struct jinja_list { struct jinja_value *items; size_t n; };
struct jinja_pair { struct jinja_value key, value; };
struct jinja_dict { struct jinja_pair *pairs; size_t n, room; };
struct jinja_range { int64_t start, stop, step; size_t n; };
struct jinja_sequence { struct jinja_list list; size_t at; const char *name; };
struct jinja_bound { struct jinja_value self; const struct jinja_callable *method; };

/* A filter, test, method or function: a row of a table. */
typedef bool (*jinja_call)(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out);
struct jinja_callable {
	const char *name;
	jinja_call call;                /* arguments[0] is what it is applied to, then the parameters in order */
	/* Names with a blank between. "-x" is not given by name, "+x" by name alone, behind the others;
	 * "*" takes all further ones as a tuple, "**" those with names as a dict. */
	const char *parameters;
	unsigned n_required;
};
#define JINJA_MAX_PARAMETERS 8

/* Arguments of a call as they stand in the template. */
struct jinja_arguments {
	const struct jinja_value *positional;
	size_t n_positional;
	const struct jinja_value *keyword;
	const char *const *names;
	size_t n_keyword;
};
/* `what` is "filter", "test", "method" or "function", for errors. */
bool krait__jinja_call(struct jinja *jinja, const struct jinja_callable *callable, const char *what,
	struct jinja_value self, const struct jinja_arguments *arguments, struct jinja_value *out);
const struct jinja_callable *krait__jinja_find(const struct jinja_callable *table, const char *name, size_t n_name);

extern const struct jinja_callable krait__jinja_filters[], krait__jinja_number_filters[], krait__jinja_list_filters[],
	krait__jinja_order_filters[], krait__jinja_tests[], krait__jinja_functions[];
extern const struct jinja_callable krait__jinja_text_methods[], krait__jinja_dict_methods[],
	krait__jinja_list_methods[], krait__jinja_loop_methods[];
const struct jinja_callable *krait__jinja_filter(const char *name, size_t n_name);
bool krait__jinja_method_known(const char *name, size_t n_name);

/* ---- making values ------------------------------------------------------------------ */

static inline struct jinja_value jinja_none(void) { return (struct jinja_value){ .kind = VALUE_NONE }; }
static inline struct jinja_value jinja_bool(bool truth)
{
	return (struct jinja_value){ .kind = VALUE_BOOL, .as.truth = truth };
}
static inline struct jinja_value jinja_int(int64_t n)
{
	return (struct jinja_value){ .kind = VALUE_INT, .as.integer = n };
}
static inline struct jinja_value jinja_float(double x)
{
	return (struct jinja_value){ .kind = VALUE_FLOAT, .as.real = x };
}
bool krait__jinja_undefined(struct jinja *jinja, struct jinja_value *out, const char *owner, const char *name,
	size_t n_name, bool unsafe);
/* Borrows the bytes. */
bool krait__jinja_text(struct jinja *jinja, struct jinja_value *out, const char *data, size_t n, bool special);
bool krait__jinja_slice(struct jinja *jinja, struct jinja_value *out, const struct jinja_text *text, size_t from,
	size_t n);
bool krait__jinja_concat(struct jinja *jinja, struct jinja_value *out, const struct jinja_text *a,
	const struct jinja_text *b);
bool krait__jinja_list(struct jinja *jinja, struct jinja_value *out, enum jinja_kind kind,
	size_t n); /* items to be filled in */
bool krait__jinja_dict(struct jinja *jinja, struct jinja_value *out, enum jinja_kind kind, size_t room);
bool krait__jinja_dict_set(struct jinja *jinja, struct jinja_dict *dict, struct jinja_value key,
	struct jinja_value value);
bool krait__jinja_sequence(struct jinja *jinja, struct jinja_value *out, enum jinja_kind kind, const char *name,
	size_t n);

/* Text that grows; marks go with the bytes. */
bool krait__jinja_add(struct jinja *jinja, struct jinja_chars *chars, const char *data, size_t n, bool special);
bool krait__jinja_add_slice(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_text *text, size_t from,
	size_t n);
static inline bool jinja_add_text(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_text *text)
{
	return krait__jinja_add_slice(jinja, chars, text, 0, text->n);
}
bool krait__jinja_take(struct jinja *jinja, struct jinja_value *out, struct jinja_chars *chars);

/* ---- looking at values -------------------------------------------------------------- */

const char *krait__jinja_type(struct jinja_value value);      /* Python's name: "str", "NoneType" */
bool krait__jinja_truth(struct jinja_value value);
bool krait__jinja_is(struct jinja_value value, const char *text);     /* a text equal to it */
static inline bool jinja_is_number(struct jinja_value v)
{
	return v.kind == VALUE_INT || v.kind == VALUE_FLOAT || v.kind == VALUE_BOOL;
}
static inline bool jinja_is_integer(struct jinja_value v) { return v.kind == VALUE_INT || v.kind == VALUE_BOOL; }
static inline int64_t jinja_integer(struct jinja_value v) { return v.kind == VALUE_BOOL ? v.as.truth : v.as.integer; }
static inline double jinja_real(struct jinja_value v)
{
	return v.kind == VALUE_FLOAT ? v.as.real : (double)jinja_integer(v);
}
bool krait__jinja_need_defined(struct jinja *jinja, struct jinja_value value);        /* fails for an undefined one */
bool krait__jinja_equal(struct jinja *jinja, struct jinja_value a, struct jinja_value b, bool *out);
bool krait__jinja_order(struct jinja *jinja, struct jinja_value a, struct jinja_value b, const char *symbol,
	int *out); /* -1, 0, 1; 2: not comparable (NaN) */
const struct jinja_pair *krait__jinja_dict_get(struct jinja *jinja, const struct jinja_dict *dict,
	struct jinja_value key, bool *failed);
/* The work is counted; whoever calls it in a loop asks krait__jinja_work. */
const struct jinja_pair *krait__jinja_dict_find(struct jinja *jinja, const struct jinja_dict *dict, const char *name,
	size_t n);
/* The items of anything that can be iterated over, in an array that must not be changed; an iterator runs out by it. */
bool krait__jinja_items(struct jinja *jinja, struct jinja_value value, struct jinja_list *out);
bool krait__jinja_length(struct jinja *jinja, struct jinja_value value, size_t *out);
size_t krait__jinja_count(const char *data, size_t n);  /* characters */
size_t krait__jinja_char(const char *data, size_t n);   /* bytes of the character that stands there */
bool krait__jinja_space(const char *data, size_t n, size_t *n_char);    /* white space as Python sees it */
const char *krait__jinja_search(const char *data, size_t n, const char *what, size_t n_what);

/* ---- text of values (value/print.c) ---------------------------------------------- */

bool krait__jinja_print(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value);         /* str() */
bool krait__jinja_repr(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value);
bool krait__jinja_string(struct jinja *jinja, struct jinja_value value, const struct jinja_text **out);    /* str() */
size_t krait__jinja_double(char out[40], double value);
/* The exponent written there, cut to what no float's digits can make up for; *end (it may be NULL) lies behind it. */
long krait__jinja_exponent(const char *text, const char **end);
struct jinja_json_style {
	bool ascii, sort;
	int indent;
	const struct jinja_text *item, *key, *indent_text;
}; /* indent < 0: one line */
bool krait__jinja_json(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value,
	const struct jinja_json_style *style);
bool krait__jinja_format(struct jinja *jinja, const struct jinja_text *format, struct jinja_value arguments,
	struct jinja_value *out); /* the % of strings */

/* ---- operators (value/operators.c, value/access.c) ----------------------------- */

enum jinja_binary { BINARY_ADD, BINARY_SUB, BINARY_MUL, BINARY_DIV, BINARY_FLOORDIV, BINARY_MOD, BINARY_POW };
enum jinja_comparison {
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
	COMPARE_IN,
	COMPARE_NOT_IN
};
bool krait__jinja_binary(struct jinja *jinja, enum jinja_binary op, struct jinja_value a, struct jinja_value b,
	struct jinja_value *out);
bool krait__jinja_negate(struct jinja *jinja, bool minus, struct jinja_value a, struct jinja_value *out);
bool krait__jinja_compare(struct jinja *jinja, enum jinja_comparison op, struct jinja_value a, struct jinja_value b,
	bool *out);
bool krait__jinja_in(struct jinja *jinja, struct jinja_value what, struct jinja_value where, bool *out);
bool krait__jinja_attribute(struct jinja *jinja, struct jinja_value object, const char *name, size_t n_name,
	struct jinja_value *out);
bool krait__jinja_item(struct jinja *jinja, struct jinja_value object, struct jinja_value key, struct jinja_value *out);
bool krait__jinja_subscript(struct jinja *jinja, struct jinja_value object, const struct jinja_value bounds[3],
	struct jinja_value *out); /* start, stop, step; MISSING where left out */
bool krait__jinja_path(struct jinja *jinja, struct jinja_value object, struct jinja_value path,
	struct jinja_value *out); /* "a.b.0", as filters take attributes */

/* ---- case (value/case.c) ---------------------------------------------------------- */

enum jinja_casing { CASE_UPPER, CASE_LOWER, CASE_TITLE, CASE_CAPITALIZE, CASE_SWAP, CASE_FILTER_TITLE };
bool krait__jinja_case(struct jinja *jinja, const struct jinja_text *text, enum jinja_casing casing,
	struct jinja_value *out);

#endif
