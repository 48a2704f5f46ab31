/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cuda_emu.h - CUDA C++ for a host compiler, for tests only (docs/cuda-emulation.md).
 *
 * Force-included before a .cu file: c++ -x c++ -include tests/emu/cuda_emu.h. Types, enums and
 * prototypes are the toolkit's own; these headers give the language (qualifiers, threadIdx,
 * intrinsics, the typed launch), the .cpp files beside them the runtime.
 */
#ifndef CUDA_EMU_H
#define CUDA_EMU_H
#ifdef __CUDACC__
#error "cuda_emu.h is for the host compiler only"
#endif
#define CUDA_EMU 1

/* crt/host_defines.h keeps these where __CUDACC__ is not defined. */
#define __global__
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __grid_constant__
#define __cluster_dims__(...)
/* One block runs at a time, so "static" is "of this block". Not thread_local, which gets no
 * redzones. The section lets the runtime refill it, swap it between blocks, and remap it. */
#define __shared__ static __attribute__((section(".cushared")))

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <type_traits>
#include <utility>

/* The toolkit's launchers hold no types and need nvcc's registration: replaced in emu_launch.h. */
#define cudaLaunchKernel emu_hidden_cudaLaunchKernel
#define cudaLaunchKernelEx emu_hidden_cudaLaunchKernelEx
#define cudaLaunchCooperativeKernel emu_hidden_cudaLaunchCooperativeKernel
#include <cuda_runtime.h>
#undef cudaLaunchKernel
#undef cudaLaunchKernelEx
#undef cudaLaunchCooperativeKernel
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#ifndef __launch_bounds__
#define __launch_bounds__(...)
#endif

#include "emu_core.h"
#include "emu_launch.h"
#include "emu_warp.h"
#include "emu_memory.h"
#include "emu_math.h"
#include "emu_mma.h"

#endif
