/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/cuda/stated.h"

__thread uint64_t krait__cuda_stated;
__thread int krait__cuda_preparing;
__thread int krait__cuda_alone;
