/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jinja.h - the part of Jinja that published chat templates use.
 *
 * This room knows Jinja and nothing else: neither JSON nor models nor what a conversation is. A
 * template is parsed once into a program and then rendered any number of times, by any number
 * of threads. What the interpreter does not know is refused when the template is parsed, by
 * name and line; it is never rendered as something else.
 *
 * Every byte of a rendering is marked as trusted or not. The template's own bytes are trusted,
 * a string of the caller's is as he says, and operations keep the mark with the byte: this is
 * how a tokenizer can tell a template's special token from a user's text that reads like one.
 *
 * Begin reading at parse/parse.c, which makes a program, and at run/run.c, which runs it;
 * value/ is what a template computes with, builtins/ what it can call.
 */
#ifndef KRAIT_JINJA_JINJA_H
#define KRAIT_JINJA_JINJA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum jinja_code {
	JINJA_OK,
	JINJA_ERROR_MEMORY,
	JINJA_ERROR_SYNTAX,             /* this is not Jinja */
	JINJA_ERROR_UNSUPPORTED,        /* Jinja that is not done here, or a limit was reached */
	JINJA_ERROR_VALUE,              /* a value does not fit what the template does with it */
	JINJA_ERROR_RAISED              /* the template itself gave up, by raise_exception */
};

/* The text has no place in it: `line` is the place, counted from 1. For RAISED it is the
 * template's message, and `message` the whole of that where it is longer (from krait__alloc, the
 * caller's to free; else NULL). */
struct jinja_error {
	enum jinja_code code;
	unsigned line;
	char text[768];
	char *message;
};

/* ---- programs ---------------------------------------------------------------------------- */

struct jinja_program;

enum jinja_code krait__jinja_parse(struct jinja_program **out, const char *source, size_t n, struct jinja_error *error);
void krait__jinja_program_free(struct jinja_program *program);

/* ---- values ------------------------------------------------------------------------------ */

/*
 * A variable's value is built when a rendering begins, and only where the template names the
 * variable: `build` calls the functions below for one value. Each returns false when the
 * rendering has failed (memory, limits); build then returns false at once, and the reason is in
 * the rendering's error.
 */
struct jinja_builder;
struct jinja_variable {
	const char *name;
	bool (*build)(struct jinja_builder *builder, const void *data);
	const void *data;
};

bool krait__jinja_put_none(struct jinja_builder *builder);
bool krait__jinja_put_bool(struct jinja_builder *builder, bool truth);
bool krait__jinja_put_int(struct jinja_builder *builder, int64_t value);
/* An integer beyond 64 bits, by its digits: "-" perhaps, then no leading zero. They are borrowed
 * until the rendering ends. It prints and compares as equal or not; it is not calculated with. */
bool krait__jinja_put_digits(struct jinja_builder *builder, const char *digits, size_t n);
bool krait__jinja_put_real(struct jinja_builder *builder, double value);
/* Borrowed until the rendering ends; UTF-8. */
bool krait__jinja_put_string(struct jinja_builder *builder, const char *text, size_t n, bool trusted);
/* Values follow up to krait__jinja_end; in an object a key comes before each (borrowed, never trusted). */
bool krait__jinja_begin_array(struct jinja_builder *builder);
bool krait__jinja_begin_object(struct jinja_builder *builder);
bool krait__jinja_put_key(struct jinja_builder *builder, const char *key, size_t n);
bool krait__jinja_end(struct jinja_builder *builder);

/* ---- renderings -------------------------------------------------------------------------- */

struct jinja_limits {
	size_t text;                    /* bytes of the output and of any string */
	size_t memory;                  /* bytes of all values of a rendering */
	uint64_t work;                  /* instructions, and bytes and items looked at */
	uint32_t loops;                 /* iterations of all loops together */
};
extern const struct jinja_limits krait__jinja_limits; /* what holds without others: 16 MiB, 256 MiB, 2^32, a million */

/* Gets a rendering's bytes in order, in pieces that differ in trust from their neighbours, once
 * all of it has succeeded. False: out of memory. */
struct jinja_sink {
	bool (*put)(void *user, const char *text, size_t n, bool trusted);
	void *user;
};

/* `now` is what strftime_now tells, in local time; limits may be NULL. */
struct jinja_input {
	const struct jinja_variable *variables;
	size_t n_variables;
	time_t now;
	const struct jinja_limits *limits;
};
enum jinja_code krait__jinja_render(const struct jinja_program *program, const struct jinja_input *input,
	const struct jinja_sink *sink, struct jinja_error *error);

#endif
