/* SPDX-License-Identifier: Apache-2.0 */
/* tokenize.c - `krait tokenize`: text to token ids, and back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "files.h"
#include "opening.h"
#include "say.h"
#include "stream.h"
#include "terminal.h"
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tokenize {
	struct common common;
	bool decode, special, add_special, raw;
};

static json_t *ids_array(const krait_token *tokens, size_t n_tokens)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < n_tokens; i++)
		json_array_append_new(ids, json_integer(tokens[i]));
	return ids;
}

static int encode(const struct tokenize *tokenize, const krait_tokenizer *tokenizer, const struct text *text)
{
	int flags = (tokenize->special ? KRAIT_PARSE_SPECIAL : 0) | (tokenize->add_special ? KRAIT_ADD_SPECIAL : 0);
	size_t n_tokens;
	krait_token *tokens = stream_encode(tokenizer, text->data, text->n, flags, &n_tokens);

	if (!tokens)
		return STATUS_FAILED;
	if (tokenize->common.json) {
		json_t *object = json_object();

		json_object_set_new(object, "n_tokens", json_integer((json_int_t)n_tokens));
		json_object_set_new(object, "ids", ids_array(tokens, n_tokens));
		output_json(object);
	} else {
		for (size_t i = 0; i < n_tokens && output_format("%s%d", i ? " " : "", (int)tokens[i]); i++)
			;
		output_format("\n");
	}
	free(tokens);
	return -1;
}

/* Ids as numbers with anything but digits between them, so that JSON lists do too. */
static int read_ids(const char *text, size_t size, krait_token **out, size_t *n_out)
{
	static const char between[] = " \t\r\n,;[]";
	krait_token *ids = malloc((strlen(text) / 2 + 1) * sizeof *ids);
	size_t n = 0;

	*out = NULL;
	if (!ids)
		return say_failure("out of memory");
	for (const char *at = text + strspn(text, between); *at; at += strspn(at, between)) {
		char *end;
		long long id;

		errno = 0;
		id = strtoll(at, &end, 10);
		if (errno || end == at || (*end && !strchr(between, *end)) || id < 0 || (unsigned long long)id >= size) {
			int shown = (int)strcspn(at, between);

			free(ids);
			return say_failure("'%.*s' is no token id: numbers from 0 to %zu are", shown < 40 ? shown : 40, at, size - 1);
		}
		ids[n++] = (krait_token)id;
		at = end;
	}
	*out = ids;
	*n_out = n;
	return -1;
}

static int write_text(const struct tokenize *tokenize, const char *text, size_t n_text)
{
	if (tokenize->common.json) {
		json_t *object = json_object();

		json_object_set_new(object, "text", json_stringn(text, n_text));
		output_json(object);
		return -1;
	}
	terminal_write(text, n_text, tokenize->raw);
	output_format("\n");
	return -1;
}

static int decode(const struct tokenize *tokenize, const krait_tokenizer *tokenizer, const struct text *text)
{
	krait_token *ids;
	size_t n_ids = 0, n_text = 0;
	char *out;
	int status = read_ids(text->data, krait_tokenizer_size(tokenizer), &ids, &n_ids);

	if (status >= 0)
		return status;
	krait_tokenizer_decode(tokenizer, ids, n_ids, 0, NULL, 0, &n_text);
	out = malloc(n_text + 1);
	if (!out)
		status = say_failure("out of memory");
	else if (krait_tokenizer_decode(tokenizer, ids, n_ids, 0, out, n_text, &n_text) != KRAIT_OK)
		status = say_failure("the ids cannot be turned into text");
	else
		status = write_text(tokenize, out, n_text);
	free(out);
	free(ids);
	return status;
}

/* Arguments joined by spaces; none, or "-", is standard input. */
static int read_input(struct text *out, int n, char **arguments)
{
	if (n == 0 || (n == 1 && !strcmp(arguments[0], "-")))
		return files_read(out, "-");
	for (int i = 0; i < n; i++)
		if ((i && !text_add(out, " ", 1)) || !text_add(out, arguments[i], strlen(arguments[i])))
			return STATUS_FAILED;
	return -1;
}

static int work(const struct tokenize *tokenize, const krait_model *model, int n, char **arguments)
{
	const krait_tokenizer *tokenizer = krait_model_tokenizer(model);
	struct text text = { 0 };
	int status = read_input(&text, n, arguments);

	if (status < 0)
		status = tokenize->decode ? decode(tokenize, tokenizer, &text) : encode(tokenize, tokenizer, &text);
	text_free(&text);
	return status;
}

int verb_tokenize(const struct verb *verb, int argc, char **argv)
{
	struct tokenize tokenize = { 0 };
	const struct option_row rows[] = {
		{ "decode", 'd', OPTION_FLAG, &tokenize.decode, NULL, "the arguments are ids; write their text", 0, 0 },
		{ "special", 0, OPTION_FLAG, &tokenize.special, NULL, "read the text of special tokens as those tokens", 0, 0 },
		{ "add-special", 0, OPTION_FLAG, &tokenize.add_special, NULL, "add what the tokenizer puts around a text", 0, 0 },
		{ "raw", 0, OPTION_FLAG, &tokenize.raw, NULL, "write the text as it is, terminal escapes included", 0, 0 },
	};
	const struct option_group group = { NULL, rows, sizeof rows / sizeof *rows };
	krait_model *model = NULL;
	int first, status = options_parse(verb, &group, 1, &tokenize.common, argc, argv, &first);

	if (status < 0)
		status = opening_model(&model, &tokenize.common, true);
	if (status < 0)
		status = opening_text(model);
	if (status < 0)
		status = work(&tokenize, model, argc - first, argv + first);
	krait_model_free(model);
	return status < 0 ? STATUS_DONE : status;
}
