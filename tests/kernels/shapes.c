/* SPDX-License-Identifier: Apache-2.0 */
/* shapes.c - the small models: every kind of block, in the company that it keeps, at sizes that fit no vector. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/plans.h"

#include <check.h>
#include <math.h>
#include <string.h>

const struct shape shapes[] = {
	{ .name = "mamba1", .parts = { "1", "1" }, .type = DTYPE_F32, .width = 32, .vocab = 96, .d_inner = 64,
		.d_state = 16, .d_conv = 4, .rank = 2 },
	{ .name = "mamba1 odd", .parts = { "1", "1" }, .type = DTYPE_F16, .width = 19, .vocab = 53, .d_inner = 37,
		.d_state = 5, .d_conv = 3, .rank = 3, .layer_norm = true, .biases = true, .no_conv_bias = true },
	{ .name = "mamba1 wide window", .parts = { "1", "1" }, .type = DTYPE_BF16, .width = 24, .vocab = 300,
		.d_inner = 49, .d_state = 9, .d_conv = 7, .rank = 17, .untied = true },
	{ .name = "mamba1 no window", .parts = { "1", "1" }, .type = DTYPE_F32, .width = 16, .vocab = 40,
		.d_inner = 16, .d_state = 1, .d_conv = 1, .rank = 1 },
	{ .name = "mamba2", .parts = { "2", "2" }, .type = DTYPE_BF16, .width = 40, .vocab = 112, .d_inner = 80,
		.d_state = 24, .d_conv = 4, .d_ssm = 80, .n_heads = 5, .n_groups = 1, .norm = true,
		.limit_high = INFINITY },
	{ .name = "mamba2 groups", .parts = { "2", "2" }, .type = DTYPE_F32, .width = 33, .vocab = 600, .d_inner = 66,
		.d_state = 7, .d_conv = 3, .d_ssm = 66, .n_heads = 6, .n_groups = 3, .norm = true, .untied = true,
		.limit_high = INFINITY },
	{ .name = "mamba2 rare", .parts = { "2", "2" }, .type = DTYPE_F16, .width = 38, .vocab = 101, .d_inner = 76,
		.d_state = 18, .d_conv = 4, .d_ssm = 48, .n_heads = 6, .n_groups = 2, .norm = true,
		.norm_before_gate = true, .channel_d = true, .biases = true, .no_conv_bias = true, .limit_low = 0.3f,
		.limit_high = 0.8f },
	{ .name = "mamba2 no norm", .parts = { "2", "2" }, .type = DTYPE_F32, .width = 28, .vocab = 64, .d_inner = 84,
		.d_state = 20, .d_conv = 2, .d_ssm = 84, .n_heads = 1, .n_groups = 1, .layer_norm = true,
		.limit_high = INFINITY },
	{ .name = "mixed", .parts = { "1", "2" }, .type = DTYPE_BF16, .width = 30, .vocab = 70, .d_inner = 60,
		.d_state = 11, .d_conv = 4, .rank = 4, .d_ssm = 60, .n_heads = 4, .n_groups = 2, .norm = true,
		.limit_high = INFINITY },
	{ .name = "mamba1 and mlp", .parts = { "1m", "1m" }, .type = DTYPE_F16, .width = 26, .vocab = 61,
		.d_inner = 40, .d_state = 6, .d_conv = 4, .rank = 3, .d_ff = 50, .fused = true, .up_first = true,
		.biases = true },
	{ .name = "one after the other", .parts = { "2m", "am" }, .type = DTYPE_BF16, .width = 36, .vocab = 90,
		.d_inner = 48, .d_state = 10, .d_conv = 4, .d_ssm = 48, .n_heads = 4, .n_groups = 1, .norm = true,
		.limit_high = INFINITY, .d_ff = 33, .fused = true, .q_heads = 6, .kv_heads = 2, .head_dim = 8,
		.scaled = true },
	{ .name = "side by side", .parts = { "2+am", "2+am" }, .type = DTYPE_BF16, .width = 33, .vocab = 80,
		.d_inner = 50, .d_state = 12, .d_conv = 4, .d_ssm = 40, .n_heads = 5, .n_groups = 1,
		.limit_high = INFINITY, .d_ff = 41, .q_heads = 4, .kv_heads = 1, .head_dim = 12, .n_rotary = 8,
		.biases = true, .scaled = true, .untied = true },
	{ .name = "attention with a window", .parts = { "a", "2a" }, .type = DTYPE_F32, .width = 30, .vocab = 70,
		.d_inner = 60, .d_state = 8, .d_conv = 4, .d_ssm = 60, .n_heads = 6, .n_groups = 2,
		.limit_high = INFINITY, .q_heads = 3, .kv_heads = 3, .head_dim = 20, .n_rotary = 10,
		.attention_conv = 4, .fused = true, .biases = true, .layer_norm = true },
	{ .name = "squared ReLU", .parts = { "2m", "am" }, .type = DTYPE_F16, .width = 31, .vocab = 55, .d_inner = 44,
		.d_state = 5, .d_conv = 2, .d_ssm = 44, .n_heads = 2, .n_groups = 1, .norm = true,
		.limit_high = INFINITY, .d_ff = 29, .no_gate = true, .relu2 = true, .q_heads = 7, .kv_heads = 7,
		.head_dim = 5 },
	{ .name = "wide heads", .parts = { "am", "am" }, .type = DTYPE_F32, .width = 48, .vocab = 64, .d_ff = 64,
		.relu2 = true, .q_heads = 2, .kv_heads = 1, .head_dim = 134, .n_rotary = 64, .fused = true },
};
const size_t n_shapes = sizeof(shapes) / sizeof(*shapes);

const struct shape *shape_named(const char *name)
{
	for (size_t i = 0; i < n_shapes; i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	ck_abort_msg("there is no shape '%s'", name);
}
