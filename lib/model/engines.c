/* SPDX-License-Identifier: Apache-2.0 */
/* engines.c - finding an engine by the name of a device. The CUDA engine is in a file of its own,
 * so that this library needs nothing of CUDA. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "model/engines.h"

#include "base/file.h"
#include "base/memory.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN_FILE "krait-cuda.so"
#define PLUGIN_PACKAGE "libkrait0-cuda"
#define MOST_DEVICES 64

static const struct engine_host host = { KRAIT__ENGINE_ABI, sizeof(struct engine_host), &krait__allocator };

/* No lock: a child of fork() would find it taken for ever if another thread was loading just then.
 * Two threads may load at once; the linker gives both the same file, and the first result stays. */
static struct {
	_Atomic(const struct engine *) loaded, registered;
} krait__cuda;

static bool there(const char *path)
{
	struct stat about;

	return krait__files.stat_path(path, &about) == 0;
}

/* A file that KRAIT_CUDA_PLUGIN names, for an engine that is not installed. */
static const char *plugin_path(void)
{
	const char *path = secure_getenv("KRAIT_CUDA_PLUGIN");

	return path && *path ? path : KRAIT_PLUGIN_DIR "/" PLUGIN_FILE;
}

static krait_status no_plugin(const char *path, struct why *why)
{
	struct quoted quoted;

	return krait__why(why, KRAIT_ERROR_DEVICE, "the CUDA engine is not installed: there is no %s; install the package " PLUGIN_PACKAGE
		", or build krait with --with-cuda", krait__quote(&quoted, path, SIZE_MAX));
}

static krait_status broken_plugin(const char *path, const char *reason, struct why *why)
{
	struct quoted quoted, text;

	return krait__why(why, KRAIT_ERROR_DEVICE, "the CUDA engine %s cannot be loaded: %s; it needs the libraries of CUDA 13 "
		"(libcudart.so.13, libcublasLt.so.13) where the dynamic linker looks", krait__quote(&quoted, path, SIZE_MAX),
		krait__quote(&text, reason ? reason : "no reason is given", SIZE_MAX));
}

static krait_status other_plugin(const char *path, struct why *why)
{
	struct quoted quoted;

	return krait__why(why, KRAIT_ERROR_DEVICE, "the CUDA engine %s belongs to another version of krait than %s: install both from one release",
		krait__quote(&quoted, path, SIZE_MAX), PACKAGE_VERSION);
}

/* What was loaded and has run stays: threads of a driver may run in it. */
static krait_status load(const struct engine **out, struct why *why)
{
	const char *path = plugin_path();
	const struct engine *engine;
	krait__plugin_fn entry;
	void *file;

	if (!there(path))
		return no_plugin(path, why);
	file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!file)
		return broken_plugin(path, dlerror(), why);
	*(void **)&entry = dlsym(file, KRAIT__PLUGIN_SYMBOL);
	if (!entry) {
		dlclose(file);
		return other_plugin(path, why);
	}
	engine = entry(&host);
	if (!engine || engine->abi != KRAIT__ENGINE_ABI || engine->size != sizeof(*engine))
		return other_plugin(path, why);
	*out = engine;
	return KRAIT_OK;
}

krait_status krait__engine_cuda(const struct engine **out, struct why *why)
{
	const struct engine *none = NULL;
	krait_status status;

	*out = atomic_load(&krait__cuda.registered);
	if (!*out)
		*out = atomic_load(&krait__cuda.loaded);
	if (*out)
		return KRAIT_OK;
	status = load(out, why);
	if (status == KRAIT_OK && !atomic_compare_exchange_strong(&krait__cuda.loaded, &none, *out))
		*out = none;
	return status;
}

void krait__engine_register_cuda(const struct engine *engine)
{
	atomic_store(&krait__cuda.registered, engine);
}

/* ---- choosing ------------------------------------------------------------------------ */

static void choose_cpu(struct engine_choice *out)
{
	*out = (struct engine_choice){ .engine = &krait__cpu_engine, .name = "cpu" };
}

static krait_status no_such_device(const struct device *devices, size_t n, uint32_t wanted, struct why *why)
{
	if (n && !devices[0].usable && !strcmp(devices[0].name, "cuda"))
		return krait__why(why, KRAIT_ERROR_DEVICE, "%s", devices[0].about);
	return krait__why(why, KRAIT_ERROR_DEVICE, "there is no device cuda:%u here: there are %zu, from cuda:0 on", (unsigned)wanted, n);
}

/* The wanted one, or the first that can be used. */
static krait_status choose_cuda(struct engine_choice *out, bool any, uint32_t wanted, struct why *why)
{
	struct device *devices;
	size_t n = 0, at = wanted;
	krait_status status = krait__engine_cuda(&out->engine, why);

	if (status != KRAIT_OK)
		return status;
	devices = krait__alloc_zero(MOST_DEVICES, sizeof(*devices));
	if (!devices)
		return krait__why_memory(why);
	status = out->engine->devices(devices, MOST_DEVICES, &n);
	n = n < MOST_DEVICES ? n : MOST_DEVICES;
	for (at = any ? 0 : wanted; any && at + 1 < n && !devices[at].usable; )
		at++;
	if (status != KRAIT_OK)
		status = krait__why_memory(why);
	else if (at >= n || !strcmp(devices[at].name, "cuda"))
		status = no_such_device(devices, n, wanted, why);
	else if (!devices[at].usable)
		status = krait__why(why, KRAIT_ERROR_DEVICE, "%s: %s", devices[at].name, devices[at].about);
	out->device = (uint32_t)at;
	snprintf(out->name, sizeof(out->name), "cuda:%u", (unsigned)at);
	krait__free(devices);
	return status;
}

/* Whether anything here looks as if CUDA were meant to work. */
static bool signs_of_cuda(void)
{
	return there(plugin_path()) || there("/proc/driver/nvidia/version") || there("/dev/nvidiactl");
}

/* A computer without a trace of CUDA falls back from nothing, unless somebody asked. */
static void choose_auto(struct engine_choice *out, bool asked)
{
	struct why reason = { 0 };

	if (choose_cuda(out, true, 0, &reason) == KRAIT_OK)
		return;
	choose_cpu(out);
	if (asked || signs_of_cuda())
		snprintf(out->note, sizeof(out->note), "device auto is the CPU here: %.200s", reason.text);
}

static bool device_number(const char *text, uint32_t *out)
{
	size_t n = strspn(text, "0123456789");

	*out = 0;
	if (n == 0 || n > 4 || text[n])
		return false;
	*out = (uint32_t)strtoul(text, NULL, 10);
	return true;
}

krait_status krait__engine_choose(struct engine_choice *out, const char *device, struct why *why)
{
	struct quoted quoted;
	uint32_t number = 0;
	krait_status status;

	*out = (struct engine_choice){ 0 };
	if (!device || !strcmp(device, "auto")) {
		choose_auto(out, device != NULL);
		return KRAIT_OK;
	}
	if (!strcmp(device, "cpu")) {
		choose_cpu(out);
		return KRAIT_OK;
	}
	if (strcmp(device, "cuda") != 0 && (strncmp(device, "cuda:", 5) != 0 || !device_number(device + 5, &number)))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "device %s is not known: 'auto', 'cpu', 'cuda' or 'cuda:N' is needed",
			krait__quote(&quoted, device, SIZE_MAX));
	status = choose_cuda(out, device[4] == 0, number, why);
	if (status != KRAIT_OK)
		krait__why_prefix(why, krait__quote(&quoted, device, SIZE_MAX));
	return status;
}
