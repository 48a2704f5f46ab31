/* SPDX-License-Identifier: Apache-2.0 */
/* weights.c - from the weights of a checkpoint to the tensors of a plan. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/weights.h"

#include "base/memory.h"
#include "base/size.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHUNK 2048              /* elements converted at a time, on the stack */
#define REPORT_EVERY (8u << 20) /* bytes between two reports of progress */

static uint64_t count_elements(const struct weight *weight)
{
	uint64_t count = 1;

	for (uint32_t i = 0; i < weight->rank; i++)
		count *= weight->shape[i];      /* the reader and the plan have bounded it */
	return count;
}

/* ---- elements ----------------------------------------------------------------------- */

/* Copies runs along the last axis, stepping the others like an odometer. */
static void gather_strided(unsigned char *out, const struct weight *weight, uint64_t first, size_t n)
{
	size_t element = krait__dtype_size(weight->type);
	uint64_t index[8] = { 0 };
	uint32_t last = weight->rank - 1;

	for (uint32_t axis = weight->rank; axis-- > 0; first /= weight->shape[axis])
		index[axis] = first % weight->shape[axis];
	while (n > 0) {
		int64_t offset = 0;

		for (uint32_t axis = 0; axis < weight->rank; axis++)
			offset += (int64_t)index[axis] * weight->stride[axis];
		memcpy(out, weight->data + offset * (int64_t)element, element);
		out += element;
		n--;
		index[last]++;
		for (uint32_t axis = last; axis > 0 && index[axis] == weight->shape[axis]; axis--) {
			index[axis] = 0;
			index[axis - 1]++;
		}
	}
}

void krait__weight_gather(void *out, const struct weight *weight, uint64_t first, size_t n)
{
	size_t element = krait__dtype_size(weight->type);

	if (n == 0)
		return;
	if (weight->rank == 0 || krait__weight_contiguous(weight))
		memcpy(out, weight->data + first * element, n * element);
	else
		gather_strided(out, weight, first, n);
}

static void gather_floats(float *out, const struct weight *weight, uint64_t first, size_t n)
{
	unsigned char raw[CHUNK * sizeof(float)];

	krait__weight_gather(raw, weight, first, n);
	krait__widen(out, raw, weight->type, n);
}

size_t krait__weight_sample(float out[SAMPLE_MAX], const struct weight *weight)
{
	uint64_t count = count_elements(weight);
	size_t run = SAMPLE_MAX / SAMPLE_RUNS;

	if (count <= SAMPLE_MAX) {
		gather_floats(out, weight, 0, (size_t)count);
		return (size_t)count;
	}
	for (size_t i = 0; i < SAMPLE_RUNS; i++)
		gather_floats(out + i * run, weight, (count - run) / (SAMPLE_RUNS - 1) * i, run);
	return SAMPLE_MAX;
}

static bool same_elements(const struct weight *a, const struct weight *b)
{
	uint64_t count = count_elements(a);
	unsigned char left[CHUNK * sizeof(float)], right[CHUNK * sizeof(float)];
	size_t element = krait__dtype_size(a->type);

	if (krait__weight_contiguous(a) && krait__weight_contiguous(b))
		return memcmp(a->data, b->data, (size_t)count * element) == 0;
	for (uint64_t at = 0; at < count; at += CHUNK) {
		size_t n = count - at < CHUNK ? (size_t)(count - at) : CHUNK;

		krait__weight_gather(left, a, at, n);
		krait__weight_gather(right, b, at, n);
		if (memcmp(left, right, n * element))
			return false;
	}
	return true;
}

static bool same_sample(const struct weight *a, const struct weight *b)
{
	float left[SAMPLE_MAX], right[SAMPLE_MAX];
	size_t n = krait__weight_sample(left, a);

	return n == krait__weight_sample(right, b) && memcmp(left, right, n * sizeof(float)) == 0;
}

bool krait__weight_equal(const struct weight *a, const struct weight *b, bool sampled)
{
	if (a->rank != b->rank || a->type != b->type || memcmp(a->shape, b->shape, a->rank * sizeof(*a->shape)))
		return false;
	if (a->data == b->data && !memcmp(a->stride, b->stride, a->rank * sizeof(*a->stride)))
		return true;
	/* A model that differs at all differs in the sample, so that most of two heads is never read. */
	return same_sample(a, b) && (sampled || same_elements(a, b));
}

/* ---- binding ------------------------------------------------------------------------ */

struct report {
	struct krait_model *model;
	uint64_t done, total, told;
};

static bool report(struct report *report, uint64_t bytes, bool always)
{
	struct krait_model *model = report->model;

	report->done += bytes;
	if (!model->progress || (!always && report->done - report->told < REPORT_EVERY))
		return true;
	report->told = report->done;
	return model->progress(model->progress_user, report->done, report->total) == 0;
}

void *krait__model_own(struct krait_model *model, uint64_t count, size_t size)
{
	void **owned, *block = count <= SIZE_MAX ? krait__alloc_vectors((size_t)count, size) : NULL;

	if (!block)
		return NULL;
	owned = krait__resize(model->owned, model->n_owned + 1, sizeof(*owned));
	if (!owned) {
		krait__free(block);
		return NULL;
	}
	model->owned = owned;
	return owned[model->n_owned++] = block;
}

static enum dtype type_wanted(const struct binding *binding, enum dtype target)
{
	return target != DTYPE_OTHER && binding->rule->matrix ? target : binding->weight->type;
}

static bool usable(const struct weight *weight)
{
	return krait__weight_contiguous(weight) && (uintptr_t)weight->data % krait__dtype_size(weight->type) == 0;
}

/* False: cancelled. */
static bool convert(void *out, enum dtype type, const struct weight *weight, struct report *progress)
{
	uint64_t count = count_elements(weight);
	size_t from = krait__dtype_size(weight->type), to = krait__dtype_size(type);

	for (uint64_t at = 0; at < count; at += CHUNK) {
		size_t n = count - at < CHUNK ? (size_t)(count - at) : CHUNK;
		unsigned char *place = (unsigned char *)out + at * to;
		float values[CHUNK];

		if (type == weight->type) {
			krait__weight_gather(place, weight, at, n);
		} else {
			gather_floats(values, weight, at, n);
			krait__narrow(place, type, values, n);
		}
		if (!report(progress, n * from, false))
			return false;
	}
	return true;
}

static krait_status cancelled(struct why *why)
{
	return krait__why(why, KRAIT_CANCELLED, "opening the model was stopped by the progress callback");
}

static krait_status bind_one(struct krait_model *model, struct tensor *tensor, const struct binding *binding, enum dtype type, bool copy,
	struct report *progress, struct why *why)
{
	const struct weight *weight = binding->weight;
	uint64_t count = count_elements(weight);
	void *block;

	tensor->type = type;
	if (type == weight->type && usable(weight) && !copy) {
		tensor->data = weight->data;
		return report(progress, count * krait__dtype_size(type), false) ? KRAIT_OK : cancelled(why);
	}
	block = krait__model_own(model, count, krait__dtype_size(type));
	if (!block)
		return krait__why(why, KRAIT_ERROR_MEMORY, "out of memory: tensor '%s' as %s takes %llu bytes", tensor->name, krait__dtype_name(type),
			(unsigned long long)(count * krait__dtype_size(type)));
	tensor->data = block;
	return convert(block, type, weight, progress) ? KRAIT_OK : cancelled(why);
}

/* The type of the large matrices. */
static void name_type(struct krait_model *model)
{
	static const enum role matrices[] = {
		ROLE_IN_PROJ, ROLE_OUT_PROJ, ROLE_Q, ROLE_K, ROLE_V, ROLE_GATE, ROLE_UP, ROLE_GATE_UP, ROLE_DOWN,
	};
	const struct plan *plan = &model->plan;
	enum dtype type = plan->tensors[plan->embedding].type;
	bool mixed = plan->head != NO_TENSOR && plan->tensors[plan->head].type != type;

	for (uint32_t i = 0; i < plan->n_parts; i++)
		for (size_t k = 0; k < sizeof(matrices) / sizeof(*matrices); k++) {
			const struct tensor *tensor = krait__part_tensor(plan, &plan->parts[i], matrices[k]);

			mixed = mixed || (tensor && tensor->type != type);
		}
	snprintf(model->weights, sizeof(model->weights), "%s", mixed ? "mixed" : krait__dtype_name(type));
}

void krait__weights_measure(struct krait_model *model)
{
	model->n_parameters = model->weight_bytes = 0;
	for (uint32_t i = 0; i < model->plan.n_tensors; i++) {
		const struct tensor *tensor = &model->plan.tensors[i];
		uint64_t count = 1;

		krait__shape_product(&count, tensor->shape, tensor->rank);
		model->n_parameters += count;
		model->weight_bytes += count * krait__dtype_size(tensor->type);
	}
	name_type(model);
}

krait_status krait__weights_bind(struct krait_model *model, const struct binding *bindings, enum dtype target, bool map, bool inspect, struct why *why)
{
	struct plan *plan = &model->plan;
	struct report progress = { model, 0, 0, 0 };
	bool converting = false, in_use = false;
	krait_status status = KRAIT_OK;

	for (uint32_t i = 0; i < plan->n_tensors; i++) {
		const struct weight *weight = bindings[i].weight;

		progress.total += count_elements(weight) * krait__dtype_size(weight->type);
		converting = converting || type_wanted(&bindings[i], target) != weight->type;
		plan->tensors[i].type = type_wanted(&bindings[i], target);
	}
	krait__weights_measure(model);
	if (inspect)
		return KRAIT_OK;
	if (!report(&progress, 0, true))
		return cancelled(why);
	/* A file that was read whole need not stay in memory beside its conversion, once nothing points into it. */
	for (uint32_t i = 0; i < plan->n_tensors && status == KRAIT_OK; i++) {
		status = bind_one(model, &plan->tensors[i], &bindings[i], plan->tensors[i].type, converting && !map, &progress, why);
		in_use = in_use || plan->tensors[i].data == bindings[i].weight->data;
	}
	if (status == KRAIT_OK && !report(&progress, progress.total - progress.done, true))
		status = cancelled(why);
	if (status == KRAIT_OK && !in_use)
		krait__checkpoint_close(&model->checkpoint);
	return status;
}

/* A number that is none chooses experts at random, and shows nowhere else. Routers are small: all of them are read. */
static krait_status check_numbers(const struct tensor *tensor, struct why *why)
{
	uint64_t count = 1;
	float values[CHUNK];

	for (uint32_t i = 0; i < tensor->rank; i++)
		count *= tensor->shape[i];
	for (uint64_t at = 0; at < count; at += CHUNK) {
		size_t n = count - at < CHUNK ? (size_t)(count - at) : CHUNK;

		krait__widen(values, (const char *)tensor->data + at * krait__dtype_size(tensor->type), tensor->type, n);
		for (size_t i = 0; i < n; i++)
			if (!isfinite(values[i]))
				return krait__why(why, KRAIT_ERROR_FORMAT, "tensor '%s' holds something that is no number "
					"(element %llu): the weights are damaged; fetch the model again", tensor->name, (unsigned long long)(at + i));
	}
	return KRAIT_OK;
}

krait_status krait__weights_check_routers(const struct plan *plan, struct why *why)
{
	static const enum role roles[] = { ROLE_ROUTER, ROLE_ROUTER_BIAS };
	krait_status status = KRAIT_OK;

	for (uint32_t i = 0; i < plan->n_parts; i++)
		for (size_t k = 0; k < sizeof(roles) / sizeof(*roles) && status == KRAIT_OK; k++) {
			const struct tensor *tensor = krait__part_tensor(plan, &plan->parts[i], roles[k]);

			if (tensor && tensor->data)
				status = check_numbers(tensor, why);
		}
	return status;
}
