/* SPDX-License-Identifier: Apache-2.0 */
/* embed.c - `krait embed`: a vector for each line of a text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "files.h"
#include "interrupt.h"
#include "opening.h"
#include "progress.h"
#include "say.h"
#include "stream.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

/* Lines of which the vectors are written together: few enough that the first come soon. */
#define BLOCK 64

struct embed {
	struct common common;
	const char *pooling_name;
	bool normalise;
	int pooling;
	krait_model *model;
	krait_batch *batch;
	size_t n_lines, n_tokens;
};

/* Lines, and their tokens one behind the other. */
struct block {
	const char *line[BLOCK];
	size_t n_line[BLOCK], lengths[BLOCK], n;
	krait_token *tokens;
	size_t n_tokens;
};

static bool add_tokens(struct block *block, const krait_token *tokens, size_t n)
{
	krait_token *more = realloc(block->tokens, (block->n_tokens + n) * sizeof *more);

	if (!more) {
		say_failure("out of memory");
		return false;
	}
	memcpy(more + block->n_tokens, tokens, n * sizeof *more);
	block->tokens = more;
	block->n_tokens += n;
	block->lengths[block->n++] = n;
	return true;
}

static int add_line(
	struct embed *embed, struct block *block, const char *path, const char *line, size_t n_line, size_t number)
{
	size_t n;
	krait_token *tokens = stream_encode(krait_model_tokenizer(embed->model), line, n_line, KRAIT_ADD_SPECIAL, &n);
	bool added;

	if (!tokens)
		return STATUS_FAILED;
	block->line[block->n] = line;
	block->n_line[block->n] = n_line;
	if (n == 0) {
		free(tokens);
		return say_failure("%s: line %zu has no tokens: there is no vector of nothing", path, number);
	}
	added = add_tokens(block, tokens, n);
	free(tokens);
	return added ? -1 : STATUS_FAILED;
}

static bool write_json(const struct block *block, size_t i, const float *vector, size_t width)
{
	json_t *object = json_object(), *numbers = json_array(), *text = json_stringn(block->line[i], block->n_line[i]);

	for (size_t k = 0; k < width; k++)
		json_array_append_new(numbers, json_real((double)vector[k]));
	json_object_set_new(object, "text", text ? text : json_null());
	json_object_set_new(object, "tokens", json_integer((json_int_t)block->lengths[i]));
	json_object_set_new(object, "vector", numbers);
	return output_json(object);
}

static bool write_plain(const float *vector, size_t width)
{
	for (size_t k = 0; k < width; k++)
		if (!output_format("%s%.9g", k ? " " : "", (double)vector[k]))
			return false;
	return output_format("\n");
}

static int write_block(struct embed *embed, struct block *block)
{
	size_t width = krait_model_width(embed->model);
	float *vectors = malloc(block->n * width * sizeof *vectors);
	bool written = true;
	krait_status made;

	if (!vectors)
		return say_failure("out of memory");
	made = krait_batch_embed(embed->batch, block->tokens, block->n_tokens, block->lengths, block->n, embed->pooling,
		vectors, block->n * width);
	progress_clear();
	for (size_t i = 0; made == KRAIT_OK && i < block->n && written; i++)
		written = embed->common.json ? write_json(block, i, vectors + i * width, width)
						: write_plain(vectors + i * width, width);
	free(vectors);
	embed->n_lines += block->n;
	embed->n_tokens += block->n_tokens;
	if (made == KRAIT_CANCELLED || interrupt_seen())
		return STATUS_INTERRUPTED;
	if (made != KRAIT_OK)
		return say_failure("%s", krait_batch_error(embed->batch));
	return written && output_flush() ? -1 : STATUS_FAILED;
}

/* Each line is a text, without its end; what follows the last newline is one if it is not empty. */
static int embed_text(struct embed *embed, const char *path, const struct text *text)
{
	size_t at = 0, number = 0;
	int status = -1;

	while (status < 0 && at < text->n) {
		struct block block = { 0 };

		while (status < 0 && block.n < BLOCK && at < text->n) {
			const char *line = text->data + at, *end = memchr(line, '\n', text->n - at);
			size_t n = end ? (size_t)(end - line) : text->n - at;

			at += n + (end != NULL);
			n -= n && line[n - 1] == '\r';
			status = add_line(embed, &block, path, line, n, ++number);
		}
		if (status < 0)
			status = write_block(embed, &block);
		free(block.tokens);
	}
	return status;
}

static int embed_file(struct embed *embed, const char *path)
{
	struct text text = { 0 };
	int status = files_read(&text, path);

	if (status < 0)
		status = embed_text(embed, strcmp(path, "-") ? path : "standard input", &text);
	text_free(&text);
	return status;
}

static int work(struct embed *embed, int n, char **paths)
{
	double start = stream_now();
	int status = -1;

	if (krait_batch_new(&embed->batch, embed->model) != KRAIT_OK)
		return say_failure("%s", krait_batch_error(embed->batch));
	progress_begin("reading");
	if (n == 0)
		status = embed_file(embed, "-");
	for (int i = 0; i < n && status < 0; i++)
		status = embed_file(embed, paths[i]);
	progress_end();
	if (status < 0 && embed->common.verbose)
		say_note("krait: %zu lines, %zu tokens in %.2f s", embed->n_lines, embed->n_tokens,
			stream_now() - start);
	return status;
}

static int choose_pooling(struct embed *embed)
{
	if (!embed->pooling_name || !strcmp(embed->pooling_name, "last"))
		embed->pooling = KRAIT_POOL_LAST;
	else if (!strcmp(embed->pooling_name, "mean"))
		embed->pooling = KRAIT_POOL_MEAN;
	else
		return say_usage("--pooling %s: 'last' or 'mean' is needed", embed->pooling_name);
	embed->pooling |= embed->normalise ? KRAIT_POOL_NORMALISE : 0;
	return -1;
}

int verb_embed(const struct verb *verb, int argc, char **argv)
{
	struct embed embed = { 0 };
	const struct option_row rows[] = {
		{ "pooling", 0, OPTION_TEXT, &embed.pooling_name, "HOW",
			"last or mean (default: last), of the hidden vectors", 0, 0 },
		{ "normalise", 0, OPTION_FLAG, &embed.normalise, NULL, "divide each vector by its length", 0, 0 },
	};
	const struct option_group group = { NULL, rows, sizeof rows / sizeof *rows };
	int first, status = options_parse(verb, &group, 1, &embed.common, argc, argv, &first);

	if (status < 0)
		status = choose_pooling(&embed);
	/* MODEL may be the first argument, as info takes it; -m is for those who name files alone */
	if (status < 0 && !embed.common.model && first < argc)
		embed.common.model = argv[first++];
	if (status < 0)
		status = opening_model(&embed.model, &embed.common, false);
	if (status < 0)
		status = opening_text(embed.model);
	if (status < 0)
		status = work(&embed, argc - first, argv + first);
	krait_batch_free(embed.batch);
	krait_model_free(embed.model);
	return status < 0 ? STATUS_DONE : status;
}
