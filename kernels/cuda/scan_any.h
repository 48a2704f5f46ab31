/* SPDX-License-Identifier: Apache-2.0 */
/* scan_any.h - the recurrences for states of any size, with nothing in registers: slow, and seldom asked for. */
#ifndef KRAIT_CUDA_SCAN_ANY_H
#define KRAIT_CUDA_SCAN_ANY_H

#include "kernels/cuda/kernels.h"

cudaError_t krait__cuda_scan1_any(const struct kc_scan1 *scan, const struct kc_pieces *pieces, cudaStream_t stream);
cudaError_t krait__cuda_scan2_any(const struct kc_scan2 *scan, const struct kc_pieces *pieces, cudaStream_t stream);

#endif
