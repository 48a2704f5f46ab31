/* SPDX-License-Identifier: Apache-2.0 */
/* cache.c - the cache that hub clients share, as another program may have left it: it is listed, and what is in it opens
 * or says why not; no path leads out of it. The input is its files, each behind a line "== NAME"; "== folder" has the
 * name of a model's folder. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define MODEL "models--some--model"
#define SNAPSHOT MODEL "/snapshots/" COMMIT

/* As they are called in the input, and where they lie. */
static const struct { const char *name, *path; } places[] = {
	{ "main", MODEL "/refs/main" },
	{ "other", MODEL "/refs/other" },
	{ "config.json", SNAPSHOT "/config.json" },
	{ "model.safetensors", SNAPSHOT "/model.safetensors" },
	{ "model.safetensors.index.json", SNAPSHOT "/model.safetensors.index.json" },
	{ "pytorch_model.bin", SNAPSHOT "/pytorch_model.bin" },
	{ "tokenizer.json", SNAPSHOT "/tokenizer.json" },
	{ "part", MODEL "/blobs/" COMMIT ".krait.incomplete" },
};
#define N_PLACES (sizeof(places) / sizeof(places[0]))

static const char sound[] =
	"== main\n" COMMIT "\n== other\n" COMMIT "\n"
	"== config.json\n{\"model_type\":\"mamba\",\"num_hidden_layers\":1,\"hidden_size\":4,\"state_size\":4,\"vocab_size\":264}\n"
	"== model.safetensors.index.json\n{\"weight_map\":{\"a\":\"model.safetensors\"}}\n== part\nhalf\n== folder\nmodels--a--b\n";

static const char *const words[] = {
	COMMIT, "..", "../..", ".", "", "/etc", "--", "models--", "models--..--..", "@", "\n", " ", "\xff", "\x1b[31m", "== main\n", "== folder\n",
	"== config.json\n", "== tokenizer.json\n{}", "== part\n", "{", "}", "\"model_type\":\"gpt2\"", "null", "\"../x\"",
};

static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	/* From the beginning now and then: what was changed often is refused at its first byte. */
	if ((n < 2 || fuzz_random(&seed) % 2) && sizeof(sound) - 1 <= most) {
		memcpy(data, sound, sizeof(sound) - 1);
		n = sizeof(sound) - 1;
	}
	if (fuzz_random(&seed) % 2)
		return fuzz_swap(data, n, most, fuzz_random(&seed) % 4 ? fuzz_random(&seed) % (n + 1) : 9, "\"\n",
			words[fuzz_random(&seed) % (sizeof(words) / sizeof(words[0]))]);
	return fuzz_mutate_text(data, n, most, seed, words, sizeof(words) / sizeof(words[0]));
}

/* A folder beside the model's, which goes away again. */
static char extra[700];

static void make_extra(const char *hub, const char *text, size_t n)
{
	char name[201];

	n = n && text[n - 1] == '\n' ? n - 1 : n;
	if (!n || n >= sizeof(name) || memchr(text, '/', n) || memchr(text, 0, n) || extra[0])
		return;
	memcpy(name, text, n);
	name[n] = 0;
	snprintf(extra, sizeof(extra), "%s/%s", hub, name);
	if (mkdir(extra, 0777) != 0)
		extra[0] = 0;
}

static void put_part(void *user, const char *name, const char *text, size_t n)
{
	const char *hub = user;

	for (size_t i = 0; i < N_PLACES; i++)
		if (!strcmp(name, places[i].name))
			fuzz_put(hub, places[i].path, text, n);
	if (!strcmp(name, "folder"))
		make_extra(hub, text, n);
}

static const char *make_hub(void)
{
	static const char *const folders[] = { MODEL, MODEL "/refs", MODEL "/blobs", MODEL "/snapshots", SNAPSHOT };
	const char *hub = fuzz_folder();

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdir(fuzz_path(hub, folders[i]), 0777) != 0)
			fuzz_broken("%s cannot be made", folders[i]);
	return hub;
}

/* One of the cache: where it is, what it is called, and that its name finds it. */
static void check_entry(const krait_installed *list, size_t i, const char *hub)
{
	const char *name = krait_installed_name(list, i), *path = krait_installed_path(list, i);
	krait_options *options;
	krait_model *model;
	krait_status status;

	fuzz_check_text("krait_installed_about", krait_installed_about(list, i));
	if (strncmp(krait_installed_about(list, i), "hub", 3) != 0)
		return;
	if (strncmp(path, hub, strlen(hub)) != 0 || path[strlen(hub)] != '/' || strstr(path, "/..")
		|| (strstr(path, "/snapshots") && strlen(strrchr(path, '/')) != sizeof(COMMIT)))
		fuzz_broken("krait_installed_path: '%s' is not in the cache", path);
	if (krait_options_new(&options) != KRAIT_OK)
		fuzz_broken("no memory");
	krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1);
	status = krait_model_open(&model, name, options);
	if (krait_installed_whole(list, i) && status == KRAIT_ERROR_NOT_FOUND)
		fuzz_broken("'%s' is whole, and not found: %s", name, krait_model_error(model));
	fuzz_check_text("krait_model_error", krait_model_error(model));
	krait_model_free(model);
	krait_options_free(options);
}

static void run(const uint8_t *data, size_t n)
{
	static const char *hub;
	krait_installed *list;

	if (!hub)
		hub = make_hub();
	setenv("HF_HUB_CACHE", hub, 1);
	setenv("KRAIT_MODEL_PATH", "", 1);
	for (size_t i = 0; i < N_PLACES; i++)
		fuzz_put(hub, places[i].path, NULL, 0);
	extra[0] = 0;
	fuzz_parts(data, n, put_part, (void *)(uintptr_t)hub);
	if (krait_installed_open(&list) != KRAIT_OK)
		fuzz_broken("krait_installed_open fails");
	if (!krait_installed_cache(list) || strcmp(krait_installed_cache(list), hub) != 0)
		fuzz_broken("krait_installed_cache: another folder");
	for (size_t i = 0; i < krait_installed_count(list); i++)
		check_entry(list, i, hub);
	krait_installed_free(list);
	if (extra[0])
		rmdir(extra);
}

const struct fuzz_harness fuzz_cache = { "cache", run, mutate };
