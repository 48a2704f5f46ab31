/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.c - which instruction sets this build and this machine have. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/kernels.h"

#include <string.h>

/* Best first. */
static const struct kernels *const built[] = {
#ifdef HAVE_AVX512
	&krait__kernels_avx512,
#endif
#ifdef HAVE_AVX2
	&krait__kernels_avx2,
#endif
	&krait__kernels_generic,
};

const struct kernels *krait__kernels_at(size_t index)
{
	for (size_t i = 0; i < sizeof(built) / sizeof(built[0]); i++)
		if (built[i]->available() && index-- == 0)
			return built[i];
	return NULL;
}

static bool is_called(const char *name, const struct kernels *kernels, enum cpu_reading *reading)
{
	size_t n = strlen(kernels->name);

	if (strncmp(name, kernels->name, n) != 0)
		return false;
	*reading = !strcmp(name + n, "-1") ? READ_STREAM : !strcmp(name + n, "-4") ? READ_FOURS : READ_MEASURED;
	return name[n] == 0 || (kernels->stream_most && *reading != READ_MEASURED);
}

const struct kernels *krait__kernels_find(const char *name, enum cpu_reading *reading)
{
	const struct kernels *kernels;

	*reading = READ_MEASURED;
	if (!name[0] || !strcmp(name, "auto"))
		return krait__kernels_at(0);
	for (size_t i = 0; (kernels = krait__kernels_at(i)); i++)
		if (is_called(name, kernels, reading))
			return kernels;
	return NULL;
}
