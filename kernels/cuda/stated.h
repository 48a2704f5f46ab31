/* SPDX-License-Identifier: Apache-2.0 */
/* stated.h - what launches of this thread have to do with whoever measures them. */
#ifndef KRAIT_CUDA_STATED_H
#define KRAIT_CUDA_STATED_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

extern __thread uint64_t krait__cuda_stated;    /* bytes of device memory that the work queued so far has to move */
extern __thread int krait__cuda_preparing;      /* kernels are loaded and given their shared memory, and not launched */
extern __thread int krait__cuda_alone;          /* kernels are timed: none begins over the tail of another */

#ifdef __cplusplus
}
#endif
#endif
