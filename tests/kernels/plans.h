/* SPDX-License-Identifier: Apache-2.0 */
/* plans.h - small models with random weights, built by hand, with every argument that a family takes. */
#ifndef KRAIT_TESTS_PLANS_H
#define KRAIT_TESTS_PLANS_H

#include "engine.h"

/* What a test model is like; what is 0 or false is left out. */
struct shape {
	const char *name;
	const char *parts[2];           /* of each layer: 1 and 2 for mamba, a for attention, m for an MLP; a + before
	                                 * one that shares its input with the part before it */
	enum dtype type;
	uint32_t width, vocab, d_inner, d_state, d_conv;
	uint32_t rank;                  /* mamba1 */
	uint32_t d_ssm, n_heads, n_groups;      /* mamba2 */
	bool layer_norm, biases, no_conv_bias, untied;
	bool norm, norm_before_gate, channel_d;
	float limit_low, limit_high;
	uint32_t q_heads, kv_heads, head_dim, n_rotary, attention_conv;
	uint32_t d_ff;
	bool no_gate, up_first, relu2;
	bool fused;                     /* q, k and v are one matrix, gate and up are one */
	bool scaled;                    /* no scale is 1 */
};

extern const struct shape shapes[];
extern const size_t n_shapes;
const struct shape *shape_named(const char *name);

/* Weights stand before guard pages and go with guarded_free_all(). */
void plan_make(struct plan *out, const struct shape *shape);
void plan_free(struct plan *plan);

struct emodel *open_plan(const struct plan *plan, const char *instructions, unsigned n_threads);
struct slot *new_slot(struct emodel *model);

/* All that a slot holds, in canonical form; free() it. Equal states have read as much. */
float *slot_content(const struct plan *plan, const struct slot *slot, size_t *n);
void check_same_state(const struct plan *plan, const struct slot *a, const struct slot *b);

#endif
