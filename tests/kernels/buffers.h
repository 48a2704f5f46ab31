/* SPDX-License-Identifier: Apache-2.0 */
/* buffers.h - blocks that end where reading is fatal, and numbers to fill them with. */
#ifndef KRAIT_TESTS_BUFFERS_H
#define KRAIT_TESTS_BUFFERS_H

#include "base/dtype.h"

#include <stddef.h>

/* `size` bytes right before a page that cannot be touched, so the beginning is as unaligned
 * as the size makes it. All are given back at once. */
void *guarded(size_t size);
float *guarded_floats(size_t n);
void guarded_free_all(void);

void random_seed(unsigned long long seed);
float random_float(void);                                       /* -1 to 1 */
void random_fill(float *out, size_t n, float scale, float offset);
void *random_weights(enum dtype type, size_t n, float scale);   /* guarded */
float *random_floats(size_t n, float scale);                    /* guarded */

/* ||a - b|| / ||b||, 0 for two zero vectors */
double difference(const float *a, const float *b, size_t n);

#endif
