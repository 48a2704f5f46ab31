/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - what the parts of `krait bench` share. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include "krait.h"
#include "options.h"

#include <jansson.h>

struct ceilings {
	double read_before, read_after;         /* bytes a second */
	double flops_before, flops_after;       /* float32 operations a second; on a device those of products, or 0 */
	size_t cache_bytes, buffer_bytes;
	const char *vectors;                    /* "avx512", "avx2", "generic" */
	unsigned n_threads;
	bool on_device;
	const char *device;
	double to_host;                         /* bytes a second */
};

/* Some numbers in one option, "1,8,64". */
#define BENCH_MOST 16
struct bench_list {
	const char *text;
	size_t values[BENCH_MOST], n;
};

/* Measures what the machine's memory and units can do with so many threads; `after`
 * fills the second set. False after saying why not. */
bool ceilings_measure(struct ceilings *ceilings, unsigned n_threads, bool after);

struct bench {
	struct common common;
	const char *shape, *instructions;
	char cut_shape[80];             /* the shape with --layers */
	struct option_value n_decode, n_long, n_layers;
	struct bench_list prompts, batches;
	bool memory, lasting, profile;
	unsigned n_threads;
	krait_model *model;
	const char *name;               /* the shape, or the model */
	double stored_bytes;            /* of every tensor */
	double weight_bytes;            /* of those that tokens read whole */
	double expert_bytes;            /* of those, of experts, of which a token reads this share */
	double chosen_share, active_parameters;
	double state_bytes;             /* of fixed size, and what each position adds */
	double token_bytes;
	double flops, head_flops;       /* of a token in a prompt, and of its last one besides */
	json_t *rows;
};

/* A new row with what every row says, added to bench->rows; borrowed. */
json_t *bench_row(struct bench *bench, const char *work);

/* Any ids do: a token's work does not depend on which it is. NULL after saying so. */
krait_token *bench_tokens(const struct bench *bench, size_t n);
int bench_judge(krait_status status, const char *text);
void bench_add_failure(struct bench *bench, const char *work, const char *measure, size_t n);   /* a row for what failed last */
/* A session that never stops by itself and takes the likeliest token, with a short prompt read. */
int bench_begin(const struct bench *bench, krait_session **out);
int bench_decode_alone(krait_session *session, size_t n);

/* Each measures one kind of work and adds its rows. -1 or an exit status. */
int bench_decode(struct bench *bench, size_t n_batch);
int bench_prefill(struct bench *bench, size_t n_tokens);
int bench_states(struct bench *bench);
int bench_diverge(struct bench *bench);        /* where there is a tokenizer */
int bench_lasting(struct bench *bench);        /* time per token and memory, early and late */
int bench_memory(struct bench *bench);         /* the most memory that was in use */

/* What the device can do, or where it does not say so, this machine; `after` fills the second set. */
int bench_ceilings(struct bench *bench, struct ceilings *ceilings, bool after);
/* Around some work `of` n sessions or tokens: adds a row for each kind of kernel. */
int bench_profile_begin(struct bench *bench);
int bench_profile_end(struct bench *bench, const char *of, size_t n);

void bench_add_limits(const struct bench *bench, const struct ceilings *ceilings);
json_t *bench_ceilings_row(const struct ceilings *ceilings);
void bench_report(const struct bench *bench);

#endif
