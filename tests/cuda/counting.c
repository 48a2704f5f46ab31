/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "tests/cuda/counting.h"

#include "base/memory.h"
#include "krait_experimental.h"
#include "model/model.h"

#include <sys/mman.h>

/* Every tensor's data is the same zeros, which the system does not even hold. */
static bool fill_with_zeros(struct counting *counting)
{
	struct plan *plan = counting->plan;

	for (uint32_t i = 0; i < plan->n_tensors; i++) {
		size_t n = krait__dtype_size(plan->tensors[i].type);

		for (uint32_t j = 0; j < plan->tensors[i].rank; j++)
			n *= plan->tensors[i].shape[j];
		if (n > counting->n_zeros)
			counting->n_zeros = n;
	}
	counting->zeros = mmap(NULL, counting->n_zeros, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (uint32_t i = 0; i < plan->n_tensors; i++)
		plan->tensors[i].data = counting->zeros;
	return counting->zeros != MAP_FAILED;
}

static bool open_model(struct counting *out, const char *shape, struct why *why)
{
	krait_options *options;
	bool good = krait_options_new(&options) == KRAIT_OK &&
		krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1) == KRAIT_OK &&
		krait_options_set_text(options, KRAIT_OPTION_DEVICE, "cpu") == KRAIT_OK &&
		krait_model_random(&out->model, shape, "bf16", 1, options) == KRAIT_OK;

	if (!good)
		krait__why(why, KRAIT_ERROR_ARGUMENT, "%s", krait_model_error(out->model));
	krait_options_free(options);
	if (good)
		out->plan = &out->model->plan;
	return good;
}

bool counting_open(struct counting *out, const char *shape, enum weight_form form, struct why *why)
{
	struct engine_config config = { .weights = form };

	*out = (struct counting){ 0 };
	if (!open_model(out, shape, why))
		return false;
	emu_counting_only(1);
	return fill_with_zeros(out) && krait__cuda_engine.estimate(out->plan, &config, &out->memory, why) == KRAIT_OK &&
		krait__cuda_engine.open(&out->emodel, out->plan, &config, why) == KRAIT_OK;
}

void counting_close(struct counting *counting)
{
	krait__cuda_engine.close(counting->emodel);
	emu_counting_only(0);
	krait_model_free(counting->model);
	if (counting->n_zeros)
		munmap(counting->zeros, counting->n_zeros);
	*counting = (struct counting){ 0 };
}

bool counting_token(struct counting *counting, size_t n, struct emu_counts *counts, struct why *why)
{
	struct drawing greedy = { .top_p = 1, .repetition = 1, .n_valid = counting->plan->vocab };
	struct draw draws[MOST_COUNTED] = { 0 };
	krait_token tokens[MOST_COUNTED];
	bool good = n <= MOST_COUNTED;

	for (size_t i = 0; i < n && good; i++) {
		draws[i] = (struct draw){ .drawing = &greedy, .position = 1, .tokens = &tokens[i], .n = 1, .stop = -1 };
		good = krait__cuda_engine.slot_new(&draws[i].slot, counting->emodel, why) == KRAIT_OK;
	}
	for (int round = 0; round < 2 && good; round++) {
		emu_counts_reset();
		good = krait__cuda_engine.generate(counting->emodel, draws, n, false, why) == KRAIT_OK;
		emu_counts(counts);
	}
	for (size_t i = 0; i < n; i++)
		krait__cuda_engine.slot_free(draws[i].slot);
	return good;
}

bool counting_prompt(struct counting *counting, size_t n, struct emu_counts *counts, struct why *why)
{
	krait_token *tokens = krait__alloc_zero(n, sizeof(*tokens));
	struct span span = { .tokens = tokens, .n = n };
	bool good = tokens && krait__cuda_engine.slot_new(&span.slot, counting->emodel, why) == KRAIT_OK;

	for (int round = 0; round < 2 && good; round++) {
		emu_counts_reset();
		good = krait__cuda_engine.forward(counting->emodel, &span, 1, why) == KRAIT_OK;
		emu_counts(counts);
	}
	krait__cuda_engine.slot_free(span.slot);
	krait__free(tokens);
	return good;
}

uint64_t counting_products(const struct counting *counting)
{
	static const enum role matrices[] = { ROLE_IN_PROJ, ROLE_X_PROJ, ROLE_DT_PROJ, ROLE_OUT_PROJ };
	uint64_t n = 0;

	for (uint32_t i = 0; i < counting->plan->n_parts; i++)
		for (size_t m = 0; m < sizeof(matrices) / sizeof(*matrices); m++) {
			const struct tensor *tensor = krait__part_tensor(counting->plan, &counting->plan->parts[i], matrices[m]);

			n += tensor ? tensor->shape[0] * tensor->shape[1] : 0;
		}
	return n;
}
