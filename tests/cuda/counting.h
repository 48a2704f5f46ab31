/* SPDX-License-Identifier: Apache-2.0 */
/* counting.h - a model of a published shape on the emulated device, which counts what it is asked to
 * do and computes nothing, so that the largest takes no memory. */
#ifndef KRAIT_TESTS_COUNTING_H
#define KRAIT_TESTS_COUNTING_H

#include "emu_api.h"
#include "kernels/cuda/host.h"
#include "krait.h"

#define MOST_COUNTED 256        /* sequences */

struct counting {
	krait_model *model;
	struct plan *plan;
	struct emodel *emodel;
	struct engine_memory memory;
	void *zeros;
	size_t n_zeros;
};

/* false: *why says what failed; close it all the same. */
bool counting_open(struct counting *out, const char *shape, enum weight_form form, struct why *why);
void counting_close(struct counting *counting);

/* What one token for each of n sequences asks of the device, once its graph is there. */
bool counting_token(struct counting *counting, size_t n, struct emu_counts *counts, struct why *why);
/* The same for a prompt of n tokens. */
bool counting_prompt(struct counting *counting, size_t n, struct emu_counts *counts, struct why *why);

/* Multiply-adds of the matrix products of one position, the head aside. */
uint64_t counting_products(const struct counting *counting);

#endif
