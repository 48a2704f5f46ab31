/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernels.h - what the host side of the CUDA engine asks of the kernels. C, so that the host
 * code, the .cu files and the tests share it. Each function queues its kernels on a stream
 * and returns what the launch answered; none waits, none allocates.
 *
 * Names: D = d_model, I = d_inner, N = d_state, R = dt rank, K = d_conv, S = d_ssm, G = n_groups,
 * H = n_heads, P = head_dim, C = channels of the convolution (mamba1 I, mamba2 S + 2GN).
 * A *row* is one position of one sequence in a call. Pointers are to device memory.
 */
#ifndef KRAIT_CUDA_KERNELS_H
#define KRAIT_CUDA_KERNELS_H

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum kc_type { KC_F32, KC_F16, KC_BF16, KC_INT8, KC_INT4 };

/* Row-major [rows, k]. INT8: one byte each; INT4: two a byte, the even column in the low bits,
 * value - 8. Quantised: value = scale * integer, one scale for each `group` columns of a row,
 * scales [rows, ceil(k / group)] in float32. */
struct kc_matrix {
	const void *data;
	const float *scales;
	uint32_t rows, k;
	uint16_t type, group;
};

/* Activations: row-major, `stride` elements from row to row, F32, F16 or BF16. */
struct kc_rows {
	void *data;
	uint32_t stride;
	uint32_t type;
};

/* The sequences of a call. In a decode call piece i is row i. A slot is one block of floats:
 * for each part conv [K-1, C] (oldest first) at conv_at and ssm, as in the canonical form
 * (mamba1 [I, N], mamba2 [H, P, N]), at ssm_at; last the hidden vector [D]. It begins at a multiple of 16 bytes. */
struct kc_pieces {
	float *const *slot;             /* [n]; NULL: nobody, the row is padding */
	const uint32_t *first, *count;  /* [n] rows of a piece; not read in a decode call */
	uint32_t n, n_rows, longest;    /* on the host: longest is the largest count */
};

struct kc_norm {                        /* RMSNorm, or LayerNorm where `layer` is set */
	const float *weight, *bias;     /* [D]; bias NULL: none */
	float eps;
	uint32_t layer;
};

/* ---- both ways ------------------------------------------------------------------------ */

/* x[r] = table[token[r]] for token[r] >= 0; rows with -1 are left as they are. */
cudaError_t kc_embed(float *x, const struct kc_matrix *table, const int32_t *token, uint32_t n_rows, cudaStream_t stream);

/* The final norm of rows row[i] of x into out[i] (NULL: not wanted) and into slot[i] + hidden_at
 * (slot NULL, or slot[i] NULL: not kept). row NULL: row i. */
struct kc_hidden {
	const float *x;
	struct kc_norm norm;
	const uint32_t *row;
	float *out;
	float *const *slot;
	size_t hidden_at;
	uint32_t n, width;
};
cudaError_t kc_hidden(const struct kc_hidden *h, cudaStream_t stream);

/* scores[i] = ln softmax(logits[i])[target[i]]; NaN logits give NaN. */
cudaError_t kc_score(const float *logits, size_t stride, uint32_t vocab, const int32_t *target, float *scores, uint32_t n, cudaStream_t stream);

/* Quantises rows on the device: largest magnitude / 127 (int8) or / 7 (int4) of a group is its
 * scale, rounded to nearest even. */
cudaError_t kc_quantise(const void *from, enum kc_type type, struct kc_matrix *to, cudaStream_t stream);
/* From any type to F32, F16 or BF16. */
cudaError_t kc_widen(const struct kc_matrix *from, void *to, enum kc_type type, cudaStream_t stream);

/* ---- decode: one row a sequence, float32 activations ------------------------------------ */

/* Norm, in_proj, convolution and SiLU. Rows [conv_first, conv_first + C) of in_proj are the
 * convolution's inputs: u[r, c] = silu(conv_bias[c] + sum_k conv[k, c] * window[k, c]), and
 * the window in the slot moves on. All other rows go to projected[r, row]. */
struct kc_in {
	const float *x;                 /* [n_rows, D] the residual stream */
	struct kc_norm norm;
	struct kc_matrix in;
	const float *in_bias;           /* NULL or [rows] */
	const float *conv, *conv_bias;  /* [K, C], NULL or [C] */
	uint32_t conv_first, n_channels, d_conv;
	size_t conv_at;
	float *u, *projected;
	uint32_t u_stride, projected_stride;
	uint32_t fast;                  /* many rows: 16-bit activations on tensor cores; else float32 */
};
cudaError_t kc_decode_in(const struct kc_in *in, const struct kc_pieces *pieces, cudaStream_t stream);

/* out[r] (+)= matrix * f(in[r]) + bias. f: nothing; or mamba2's gated norm over the last S of the
 * k columns (each group by itself, after the gate or before it). Where in_slot is set the rows
 * are in_slot[r] + in_at, and a row whose slot is NULL is left out (the head, from hidden vectors); so is one without
 * a slot where `slot` is set. */
struct kc_product {
	float *const *slot;
	struct kc_matrix matrix;
	const float *in;
	float *const *in_slot;
	size_t in_at;
	const float *bias;
	float *out;
	uint32_t in_stride, out_stride, n_rows;
	uint32_t accumulate;
	const float *gate_norm;         /* NULL, or [S] */
	const float *gate;              /* z, where the norm comes before the gate; else NULL: `in` is gated already */
	uint32_t gate_stride, n_groups, n_normed;
	float eps;
	uint32_t fast;                  /* as in kc_in */
};
cudaError_t kc_decode_product(const struct kc_product *product, cudaStream_t stream);

/* Mamba-1: dt = softplus(dt_proj * small[:, :R] + dt_bias); h = exp(dt A) h + dt B u;
 * y = (C h + D u) * silu(z). small [n_rows, R + 2N]: dt, B, C. (Gu and Dao 2023, equations 2 and 4.) */
struct kc_step1 {
	const float *small, *u, *z;
	uint32_t small_stride, u_stride, z_stride;
	struct kc_matrix dt;            /* [I, R] */
	const float *dt_bias, *a, *d;   /* [I], [I, N] -exp(A_log), [I] */
	uint32_t d_inner, d_state, rank;
	size_t ssm_at;
	float *y;
	uint32_t y_stride;
	uint32_t fast;                  /* many rows: dt off tensor cores; else float32 */
};
cudaError_t kc_decode_step1(const struct kc_step1 *step, const struct kc_pieces *pieces, cudaStream_t stream);

/* Mamba-2: dt = clamp(softplus(dt + dt_bias)); h = exp(dt A) h + dt x B; y = C h + D x, times
 * silu(z) unless the norm comes before the gate. Columns of projected: z0, x0 (I - S each), z (S),
 * then at dt_first dt (H). y[:, :I-S] = silu(z0) * x0. (Dao and Gu 2024, section 7.) */
struct kc_step2 {
	const float *projected, *u;     /* u: x (S), B (GN), C (GN) */
	uint32_t projected_stride, u_stride, dt_first;
	const float *dt_bias, *a, *d;   /* [H] (NULL: none), [H], [S] */
	float limit_low, limit_high;
	uint32_t d_inner, d_ssm, d_state, n_heads, head_dim, n_groups;
	uint32_t gated;                 /* times silu(z) here */
	size_t ssm_at;
	float *y;
	uint32_t y_stride;
};
cudaError_t kc_decode_step2(const struct kc_step2 *step, const struct kc_pieces *pieces, cudaStream_t stream);

/* ---- prefill: pieces of any length ------------------------------------------------------ */

cudaError_t kc_norm_rows(const float *x, uint32_t x_stride, const struct kc_norm *norm, struct kc_rows out, uint32_t n_rows, uint32_t width, cudaStream_t stream);

/* out (+)= matrix * in + bias in float32, one fixed order of sums whatever n_rows is: the exact path. */
struct kc_gemm {
	struct kc_matrix matrix;
	struct kc_rows in, out;
	const float *bias;
	uint32_t n_rows, accumulate;
};
cudaError_t kc_gemm_exact(const struct kc_gemm *gemm, cudaStream_t stream);

/* Convolution and SiLU over each piece; the window in the slot moves on. */
struct kc_conv {
	struct kc_rows in, out;         /* C columns each */
	const float *conv, *conv_bias;
	uint32_t n_channels, d_conv;
	size_t conv_at;
};
cudaError_t kc_conv(const struct kc_conv *conv, const struct kc_pieces *pieces, cudaStream_t stream);

/* The step1 recurrence along each piece; dt [n_rows, I] is dt_proj's product, before bias and softplus. All activations
 * are of one type; pieces lie in the order of their rows. */
struct kc_scan1 {
	struct kc_rows dt, u, z, y;
	const float *small;
	uint32_t small_stride, rank;
	const float *dt_bias, *a, *d;
	uint32_t d_inner, d_state;
	size_t ssm_at;
	float *workspace;               /* kc_scan1_workspace() bytes; NULL: never the parallel form */
};
/* What calls of up to n_rows rows in up to n_pieces pieces need: 0 where the parallel form over long pieces never pays. */
size_t kc_scan1_workspace(const struct kc_scan1 *scan, uint32_t n_rows, uint32_t n_pieces);
cudaError_t kc_scan1(const struct kc_scan1 *scan, const struct kc_pieces *pieces, cudaStream_t stream);

/* The step2 recurrence along each piece; `fast`: the chunked form on tensor cores (Dao and Gu 2024,
 * section 6), which float16 activations need up to 256 states; float32 ones go step by step. All activations are of one type. */
struct kc_scan2 {
	struct kc_rows projected, u, y;
	uint32_t dt_first;
	const float *dt_bias, *a, *d;
	float limit_low, limit_high;
	uint32_t d_inner, d_ssm, d_state, n_heads, head_dim, n_groups, gated, fast;
	size_t ssm_at;
	float *workspace;
};
size_t kc_scan2_workspace(const struct kc_scan2 *scan, uint32_t n_rows, uint32_t n_pieces);
cudaError_t kc_scan2(const struct kc_scan2 *scan, const struct kc_pieces *pieces, cudaStream_t stream);

/* mamba2's gated norm in place over columns [I - S, I) of y; gate: z where the norm comes first. */
struct kc_gate_norm {
	struct kc_rows y, gate;         /* gate.data NULL: none */
	const float *weight;
	uint32_t first, n_normed, n_groups, n_rows;
	float eps;
};
cudaError_t kc_gate_norm(const struct kc_gate_norm *norm, cudaStream_t stream);

/* ---- sampling ----------------------------------------------------------------------------- */

/* What one row is sampled with; the core's sampler (lib/session/sampling.h) is the reference, in
 * double precision, and a draw is Philox 4x32-10 of (seed, position). */
struct kc_sampling {
	double temperature, top_p, min_p, repetition, presence, frequency;
	uint64_t seed, position;
	int64_t top_k;
	uint32_t *counts;               /* NULL, or [vocab]: how often a token stands in the history */
	const int32_t *bias_token;
	const float *bias_value;
	uint32_t n_biases, n_valid;
};
/* token[i] = the draw from logits[i]; -1: a logit is NaN or infinite, or none is left. One kernel:
 * a token's launches are counted. `sampling` is in device memory too. slot NULL, or slot[i] NULL: nobody, row i is
 * left as it is. */
cudaError_t kc_sample(const float *logits, size_t stride, const struct kc_sampling *sampling, float *const *slot, int32_t *token,
	uint32_t n, uint32_t vocab, cudaStream_t stream);

/* What a generating row has come to. */
enum kc_outcome { KC_GOES_ON, KC_FULL, KC_STOPPED, KC_BAD };
struct kc_drawn {
	uint32_t n;                     /* tokens accepted in this call */
	int32_t outcome, stop;          /* stop: the stop token, which is not accepted */
};
struct kc_draw {
	struct kc_drawn *drawn;
	int32_t *tokens;                /* [limit], those accepted */
	const int32_t *stops;
	uint32_t n_stops, limit;
	uint32_t together;              /* a row that is bad stops all rows */
};

/* One row each of a generating call. Accepts token[r]: into draw[r], sampling[r] (its position and
 * counts) and x[r], the token's embedding. A row that is full, stopped or bad gets slot[r] = NULL. */
struct kc_accept {
	float *x;
	struct kc_matrix table;
	const int32_t *token;
	float **slot;
	struct kc_draw *draw;
	struct kc_sampling *sampling;
	uint32_t n_rows;
};
cudaError_t kc_accept(const struct kc_accept *accept, cudaStream_t stream);

/* counts[token[i]] = times[i] */
cudaError_t kc_spread(uint32_t *counts, const int32_t *token, const uint32_t *times, uint32_t n, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
