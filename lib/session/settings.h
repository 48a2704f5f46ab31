/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - what decides how a token is chosen, as numbers, and the rules for setting them. */
#ifndef KRAIT_SESSION_SETTINGS_H
#define KRAIT_SESSION_SETTINGS_H

#include "base/why.h"

#include <stdbool.h>

struct bias {
	krait_token token;
	float value;
};

struct sampling {
	double temperature, top_p, min_p, typical_p;
	double repetition, presence, frequency;
	int64_t top_k, seed;
	struct bias *biases;            /* ascending by token */
	size_t n_biases;
};

void krait__sampling_defaults(struct sampling *out);
bool krait__sampling_copy(struct sampling *out, const struct sampling *from);  /* what was in *out is not freed */
void krait__sampling_free(struct sampling *sampling);

/* UNSUPPORTED: no such setting; ARGUMENT: its other type, or a value outside its range. */
krait_status krait__sampling_set_int(struct sampling *sampling, int setting, int64_t value, struct why *why);
krait_status krait__sampling_set_float(struct sampling *sampling, int setting, double value, struct why *why);
krait_status krait__sampling_get_int(const struct sampling *sampling, int setting, int64_t *out, struct why *why);
krait_status krait__sampling_get_float(const struct sampling *sampling, int setting, double *out, struct why *why);

/* A value of 0 removes the entry. The caller has checked the upper end of the token's range. */
krait_status krait__sampling_set_bias(struct sampling *sampling, krait_token token, float value, struct why *why);

/* The range of a setting; false: it is not one of a sampler. */
bool krait__sampling_bounds(int setting, double bounds[2]);

#endif
