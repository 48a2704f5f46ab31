/* SPDX-License-Identifier: Apache-2.0 */
/* ceiling.h - measures of the device that kernels are held to. */
#ifndef KRAIT_CUDA_CEILING_H
#define KRAIT_CUDA_CEILING_H

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads n_bytes of device memory once, a multiple of 16, and leaves the XOR of each block's words in
 * sum[n_blocks]. The bytes over its time are the bandwidth that a kernel can reach. */
cudaError_t krait__cuda_ceiling_read(const void *data, size_t n_bytes, unsigned *sum, unsigned n_blocks, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
