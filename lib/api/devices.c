/* SPDX-License-Identifier: Apache-2.0 */
/* devices.c - krait_devices_*: what there is to open a model on. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "engine.h"

struct krait_devices {
	struct device *list;
	size_t n;
};

krait_status krait_devices_open(krait_devices **out)
{
	krait_devices *devices;
	size_t n;
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	status = krait__cpu_engine.devices(NULL, 0, &n);
	if (status != KRAIT_OK)
		return status;
	devices = krait__alloc_zero(1, sizeof(*devices));
	if (devices)
		devices->list = krait__alloc_zero(n, sizeof(*devices->list));
	if (!devices || !devices->list) {
		krait__free(devices);
		return KRAIT_ERROR_MEMORY;
	}
	status = krait__cpu_engine.devices(devices->list, n, &devices->n);
	*out = devices;
	return status;
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
