/* SPDX-License-Identifier: Apache-2.0 */
/* scan1_parallel.h - the form of kc_scan1 that cuts pieces into segments of time. */
#ifndef KRAIT_CUDA_SCAN1_PARALLEL_H
#define KRAIT_CUDA_SCAN1_PARALLEL_H

#include "kernels/cuda/kernels.h"

/* Whether it is worth its second pass: there is a workspace, few channels and pieces, and pieces are long. */
bool krait__cuda_scan1_pays(const struct kc_scan1 *scan, const struct kc_pieces *pieces);
cudaError_t krait__cuda_scan1_parallel(const struct kc_scan1 *scan, const struct kc_pieces *pieces, cudaStream_t stream);

#endif
