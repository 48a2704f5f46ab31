/* SPDX-License-Identifier: Apache-2.0 */
/* engines.h - the engines that there are, and which of them a device's name stands for. */
#ifndef KRAIT_MODEL_ENGINES_H
#define KRAIT_MODEL_ENGINES_H

#include "engine.h"

struct engine_choice {
	const struct engine *engine;
	uint32_t device;
	char name[16];          /* "cpu", "cuda:0" */
	char note[240];         /* why it is not what was hoped for; "" */
};

/* `device` as KRAIT_OPTION_DEVICE; NULL: nobody chose. ARGUMENT: no such name. DEVICE: not here, and why. */
krait_status krait__engine_choose(struct engine_choice *out, const char *device, struct why *why);

/* The engine of CUDA devices, from a file of its own that is loaded once. DEVICE: not here, and why. */
krait_status krait__engine_cuda(const struct engine **out, struct why *why);

/* Puts an engine in its place, for programs that have one linked in. NULL: none again. */
void krait__engine_register_cuda(const struct engine *engine);

#endif
