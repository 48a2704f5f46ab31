/* SPDX-License-Identifier: Apache-2.0 */
/* bench_device.c - what a device says of itself: its ceilings, and what its kernels take. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "krait_experimental.h"
#include "say.h"
#include "verbs.h"

#include <string.h>

#define ROOM 512

static void note_ceiling(void *user, const char *name, uint64_t n, double value, double bytes)
{
	struct { struct ceilings *to; bool after; } *into = user;

	(void)n;
	if (!strcmp(name, "read_bytes_per_second")) {
		*(into->after ? &into->to->read_after : &into->to->read_before) = value;
		into->to->buffer_bytes = (size_t)bytes;
	} else if (!strcmp(name, "product_flops")) {
		*(into->after ? &into->to->flops_after : &into->to->flops_before) = value;
	} else if (!strcmp(name, "to_host_bytes_per_second")) {
		into->to->to_host = value;
	}
}

int bench_ceilings(struct bench *bench, struct ceilings *ceilings, bool after)
{
	struct { struct ceilings *to; bool after; } into = { ceilings, after };
	char text[ROOM];
	krait_status status = krait_model_ceilings(bench->model, note_ceiling, &into, text, sizeof text);

	if (status == KRAIT_ERROR_UNSUPPORTED)
		return ceilings_measure(ceilings, bench->n_threads, after) ? -1 : STATUS_FAILED;
	ceilings->on_device = true;
	ceilings->device = krait_model_device(bench->model);
	/* the sessions of a large batch have left no memory to measure with: what was found before them counts */
	if (after && status == KRAIT_ERROR_MEMORY)
		return -1;
	return status == KRAIT_OK ? -1 : say_failure("%s", text);
}

/* ---- kernels --------------------------------------------------------------------------------- */

struct profiled {
	struct bench *bench;
	const char *of;
	size_t n;                       /* sessions, or tokens of the prompt */
};

static void add_kernel(void *user, const char *name, uint64_t n, double seconds, double bytes)
{
	const struct profiled *profiled = user;
	json_t *row = bench_row(profiled->bench, "profile");

	json_object_set_new(row, "of", json_string(profiled->of));
	json_object_set_new(row, strcmp(profiled->of, "prefill") ? "batch" : "n_tokens", json_integer((json_int_t)profiled->n));
	json_object_set_new(row, "kernel", json_string(name));
	json_object_set_new(row, "launches", json_integer((json_int_t)n));
	json_object_set_new(row, "seconds", json_real(seconds));
	json_object_set_new(row, "bytes", json_real(bytes));
}

int bench_profile_begin(struct bench *bench)
{
	char text[ROOM];

	return krait_model_profile_begin(bench->model, text, sizeof text) == KRAIT_OK ? -1 : say_failure("--profile: %s", text);
}

int bench_profile_end(struct bench *bench, const char *of, size_t n)
{
	struct profiled profiled = { bench, of, n };
	char text[ROOM];

	return krait_model_profile_end(bench->model, add_kernel, &profiled, text, sizeof text) == KRAIT_OK ? -1 : say_failure("--profile: %s", text);
}
