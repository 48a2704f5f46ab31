/* SPDX-License-Identifier: Apache-2.0 */
/* weights.h - giving the tensors of a plan their data: as stored wherever that is possible. */
#ifndef KRAIT_MODEL_WEIGHTS_H
#define KRAIT_MODEL_WEIGHTS_H

#include "model/model.h"
#include "model/plan.h"

/* `n` elements from the `first` on, in row-major order, as stored. */
void krait__weight_gather(void *out, const struct weight *weight, uint64_t first, size_t n);

/* The places that stand for a tensor in comparisons and in the fingerprint. */
#define SAMPLE_MAX 1024
#define SAMPLE_RUNS 4
/* SAMPLE_MAX elements, or all if there are fewer, as float32. Returns their number. */
size_t krait__weight_sample(float out[SAMPLE_MAX], const struct weight *weight);

/* The same shape, type and elements; `sampled`: judged from a sample. */
bool krait__weight_equal(const struct weight *a, const struct weight *b, bool sampled);

/* Binds model->plan to its weights; `target` DTYPE_OTHER leaves types as they are, others
 * convert the large matrices. `inspect`: types and sizes only. Reports progress; CANCELLED. */
krait_status krait__weights_bind(struct krait_model *model, const struct binding *bindings, enum dtype target, bool map, bool inspect, struct why *why);

/* Whether all that experts are chosen by are numbers, where there is data; FORMAT names the tensor. */
krait_status krait__weights_check_routers(const struct plan *plan, struct why *why);

/* Fills in n_parameters, weight_bytes and the name of the weights' type. */
void krait__weights_measure(struct krait_model *model);

/* One more block that the model owns; NULL: no memory. */
void *krait__model_own(struct krait_model *model, uint64_t count, size_t size);

/* model->fingerprint, from the tensors as stored in the checkpoint. */
krait_status krait__fingerprint(struct krait_model *model, const struct binding *bindings, struct why *why);

#endif
