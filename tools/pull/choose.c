/* SPDX-License-Identifier: Apache-2.0 */
/* choose.c - configuration, tokenizer, and the weights in the best form that there is. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/choose.h"

#include "pull/small.h"
#include "say.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_INDEX (16u << 20)
#define GGUF_SHOWN 8

static const char *const texts[] = { "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja" };
static const char *const settings[] = { "config.json", "generation_config.json" };

/* In the order in which they are preferred. */
static const struct { const char *file, *about; bool index; } forms[] = {
	{ "model.safetensors", "one safetensors file, which opens at once and executes nothing", false },
	{ "model.safetensors.index.json", "safetensors in parts, which open at once and execute nothing", true },
	{ "pytorch_model.bin", "one pytorch_model.bin, as there are no safetensors", false },
	{ "pytorch_model.bin.index.json", "pytorch_model.bin in parts, as there are no safetensors", true },
};

bool choose_url(char out[HUB_URL_ROOM], const struct hub *hub, const char *name, const char *commit, const char *path)
{
	char escaped[1300];

	return hub_escape(escaped, sizeof escaped, path, true)
		&& snprintf(out, HUB_URL_ROOM, "%s/%s/resolve/%s/%s", hub->endpoint, name, commit, escaped) < HUB_URL_ROOM;
}

static void take(struct chosen *out, const struct listed *file)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->files[i] == file)
			return;
	out->files[out->n++] = file;
	out->bytes += file->size > 0 ? (uint64_t)file->size : 0;
}

static void take_those(struct chosen *out, const struct listing *listing, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct listed *file = listing_find(listing, names[i]);

		if (file)
			take(out, file);
	}
}

/* The parts that an index names. */
static int take_parts(struct chosen *out, const struct wanted *wanted, const struct listing *listing, const char *index, const struct text *text)
{
	json_t *whole = json_loadb(text->data, text->n, JSON_REJECT_DUPLICATES, NULL), *value;
	json_t *map = json_object_get(whole, "weight_map");
	const char *tensor;
	int status = -1;

	if (!json_object_size(map))
		status = say_failure("%s: %s names no parts: the model is damaged there", wanted->name, index);
	json_object_foreach(map, tensor, value) {
		const char *part = json_string_value(value);
		const struct listed *file = part ? listing_find(listing, part) : NULL;

		if (!file || strchr(part, '/')) {
			status = say_failure("%s: %s names the part '%.200s', which is not there: the model is damaged", wanted->name, index, part ? part : "");
			break;
		}
		take(out, file);
	}
	json_decref(whole);
	return status;
}

static int take_index(struct chosen *out, const struct hub *hub, const struct wanted *wanted, const struct listing *listing, const char *index)
{
	char url[HUB_URL_ROOM];
	struct small_request request = { .url = url, .name = wanted->name, .what = index, .limit = LARGEST_INDEX };
	struct text text = { 0 };
	int status;

	if (!choose_url(url, hub, wanted->name, listing->commit, index))
		return say_failure("the name of %s is too long", wanted->name);
	status = small_get(&text, hub, &request);
	if (status < 0)
		status = take_parts(out, wanted, listing, index, &text);
	text_free(&text);
	return status;
}

static bool is_gguf(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && !strcmp(path + n - 5, ".gguf");
}

/* Weights of no form that krait runs: what is there instead. */
static int no_weights(const struct wanted *wanted, const struct listing *listing)
{
	char names[1200] = "";
	size_t n = 0, at = 0;

	for (size_t i = 0; i < listing->n; i++)
		if (is_gguf(listing->files[i].path) && n++ < GGUF_SHOWN && at < sizeof names)
			at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", listing->files[i].path);
	if (!n)
		return say_failure("%s has no weights that krait runs (model.safetensors or pytorch_model.bin)", wanted->name);
	return say_failure("%s has weights as GGUF alone, which this krait does not run yet; 'krait pull %s:FILE' fetches one all the same, where FILE is %s%s",
		wanted->name, wanted->name, names, n > GGUF_SHOWN ? " or one of the others" : "");
}

static int take_weights(struct chosen *out, const struct hub *hub, const struct wanted *wanted, const struct listing *listing)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const struct listed *file = listing_find(listing, forms[i].file);

		if (!file)
			continue;
		out->weights = forms[i].about;
		take(out, file);
		return forms[i].index ? take_index(out, hub, wanted, listing, forms[i].file) : -1;
	}
	return no_weights(wanted, listing);
}

static int take_named(struct chosen *out, const struct wanted *wanted, const struct listing *listing)
{
	const struct listed *file = listing_find(listing, wanted->file);

	if (!file)
		return say_failure("%s has no file '%s' at %s", wanted->name, wanted->file, wanted->revision);
	take(out, file);
	out->weights = is_gguf(wanted->file) ? "the file that was asked for; this krait does not run GGUF yet" : "the file that was asked for";
	return -1;
}

int choose_files(struct chosen *out, const struct hub *hub, const struct wanted *wanted, const struct listing *listing, bool tokenizer_alone)
{
	int status = -1;

	memset(out, 0, sizeof *out);
	out->files = calloc(listing->n + 1, sizeof *out->files);
	if (!out->files)
		return say_failure("out of memory");
	if (wanted->file[0]) {
		status = take_named(out, wanted, listing);
	} else {
		if (!tokenizer_alone)
			take_those(out, listing, settings, sizeof settings / sizeof *settings);
		take_those(out, listing, texts, sizeof texts / sizeof *texts);
		out->tokenizer = listing_find(listing, "tokenizer.json") != NULL;
		if (tokenizer_alone && !out->tokenizer)
			status = say_failure("%s has no tokenizer.json", wanted->name);
		else if (!tokenizer_alone && !listing_find(listing, "config.json"))
			status = say_failure("%s has no config.json, so krait cannot run it%s", wanted->name,
				listing_find(listing, "params.json") ? " (params.json is another layout; look for the same model in that of transformers)" : "");
		else if (!tokenizer_alone)
			status = take_weights(out, hub, wanted, listing);
	}
	if (status >= 0)
		choose_free(out);
	return status;
}

void choose_free(struct chosen *chosen)
{
	free(chosen->files);
	memset(chosen, 0, sizeof *chosen);
}
