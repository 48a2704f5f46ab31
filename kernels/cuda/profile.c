/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.c - how long each kernel takes. While a profile is on, an event follows each kernel, and the time from the
 * event before it is the kernel's. A step is a graph as ever, captured anew with its events, so that the host's own pace
 * is not in the figures; in a prompt, whose kernels are long, events are queued between them.
 *
 * An event costs time itself, and no kernel begins over the tail of the one before it: the rows say what kernels
 * take alone, and their sum is more than a token takes. "events" is what lies between two events
 * with nothing in between.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/memory.h"

#include <string.h>

#define MOST_MARKS 65536u       /* what comes after them is not timed */
#define EVENTS_OF_PART 16u       /* to begin with */
#define MARKS_OF_PART 4u
#define MARKS_OF_STEP 8u
#define NOTHING "events"

static cudaError_t grow(struct profile *profile, size_t n)
{
	struct profile_mark *grown;
	size_t room = profile->room ? profile->room : 256;

	while (room < n)
		room *= 2;
	if (room == profile->room)
		return cudaSuccess;
	grown = krait__resize(profile->marks, room, sizeof(*grown));
	if (!grown)
		return cudaErrorMemoryAllocation;
	profile->marks = grown;
	profile->room = room;
	return cudaSuccess;
}

/* Events for so many more marks are there. */
static cudaError_t make_events(struct profile *profile, size_t n)
{
	size_t wanted = profile->n + n < MOST_MARKS ? profile->n + n : MOST_MARKS;
	cudaError_t error = grow(profile, wanted);

	while (profile->n_events < wanted && error == cudaSuccess) {
		error = cudaEventCreate(&profile->marks[profile->n_events].event);
		profile->n_events += error == cudaSuccess;
	}
	return error;
}

static cudaError_t add_mark(struct profile *profile, const char *name, cudaStream_t stream)
{
	struct profile_mark *mark;
	cudaError_t error;

	if (profile->n == MOST_MARKS)
		return cudaSuccess;
	error = make_events(profile, 1);
	if (error != cudaSuccess)
		return error;
	mark = &profile->marks[profile->n];
	error = cudaEventRecordWithFlags(mark->event, stream, profile->captured ? cudaEventRecordExternal : cudaEventRecordDefault);
	if (error != cudaSuccess)
		return error;
	mark->name = name;
	mark->bytes = krait__cuda_stated;
	krait__cuda_stated = 0;
	profile->n++;
	return cudaSuccess;
}

cudaError_t krait__cuda_mark(struct emodel *model, const char *name, cudaError_t error)
{
	if (error != cudaSuccess || !model->profile.on)
		return error;
	error = add_mark(&model->profile, name, model->stream);
	return error == cudaSuccess && !name ? add_mark(&model->profile, NOTHING, model->stream) : error;
}

static void drop_graph(struct profile *profile)
{
	if (profile->graph)
		cudaGraphExecDestroy(profile->graph);
	profile->graph = NULL;
}

void krait__cuda_profile_free(struct emodel *model)
{
	struct profile *profile = &model->profile;

	drop_graph(profile);
	while (profile->n_events)
		cudaEventDestroy(profile->marks[--profile->n_events].event);
	krait__free(profile->marks);
	*profile = (struct profile){ 0 };
}

/* A capture makes no events of its own: there are as many as a step can have marks. */
cudaError_t krait__cuda_profile_capture(struct emodel *model)
{
	cudaError_t error = model->profile.graph ? cudaStreamSynchronize(model->stream) : cudaSuccess;

	if (error != cudaSuccess)
		return error;
	drop_graph(&model->profile);
	model->profile.captured = true;
	return make_events(&model->profile, (size_t)model->plan->n_parts * MARKS_OF_PART + MARKS_OF_STEP);
}

void krait__cuda_profile_captured(struct emodel *model, size_t n_before, cudaGraphExec_t graph)
{
	model->profile.captured = false;
	if (graph)
		model->profile.graph = graph;
	else
		model->profile.n = n_before;
}

krait_status krait__cuda_profile(struct emodel *model, struct why *why)
{
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	if (status != KRAIT_OK)
		return status;
	krait__cuda_profile_free(model);
	error = make_events(&model->profile, (size_t)model->plan->n_parts * EVENTS_OF_PART);
	if (error == cudaSuccess)
		model->profile.on = true;
	else
		krait__cuda_profile_free(model);
	return krait__cuda_finish(model, error, "making events to time kernels with", false, why);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* The row of that name, or a new one; NULL where there is no room for it. */
static struct engine_profile *find_row(struct engine_profile *rows, size_t n_out, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	if (*n == n_out)
		return NULL;
	rows[*n] = (struct engine_profile){ .name = name };
	return &rows[(*n)++];
}

static cudaError_t add_up(const struct profile *profile, struct engine_profile *out, size_t n_out, size_t *n)
{
	cudaError_t error = cudaSuccess;

	for (size_t i = 1; i < profile->n && error == cudaSuccess; i++) {
		const struct profile_mark *mark = &profile->marks[i];
		struct engine_profile *row = mark->name ? find_row(out, n_out, n, mark->name) : NULL;
		float milliseconds = 0;

		if (!row)
			continue;
		error = cudaEventElapsedTime(&milliseconds, profile->marks[i - 1].event, mark->event);
		row->n++;
		row->seconds += 1e-3 * milliseconds;
		row->bytes += (double)mark->bytes;
	}
	return error;
}

krait_status krait__cuda_profiled(struct emodel *model, struct engine_profile *out, size_t n_out, size_t *n, struct why *why)
{
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	*n = 0;
	if (status != KRAIT_OK)
		return status;
	error = cudaStreamSynchronize(model->stream);
	if (error == cudaSuccess)
		error = add_up(&model->profile, out, n_out, n);
	krait__cuda_profile_free(model);
	return krait__cuda_finish(model, error, "reading the profile", false, why);
}
