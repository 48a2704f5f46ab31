/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernels.h - the arithmetic of the engine: one table of functions for each instruction set.
 *
 * The rule that every kernel keeps: an element of a result is computed in an order that
 * depends on the shapes and on the instruction set only. How many rows a call has, where a
 * range begins, how data is aligned and which thread runs it do not change a bit. So a
 * prompt read at once and one read token by token give the same state, and so do a batch
 * and its sequences alone.
 */
#ifndef KRAIT_CPU_KERNELS_H
#define KRAIT_CPU_KERNELS_H

#include "base/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK 16                /* channels stand in blocks of this many; rows are padded to it */

static inline size_t krait__pad(size_t n) { return (n + BLOCK - 1) / BLOCK * BLOCK; }

/* A weight matrix as stored: row-major [rows, k]. */
struct matrix {
	const void *data;
	enum dtype type;
	size_t rows, k;
};

/* out[r][j] = scale * dot(in[r], row j of the matrix) + bias[j]; with `add`, that is added to out. */
struct product {
	struct matrix matrix;
	const float *in;
	size_t in_stride, n_rows;
	float scale;                    /* 1 changes no bit */
	const float *bias;              /* NULL or [matrix.rows] */
	float *out;
	size_t out_stride;
	bool add;
	bool stream;                    /* few inputs: rows behind each other, not four side by side; same bits */
	float *row;                     /* [matrix.k] scratch of the calling thread */
};

/* A causal convolution of each channel over time, then SiLU unless it is `linear`. `state` holds the last
 * d_conv - 1 inputs, oldest first, and is advanced. */
struct conv {
	const float *in;
	size_t in_stride, n_rows;
	float *out;
	size_t out_stride;
	float *state;                   /* [d_conv - 1, stride] */
	const float *weight;            /* [d_conv, stride]: the last one multiplies the newest input */
	const float *bias;              /* NULL or [stride] */
	size_t stride, d_conv;
	bool linear;
};

/* Mamba-1: h = exp(dt A) h + dt B x; y = (C h + D x) silu(z). Ranges are in blocks. */
struct scan1 {
	float *state;                   /* [blocks, d_state, BLOCK] */
	const float *a;                 /* the same shape */
	const float *d;                 /* [channels] */
	const float *x, *z, *dt;        /* [n_rows, channels], each with its stride */
	size_t x_stride, z_stride, dt_stride;
	const float *b, *c;             /* [n_rows, d_state] */
	size_t bc_stride;
	float *y;
	size_t y_stride, n_rows, d_state;
};

/* Mamba-2: h = decay h + dt x B; y = C h + D x. Ranges are in heads. */
struct scan2 {
	float *state;                   /* [heads, d_state, padded head_dim] */
	const float *d;                 /* [heads * head_dim] */
	const float *x, *b, *c;         /* [n_rows, heads * head_dim], [n_rows, groups * d_state] twice */
	size_t stride;                  /* of all three */
	const float *dt, *decay;        /* [n_rows, heads] */
	size_t dt_stride;
	float *y;
	size_t y_stride, n_rows, d_state, head_dim, heads_per_group;
};

#define PAGE_POSITIONS 64       /* of a sequence stand in a page of its growing state */

/* Attention of the query heads that read one kv head, over one page of positions. What other pages gave stands
 * in `top`, `sum` and `out`: out / sum is the result when all pages are through; before the first one they
 * are -INFINITY, 0 and 0. The first row sees `seen` positions, each row behind it one more, up to the whole page. */
struct attend {
	const float *k;                 /* [head_dim, PAGE_POSITIONS] */
	const float *v;                 /* [PAGE_POSITIONS, padded head_dim] */
	const float *q;                 /* [n_rows, n_heads * head_dim] */
	size_t q_stride;
	float *out;                     /* the same shape: the sum of exp(score - top) v */
	size_t out_stride;
	float *top, *sum;               /* [n_rows, n_heads]: the highest score, the sum of exp(score - top) */
	size_t top_stride;
	size_t n_rows, n_heads, head_dim, seen;
	float scale;                    /* of q . k */
};

/* Mamba-3, one head and one position: h = decay h + sum over r of (before_r k_before_r + now_r k_r); y_r = C_r h.
 * Rows of channels are padded to whole blocks, with zeros behind their end. */
struct scan3 {
	float *state;                   /* [d_state, padded head_dim] */
	const float *before, *now;      /* [rank, padded head_dim]: x of the position before and of this one, weighed */
	const float *k_before, *k, *c;  /* [rank, d_state], rows k_stride apart */
	size_t k_stride;
	float *y;                       /* [rank, padded head_dim] */
	float decay;
	size_t d_state, head_dim, rank;
};

struct kernels {
	const char *name;
	bool (*available)(void);
	size_t stream_most;             /* longest row that can be read as a stream; 0: there is one way only */
	void (*product)(const struct product *product, size_t first, size_t last);     /* rows of the matrix */
	void (*conv)(const struct conv *conv, size_t first, size_t last);               /* channels */
	void (*scan1)(const struct scan1 *scan, size_t first, size_t last);
	void (*scan2)(const struct scan2 *scan, size_t first, size_t last);
	void (*attend)(const struct attend *attend);
	/* out = in / rms(in) * weight + bias; with `centre` the mean is taken off first. */
	void (*norm)(float *out, const float *in, const float *weight, const float *bias, size_t n, float eps,
		bool centre);
	/* in * silu(z), or silu(z) where in is NULL; the same with max(z, 0)^2; softplus(in + bias), the bias may be
	 * NULL. */
	void (*gate)(float *out, const float *in, const float *z, size_t n);
	void (*relu2)(float *out, const float *in, const float *z, size_t n);
	void (*softplus)(float *out, const float *in, const float *bias, size_t n);
	void (*exp_of)(float *out, const float *a, const float *b, size_t n);           /* exp(a * b) */
	/* The highest of n values and the sum of exp(value - highest). */
	void (*exp_sum)(const float *in, size_t n, float *highest, float *sum);
	void (*scan3)(const struct scan3 *scan);
	void (*cos_sin)(float *cosine, float *sine, const float *angle, size_t n);      /* of angles from 0 to 2 pi */
};

void krait__attend_generic(const struct attend *attend);        /* of the plain set, in a file of its own */

extern const struct kernels krait__kernels_generic;
extern const struct kernels krait__kernels_avx2;
extern const struct kernels krait__kernels_avx512;

/* How weights are read for few inputs, which changes no bit. */
enum cpu_reading { READ_MEASURED, READ_STREAM, READ_FOURS };

/* By name; "auto" or "": the best that the machine has. A set that can read weights in two ways takes "-1" or "-4"
 * behind its name: so many rows at a time. NULL: not known, not built or not available here. */
const struct kernels *krait__kernels_find(const char *name, enum cpu_reading *reading);
const struct kernels *krait__kernels_at(size_t index);         /* those available, best first; NULL past the end */

#endif
