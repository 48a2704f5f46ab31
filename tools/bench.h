/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - what the parts of `krait bench` share. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include "krait.h"
#include "options.h"

#include <jansson.h>

struct ceilings {
	double read_before, read_after;         /* bytes a second */
	double flops_before, flops_after;       /* float32 operations a second */
	size_t cache_bytes, buffer_bytes;
	const char *vectors;                    /* "avx512", "avx2", "generic" */
	unsigned n_threads;
};

/* Measures what the machine's memory and units can do with so many threads; `after`
 * fills the second set. False after saying why not. */
bool ceilings_measure(struct ceilings *ceilings, unsigned n_threads, bool after);

struct bench {
	struct common common;
	const char *shape, *instructions;
	struct option_value n_decode, n_prefill, n_batch, n_long;
	bool memory, lasting;
	unsigned n_threads;
	krait_model *model;
	const char *name;               /* the shape, or the model */
	double weight_bytes;            /* of every tensor that a token reads */
	double state_bytes;
	double flops;                   /* of a token in a prompt */
	json_t *rows;
};

/* A new row with what every row says, added to bench->rows; borrowed. */
json_t *bench_row(struct bench *bench, const char *work);

/* Each measures one kind of work and adds its rows. -1 or an exit status. */
int bench_decode(struct bench *bench, size_t n_batch);
int bench_prefill(struct bench *bench);
int bench_states(struct bench *bench);
int bench_lasting(struct bench *bench);        /* time per token and memory, early and late */
int bench_memory(struct bench *bench);         /* the most memory that was in use */

double bench_status(const char *field);        /* bytes of a line of /proc/self/status; 0 where there is none */

#endif
