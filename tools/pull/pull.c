/* SPDX-License-Identifier: Apache-2.0 */
/* pull.c - `krait pull`: a model from a hub into the cache that hub clients share. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/pull.h"

#include "interrupt.h"
#include "options.h"
#include "pull/fetch.h"
#include "pull/needs.h"
#include "pull/wanted.h"
#include "say.h"
#include "sizes.h"

#include <stdio.h>
#include <string.h>

#define PARALLEL 4
#define PARALLEL_MOST 32
/* Names of folders and links want some room, too. */
#define SPARE (16u << 20)

struct pull {
	struct hub hub;
	struct report report;
	int parallel;
	bool json;
};

/* Bytes that have yet to come. */
static uint64_t bytes_needed(const struct cache *cache, const struct chosen *chosen)
{
	uint64_t needed = 0;

	for (size_t i = 0; i < chosen->n; i++) {
		const struct listed *file = chosen->files[i];

		if (file->size > 0 && !cache_has(cache, file->path, file->size)
		    && !(file->content[0] && cache_has_blob(cache, file->content, (uint64_t)file->size)))
			needed += (uint64_t)file->size;
	}
	return needed;
}

static int check_space(const struct pull *pull, uint64_t needed)
{
	char wanted[SIZES_ROOM], there[SIZES_ROOM];
	uint64_t space = cache_space(pull->hub.cache);

	if (!needed || space == UINT64_MAX || (space > SPARE && needed <= space - SPARE))
		return -1;
	return say_failure("%s has %s free, and %s have yet to come: make room there, or set HF_HUB_CACHE to a folder on another disk",
		pull->hub.cache, sizes_bytes(there, (double)space), sizes_bytes(wanted, (double)needed));
}

/* What is to come is told before it comes. */
static int tell_plan(struct pull *pull, const struct wanted *wanted, const struct listing *listing, const struct chosen *chosen,
	const struct cache *cache, bool weights)
{
	uint64_t needed = bytes_needed(cache, chosen), memory = 0;
	char why[900] = "";
	bool runs = true;
	int status = -1;

	if (weights && !wanted->file[0])
		status = needs_memory(&memory, &runs, why, sizeof why, &pull->hub, wanted, listing, chosen);
	if (status >= 0)
		return status;
	if (!runs)
		return say_failure("this krait does not run %s: %s", wanted->name, why + strlen("not known: "));
	report_plan(&pull->report, wanted, listing, chosen, needed, memory, why);
	return check_space(pull, needed);
}

/* The chosen files of a model, and the name of its revision last of all: it finds only whole models. */
static int get_chosen(struct pull *pull, const struct wanted *wanted, const struct listing *listing, const struct chosen *chosen, bool weights)
{
	struct fetch fetch = { .hub = &pull->hub, .name = wanted->name, .commit = listing->commit };
	int status;

	if (!cache_place(&fetch.cache, pull->hub.cache, wanted->name, listing->commit))
		return STATUS_FAILED;
	status = tell_plan(pull, wanted, listing, chosen, &fetch.cache, weights);
	if (status >= 0)
		return status;
	if (!cache_make(&fetch.cache, pull->hub.cache))
		return STATUS_FAILED;
	status = fetch_files(&fetch, chosen, pull->parallel, &pull->report);
	if (status < 0 && !cache_point(&fetch.cache, wanted->revision, listing->commit))
		status = STATUS_FAILED;
	if (status < 0 && weights)
		report_done(&pull->report, wanted->name, listing->commit, fetch.cache.snapshot);
	return status;
}

static int get_one(struct pull *pull, const struct wanted *wanted, bool tokenizer_alone);

/* A model that comes without a tokenizer gets the one that belongs to it. */
static int get_tokenizer(struct pull *pull, const struct wanted *wanted, const struct chosen *chosen)
{
	const char *from = krait_installed_tokenizer(pull->hub.installed, wanted->name);
	struct wanted other;

	if (chosen->tokenizer || wanted->file[0])
		return -1;
	if (!from) {
		say_note("krait: %s comes without a tokenizer.json: give one with --tokenizer", wanted->name);
		return -1;
	}
	say_note("%s comes without a tokenizer; its own is that of %s, which is fetched too", wanted->name, from);
	if (wanted_parse(&other, from) >= 0)
		return STATUS_FAILED;
	return get_one(pull, &other, true);
}

static int get_one(struct pull *pull, const struct wanted *wanted, bool tokenizer_alone)
{
	struct listing listing;
	struct chosen chosen = { 0 };
	int status = listing_get(&listing, &pull->hub, wanted);

	if (status >= 0)
		return status;
	status = choose_files(&chosen, &pull->hub, wanted, &listing, tokenizer_alone);
	/* The tokenizer first: a model is found by its name when it is there last. */
	if (status < 0 && !tokenizer_alone)
		status = get_tokenizer(pull, wanted, &chosen);
	if (status < 0)
		status = get_chosen(pull, wanted, &listing, &chosen, !tokenizer_alone);
	choose_free(&chosen);
	listing_free(&listing);
	return status;
}

/* Without a network, what is there has to do. */
static int offline(struct pull *pull, const struct wanted *wanted)
{
	char name[500];

	snprintf(name, sizeof name, "%s%s%s", wanted->name, wanted->revised && strcmp(wanted->revision, "main") ? "@" : "",
		wanted->revised && strcmp(wanted->revision, "main") ? wanted->revision : "");
	for (size_t i = 0; i < krait_installed_count(pull->hub.installed); i++)
		if (!strcmp(krait_installed_name(pull->hub.installed, i), name) && krait_installed_whole(pull->hub.installed, i)) {
			say_note("HF_HUB_OFFLINE is set: %s as it is here", name);
			output_format("%s\n", krait_installed_path(pull->hub.installed, i));
			return STATUS_DONE;
		}
	return say_failure("HF_HUB_OFFLINE is set, and %s is not here in full: unset it to fetch the model", name);
}

static int run(struct pull *pull, const struct wanted *wanted)
{
	int status = hub_open(&pull->hub);

	if (status >= 0)
		return status;
	report_begin(&pull->report, pull->json);
	if (pull->hub.offline)
		status = offline(pull, wanted);
	else
		status = get_one(pull, wanted, false);
	report_end(&pull->report);
	hub_close(&pull->hub);
	if (status == STATUS_INTERRUPTED)
		say_note("krait: stopped; what has come stays, and 'krait pull %s' goes on from there", wanted->name);
	return status < 0 ? STATUS_DONE : status;
}

bool pull_is_name(const char *text)
{
	return strchr(text, '/') && text[0] != '/' && text[0] != '.' && !strchr(text, ':') && strchr(text, '/') == strrchr(text, '/')
		&& text[strlen(text) - 1] != '/';
}

static int pull_wanted(struct pull *pull, const struct wanted *wanted)
{
	int status;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return say_failure("libcurl cannot be set up");
	status = run(pull, wanted);
	curl_global_cleanup();
	return status;
}

int pull_model(const char *name)
{
	struct pull pull = { .parallel = PARALLEL };
	struct wanted wanted;
	int status = wanted_parse(&wanted, name);

	return status < 0 ? pull_wanted(&pull, &wanted) : status;
}

int verb_pull(const struct verb *verb, int argc, char **argv)
{
	struct common common = { 0 };
	struct option_value parallel = { 0 };
	const struct option_row rows[] = {
		{ "parallel", 0, OPTION_WHOLE, &parallel, "N", "files that come at a time (default: 4)", 1, PARALLEL_MOST },
	};
	const struct option_group groups[] = { { NULL, rows, 1 } };
	struct pull pull = { .parallel = PARALLEL };
	struct wanted wanted;
	int first, status = options_parse(verb, groups, 1, &common, argc, argv, &first);

	if (status >= 0)
		return status;
	if (argc != first + 1)
		return say_usage("pull: one model is needed: 'krait pull organisation/name'");
	if (parallel.given)
		pull.parallel = (int)parallel.whole;
	pull.json = common.json;
	status = wanted_parse(&wanted, argv[first]);
	return status < 0 ? pull_wanted(&pull, &wanted) : status;
}
