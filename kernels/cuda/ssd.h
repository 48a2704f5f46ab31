/* SPDX-License-Identifier: Apache-2.0 */
/* ssd.h - the chunked form of kc_scan2, for 16-bit activations and d_state up to SSD_MOST_STATES. */
#ifndef KRAIT_CUDA_SSD_H
#define KRAIT_CUDA_SSD_H

#include "kernels/cuda/kernels.h"

#define SSD_MOST_STATES 256

size_t krait__cuda_ssd_workspace(const struct kc_scan2 *scan, uint32_t n_rows, uint32_t n_pieces);
cudaError_t krait__cuda_ssd(const struct kc_scan2 *scan, const struct kc_pieces *pieces, cudaStream_t stream);

#endif
