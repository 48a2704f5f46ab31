/* SPDX-License-Identifier: Apache-2.0 */
/* devices.c - krait_devices_*: what there is to open a model on. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "model/engines.h"

#include <stdio.h>

struct krait_devices {
	struct device *list;
	size_t n;
};

/* The processor, and what of CUDA there is or why there is nothing. */
static size_t count_devices(const struct engine **cuda, struct why *why)
{
	size_t n_cpu = 0, n_cuda = 1;

	krait__cpu_engine.devices(NULL, 0, &n_cpu);
	if (krait__engine_cuda(cuda, why) != KRAIT_OK || (*cuda)->devices(NULL, 0, &n_cuda) != KRAIT_OK)
		*cuda = NULL;
	return n_cpu + n_cuda;
}

static void fill(krait_devices *devices, const struct engine *cuda, const struct why *why)
{
	size_t room = devices->n, n;

	krait__cpu_engine.devices(devices->list, room, &devices->n);
	if (cuda && cuda->devices(devices->list + devices->n, room - devices->n, &n) == KRAIT_OK) {
		devices->n += n < room - devices->n ? n : room - devices->n;
		return;
	}
	snprintf(devices->list[devices->n].name, sizeof(devices->list->name), "cuda");
	snprintf(devices->list[devices->n].about, sizeof(devices->list->about), "cannot be used: %.220s", why->text);
	devices->n++;
}

krait_status krait_devices_open(krait_devices **out)
{
	const struct engine *cuda;
	struct why why = { 0 };
	krait_devices *devices;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	devices = krait__alloc_zero(1, sizeof(*devices));
	if (devices) {
		devices->n = count_devices(&cuda, &why);
		devices->list = krait__alloc_zero(devices->n, sizeof(*devices->list));
	}
	if (!devices || !devices->list) {
		krait__free(devices);
		return KRAIT_ERROR_MEMORY;
	}
	fill(devices, cuda, &why);
	*out = devices;
	return KRAIT_OK;
}

void krait_devices_free(krait_devices *devices)
{
	if (!devices)
		return;
	krait__free(devices->list);
	krait__free(devices);
}

size_t krait_devices_count(const krait_devices *devices)
{
	return devices ? devices->n : 0;
}

static const struct device *at(const krait_devices *devices, size_t index)
{
	return devices && index < devices->n ? &devices->list[index] : NULL;
}

const char *krait_devices_name(const krait_devices *devices, size_t index)
{
	const struct device *device = at(devices, index);

	return device ? device->name : NULL;
}

const char *krait_devices_about(const krait_devices *devices, size_t index)
{
	const struct device *device = at(devices, index);

	return device ? device->about : NULL;
}

uint64_t krait_devices_memory(const krait_devices *devices, size_t index)
{
	const struct device *device = at(devices, index);

	return device ? device->memory : 0;
}

uint64_t krait_devices_memory_free(const krait_devices *devices, size_t index)
{
	const struct device *device = at(devices, index);

	return device ? device->memory_free : 0;
}
