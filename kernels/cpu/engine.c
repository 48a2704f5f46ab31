/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c - the CPU engine's table: opening, closing and what it needs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"
#include "base/memory.h"
#include "base/size.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A slow machine, for the size of the first pass; later ones go by the clock. */
#define FIRST_PRODUCTS 1e10     /* a second */
#define FIRST_BYTES 1e10
#define FIRST_SECONDS 0.04
#define MAX_THREADS 1024

static uint64_t page_bytes(int name)
{
	long pages = sysconf(name), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

static krait_status devices(struct device *out, size_t n_out, size_t *n)
{
	*n = 1;
	if (n_out == 0)
		return KRAIT_OK;
	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "cpu");
	snprintf(out->about, sizeof(out->about), "%s, %u processors", krait__kernels_at(0)->name,
		krait__pool_processors());
#ifdef _SC_PHYS_PAGES
	out->memory = page_bytes(_SC_PHYS_PAGES);
#endif
#ifdef _SC_AVPHYS_PAGES
	out->memory_free = page_bytes(_SC_AVPHYS_PAGES);
#endif
	out->usable = true;
	return KRAIT_OK;
}

static unsigned thread_count(const struct engine_config *config)
{
	unsigned n = config->threads ? config->threads : krait__pool_processors();

	return n < MAX_THREADS ? n : MAX_THREADS;
}

/* Saturates, as the counts do. */
static uint64_t bytes_of(size_t floats, size_t more)
{
	uint64_t bytes;

	if (!krait__mul_u64(&bytes, floats, sizeof(float)) || !krait__add_u64(&bytes, bytes, more))
		return UINT64_MAX;
	return bytes;
}

static krait_status estimate(const struct plan *plan, const struct engine_config *config, struct engine_memory *out,
	struct why *why)
{
	struct emodel model = { .plan = plan };
	struct cpu_carver weights = { 0 }, scratch = { 0 };
	krait_status status;

	memset(out, 0, sizeof(*out));
	status = krait__check_plan(plan, why);
	if (status)
		return status;
	krait__layout(&model, &weights, &scratch, thread_count(config));
	out->weights = bytes_of(weights.used, plan->n_parts * sizeof(struct cpu_ready));
	out->scratch = bytes_of(scratch.used, sizeof(struct emodel));
	out->slot = bytes_of(model.slot_floats, 0);
	if (model.page_floats)
		out->slot_token = bytes_of(model.page_floats, sizeof(struct cpu_page)) / PAGE_POSITIONS;
	return KRAIT_OK;
}

static float *zero_floats(size_t n)
{
	float *block = krait__alloc_vectors(n, sizeof(float));

	if (block)
		memset(block, 0, n * sizeof(float));
	return block;
}

static krait_status take_memory(struct emodel *model, unsigned n_threads, struct why *why)
{
	struct cpu_carver weights = { 0 }, scratch = { 0 };

	krait__layout(model, &weights, &scratch, n_threads);
	model->parts = krait__alloc_zero(model->plan->n_parts, sizeof(*model->parts));
	model->prepared = weights.base = zero_floats(weights.used);
	model->scratch_block = scratch.base = zero_floats(scratch.used);
	if (!model->parts || !weights.base || !scratch.base)
		return krait__why_memory(why);
	krait__layout(model, &weights, &scratch, n_threads);
	return KRAIT_OK;
}

static krait_status no_kernels(const char *name, struct why *why)
{
	struct quoted quoted;
	const struct kernels *kernels;
	char known[64] = "";

	for (size_t i = 0; (kernels = krait__kernels_at(i)); i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s%s", i ? ", " : "", kernels->name,
			kernels->stream_most ? "[-1|-4]" : "");
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED,
		"instructions %s are not known or not available here; there are auto, %s",
		krait__quote(&quoted, name, SIZE_MAX), known);
}

static void close_model(struct emodel *model)
{
	if (!model)
		return;
	if (model->pid == getpid())
		krait__turn_destroy(&model->turn);
	krait__pool_free(model->pool);
	krait__free(model->parts);
	krait__free(model->prepared);
	krait__free(model->scratch_block);
	krait__free(model);
}

/* Elements of a part's matrices that a row is multiplied with: of experts, those that it goes through. */
static double elements(const struct plan *plan, const struct part *part, enum role role)
{
	const struct tensor *tensor = krait__part_tensor(plan, part, role);
	bool experts = part->kind == PART_MOE && role != ROLE_ROUTER;
	double n = 1;

	if (!tensor || tensor->rank < 2)
		return 0;
	for (uint32_t i = tensor->rank - 2; i < tensor->rank; i++)
		n *= (double)tensor->shape[i];
	return experts ? n * part->n_used : n;
}

static void first_guess(struct emodel *model)
{
	const struct plan *plan = model->plan;
	double products = 1, bytes = 0, rows;

	for (uint32_t i = 0; i < plan->n_parts; i++)
		for (int role = 0; role < N_ROLES; role++) {
			double n = elements(plan, &plan->parts[i], (enum role)role);

			products += n;
			if (n > 0)
				bytes += n * (double)krait__dtype_size(plan->tensors[plan->parts[i].tensor[role]].type);
		}
	model->fastest = bytes / FIRST_BYTES;
	rows = (model->fastest > FIRST_SECONDS ? model->fastest : FIRST_SECONDS) * FIRST_PRODUCTS / products;
	model->row_limit = rows < 1 ? 1 : rows > MAX_ROWS ? MAX_ROWS : (size_t)rows;
}

static krait_status make_ready(struct emodel *model, const struct engine_config *config, enum cpu_reading reading,
	struct why *why)
{
	unsigned n_threads = thread_count(config);
	krait_status status = take_memory(model, n_threads, why);

	if (!status)
		status = krait__pool_new(&model->pool, n_threads, why);
	if (status)
		return status;
	krait__prepare(model);
	model->pass.model = model;
	first_guess(model);
	if (model->kernels->stream_most && reading == READ_MEASURED)
		model->stream = krait__measure_stream(model);
	snprintf(model->about, sizeof(model->about), "%s%s, %u thread%s%s", model->kernels->name,
		!model->kernels->stream_most ? "" : model->stream ? "-1" : "-4", n_threads, n_threads == 1 ? "" : "s",
		config->precision == PRECISION_FAST ? ", exact (fast needs nothing else here)" : "");
	return KRAIT_OK;
}

static krait_status open_model(struct emodel **out, const struct plan *plan, const struct engine_config *config,
	struct why *why)
{
	enum cpu_reading reading;
	const struct kernels *kernels = krait__kernels_find(config->instructions, &reading);
	krait_status status = krait__check_plan(plan, why);
	struct emodel *model;

	*out = NULL;
	if (!kernels)
		return no_kernels(config->instructions, why);
	if (status)
		return status;
	model = krait__alloc_vectors(1, sizeof(*model));
	if (!model)
		return krait__why_memory(why);
	memset(model, 0, sizeof(*model));
	model->plan = plan;
	model->kernels = kernels;
	model->stream = reading != READ_FOURS;
	model->pid = getpid();
	if (!krait__turn_init(&model->turn)) {
		krait__free(model);
		return krait__why_memory(why);
	}
	status = make_ready(model, config, reading, why);
	if (status) {
		close_model(model);
		return status;
	}
	*out = model;
	return KRAIT_OK;
}

static const char *about(const struct emodel *model)
{
	return model->about;
}

const struct engine krait__cpu_engine = {
	.abi = KRAIT__ENGINE_ABI, .size = sizeof(struct engine), .name = "cpu",
	.devices = devices, .estimate = estimate, .open = open_model, .close = close_model, .about = about,
	.slot_new = krait__slot_new, .slot_free = krait__slot_free, .slot_clear = krait__slot_clear,
	.slot_copy = krait__slot_copy, .slot_resize = krait__slot_resize, .slot_reserve = krait__slot_reserve,
	.slot_export = krait__slot_export, .slot_import = krait__slot_import,
	.forward = krait__forward, .logits = krait__logits, .any_division = true,
};
