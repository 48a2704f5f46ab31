/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KRAIT_SESSION_SAMPLER_H
#define KRAIT_SESSION_SAMPLER_H

#include "session/sampling.h"

struct krait_sampler {
	struct why why;
	struct sampling sampling;
};

#endif
