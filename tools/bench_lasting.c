/* SPDX-License-Identifier: Apache-2.0 */
/* bench_lasting.c - `krait bench --lasting` and `--memory`: what becomes of time and memory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "interrupt.h"
#include "stream.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 3
#define EARLY 1000
#define LASTING_STEPS 256       /* of a round, if --tokens does not say */
#define LASTING_BLOCK 4096

/* Bytes of a line of /proc/self/status; 0 where there is none. */
static double process_bytes(const char *field)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	double kib = 0;
	size_t n = strlen(field);

	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, field, n) && line[n] == ':')
			kib = strtod(line + n + 1, NULL);
	if (file)
		fclose(file);
	return kib * 1024;
}

/* Bytes in use of the model's device, by whoever; 0 where there is no other than this machine. */
static double device_memory(const struct bench *bench)
{
	krait_devices *devices;
	double used = 0;

	if (krait_devices_open(&devices) != KRAIT_OK)
		return 0;
	for (size_t i = 1; i < krait_devices_count(devices); i++)
		if (!strcmp(krait_devices_name(devices, i), krait_model_device(bench->model)))
			used = (double)(krait_devices_memory(devices, i) - krait_devices_memory_free(devices, i));
	krait_devices_free(devices);
	return used;
}

struct memory {
	double host, device;
};

static struct memory memory_now(const struct bench *bench)
{
	return (struct memory){ process_bytes("VmRSS"), device_memory(bench) };
}

static size_t steps(const struct bench *bench)
{
	return bench->n_decode.given ? (size_t)bench->n_decode.whole : LASTING_STEPS;
}

static void add_lasting(struct bench *bench, uint64_t position, double seconds, struct memory memory)
{
	json_t *row = bench_row(bench, "lasting");

	json_object_set_new(row, "position", json_integer((json_int_t)position));
	json_object_set_new(row, "n_tokens", json_integer((json_int_t)steps(bench)));
	json_object_set_new(row, "seconds_per_token", json_real(seconds / (double)steps(bench)));
	json_object_set_new(row, "tokens_per_second", json_real((double)steps(bench) / seconds));
	json_object_set_new(row, "resident_bytes", json_integer((json_int_t)memory.host));
	if (memory.device > 0)
		json_object_set_new(row, "device_bytes", json_integer((json_int_t)memory.device));
}

static int feed_up_to(struct bench *bench, krait_session *session, uint64_t position)
{
	krait_token *tokens = bench_tokens(bench, LASTING_BLOCK);
	int status = tokens ? -1 : STATUS_FAILED;

	while (status < 0 && krait_session_position(session) < position) {
		uint64_t left = position - krait_session_position(session);

		status = bench_judge(krait_session_feed(session, tokens, left < LASTING_BLOCK ? (size_t)left : LASTING_BLOCK), krait_session_error(session));
	}
	free(tokens);
	return status;
}

/* Two sessions, one early and one late in its text, timed in turn, so that what else
 * happens on the machine falls on both alike; the fastest of several rounds each. */
int bench_lasting(struct bench *bench)
{
	krait_session *sessions[2] = { NULL, NULL };
	uint64_t positions[2] = { EARLY, (uint64_t)bench->n_long.whole };
	double best[2] = { 0, 0 };
	struct memory memory[2] = { { 0, 0 }, { 0, 0 } };
	int status = -1;

	for (int i = 0; i < 2 && status < 0; i++) {
		status = bench_begin(bench, &sessions[i]);
		interrupt_watch(sessions[i]);
		if (status < 0)
			status = feed_up_to(bench, sessions[i], EARLY);
	}
	memory[0] = memory_now(bench);
	if (status < 0)
		status = feed_up_to(bench, sessions[1], positions[1]);
	memory[1] = memory_now(bench);
	for (int round = 0; round < 8 * ROUNDS && status < 0; round++) {
		double start = stream_now(), seconds;

		status = bench_decode_alone(sessions[round % 2], steps(bench));
		seconds = stream_now() - start;
		if (round < 2 || seconds < best[round % 2])
			best[round % 2] = seconds;
	}
	interrupt_watch(NULL);
	for (int i = 0; i < 2; i++) {
		if (status < 0)
			add_lasting(bench, positions[i], best[i], memory[i]);
		krait_session_free(sessions[i]);
	}
	return status;
}

#define MEMORY_PROMPT 128   /* more than a chunk of a prompt adds nothing */

int bench_memory(struct bench *bench)
{
	krait_session *session = NULL;
	krait_token *tokens = bench_tokens(bench, MEMORY_PROMPT);
	double needed = bench->stored_bytes + bench->state_bytes, most;
	int status = tokens ? bench_begin(bench, &session) : STATUS_FAILED;
	json_t *row;

	interrupt_watch(session);
	if (status < 0)
		status = bench_judge(krait_session_feed(session, tokens, MEMORY_PROMPT), krait_session_error(session));
	if (status < 0)
		status = bench_decode_alone(session, 4);
	interrupt_watch(NULL);
	krait_session_free(session);
	free(tokens);
	if (status >= 0)
		return status;
	most = process_bytes("VmHWM");
	row = bench_row(bench, "memory");
	json_object_set_new(row, "peak_bytes", json_integer((json_int_t)most));
	json_object_set_new(row, "weight_bytes", json_integer((json_int_t)bench->stored_bytes));
	json_object_set_new(row, "state_bytes", json_integer((json_int_t)bench->state_bytes));
	json_object_set_new(row, "peak_over_needed", json_real(most / needed));
	return -1;
}
