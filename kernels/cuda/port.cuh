// SPDX-License-Identifier: Apache-2.0
// port.cuh - the spellings that differ between nvcc and the emulation of tests/emu.
//
// Every kernel includes it and obeys the seven rules of docs/cuda-emulation.md. All inline PTX
// of the engine is here: one wrapper for an instruction, with an #ifdef CUDA_EMU branch that
// does the same on a CPU.
#ifndef KRAIT_CUDA_PORT_CUH
#define KRAIT_CUDA_PORT_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <stddef.h>
#include <stdint.h>

#include "stated.h"

// Dynamic shared memory: DYN_SHARED(float, tile); declares float *tile. Once in a kernel.
#ifdef CUDA_EMU
#define DYN_SHARED(T, name) T *name = reinterpret_cast<T *>(emu::dynamic_shared())
#else
#define DYN_SHARED(T, name) \
	extern __shared__ __align__(16) unsigned char krait_dynamic_shared_[]; \
	T *name = reinterpret_cast<T *>(krait_dynamic_shared_)
#endif

namespace {

constexpr unsigned WHOLE_WARP = 0xffffffffu;

// ---- launching ---------------------------------------------------------------------------

struct launch_how {
	dim3 grid, block;
	size_t shared;          // dynamic shared memory, bytes
	cudaStream_t stream;
	bool early;             // may begin before the kernel before it has ended, where its code can wait: calls
	                        // grid_wait() before it touches what that one reads or writes
	bool whole;             // all blocks are resident at once, for a grid-wide barrier
	uint64_t bytes;         // device memory that it must move: what is read once, what is written once
};

// A kernel has 48 KiB of shared memory without asking, its static arrays included, which are less than 16 where there
// is a dynamic part. The rest is asked for once a kernel and all at once: the driver remembers it, for every model
// of the process, and nobody lowers it.
constexpr size_t SHARED_UNASKED = 32 << 10;
constexpr int WAITS_FROM = 90;          // the architecture from which on grid_wait() is code

inline cudaError_t ask_for_shared(const void *kernel, const cudaFuncAttributes &now, size_t shared)
{
	int device = 0, most = 0;
	cudaError_t error = cudaSuccess;

	if (size_t(now.maxDynamicSharedSizeBytes) >= shared)
		return cudaSuccess;
	error = cudaGetDevice(&device);
	if (error == cudaSuccess)
		error = cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
	return error == cudaSuccess ? cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most - int(now.sharedSizeBytes)) : error;
}

// Launches; errors of the launch itself come back, those of the run come with a later call.
template <class... P, class... A>
inline cudaError_t launch_kernel(const launch_how &how, void (*kernel)(P...), A &&...args)
{
	cudaLaunchAttribute attributes[2] = {};
	cudaLaunchConfig_t config = {};
	cudaFuncAttributes loaded = {};
	bool early = how.early && !krait__cuda_alone;
	cudaError_t error = cudaSuccess;

	if (early || how.shared > SHARED_UNASKED || krait__cuda_preparing)
		error = cudaFuncGetAttributes(&loaded, kernel);
	if (error == cudaSuccess && how.shared > SHARED_UNASKED)
		error = ask_for_shared(reinterpret_cast<const void *>(kernel), loaded, how.shared);
	if (error != cudaSuccess || krait__cuda_preparing)
		return error;
	if (early && loaded.ptxVersion >= WAITS_FROM) {
		attributes[config.numAttrs].id = cudaLaunchAttributeProgrammaticStreamSerialization;
		attributes[config.numAttrs++].val.programmaticStreamSerializationAllowed = 1;
	}
	if (how.whole) {
		attributes[config.numAttrs].id = cudaLaunchAttributeCooperative;
		attributes[config.numAttrs++].val.cooperative = 1;
	}
	config.gridDim = how.grid;
	config.blockDim = how.block;
	config.dynamicSmemBytes = how.shared;
	config.stream = how.stream;
	config.attrs = attributes;
	krait__cuda_stated += how.bytes;
#ifdef CUDA_EMU
	emu::state_bytes(how.bytes);
#endif
	return cudaLaunchKernelEx(&config, kernel, static_cast<A &&>(args)...);
}

// ---- programmatic dependent launch: see launch_how.early -------------------------------------

// Waits until every kernel before this one in the stream has ended and its writes are seen.
__device__ __forceinline__ void grid_wait()
{
#ifdef CUDA_EMU
	emu::grid_wait();
#elif __CUDA_ARCH__ >= 900
	asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// The next kernel may begin now, as far as this block is concerned.
__device__ __forceinline__ void grid_release()
{
#ifdef CUDA_EMU
	emu::grid_release();
#elif __CUDA_ARCH__ >= 900
	asm volatile("griddepcontrol.launch_dependents;");
#endif
}

// ---- loads -----------------------------------------------------------------------------------

// 16 bytes that this kernel reads once and nobody writes: weights. They do not go into the first-level cache.
__device__ __forceinline__ uint4 load_once(const void *address)
{
#ifdef CUDA_EMU
	return emu::load<uint4>(address);
#else
	uint4 v;

	asm volatile("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];"
		: "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(address));
	return v;
#endif
}

// Brings the cache line of an address into the second-level cache.
__device__ __forceinline__ void prefetch_l2(const void *address)
{
#ifdef CUDA_EMU
	emu::prefetch(address);
#else
	asm volatile("prefetch.global.L2 [%0];" :: "l"(address));
#endif
}

// A word that another block writes with store_release() or add_release(): what it wrote before is seen.
__device__ __forceinline__ unsigned load_acquire(const unsigned *address)
{
#ifdef CUDA_EMU
	return emu::load_acquire(address);
#else
	unsigned v;

	asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(address) : "memory");
	return v;
#endif
}

__device__ __forceinline__ void store_release(unsigned *address, unsigned v)
{
#ifdef CUDA_EMU
	emu::store_release(address, v);
#else
	asm volatile("st.release.gpu.global.u32 [%0], %1;" :: "l"(address), "r"(v) : "memory");
#endif
}

__device__ __forceinline__ unsigned add_release(unsigned *address, unsigned v)
{
#ifdef CUDA_EMU
	return emu::add_release(address, v);
#else
	unsigned old;

	asm volatile("atom.add.release.gpu.global.u32 %0, [%1], %2;" : "=r"(old) : "l"(address), "r"(v) : "memory");
	return old;
#endif
}

// ---- copies from global to shared memory that run beside the thread ----------------------------

__device__ __forceinline__ unsigned shared_address(const void *shared)
{
#ifdef CUDA_EMU
	(void)shared;
	return 0;
#else
	return static_cast<unsigned>(__cvta_generic_to_shared(shared));
#endif
}

// 16 bytes, both sides aligned to 16; the bytes from the valid-th on become zero.
__device__ __forceinline__ void copy_async16(void *shared, const void *global, unsigned valid = 16)
{
#ifdef CUDA_EMU
	emu::copy_async(shared, global, 16, valid);
#else
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
		:: "r"(shared_address(shared)), "l"(global), "r"(valid) : "memory");
#endif
}

// Ends a group of copies.
__device__ __forceinline__ void copy_async_commit()
{
#ifdef CUDA_EMU
	emu::copy_async_commit();
#else
	asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until at most LEFT of this thread's groups are under way. Other threads see the bytes after a barrier.
template <int LEFT> __device__ __forceinline__ void copy_async_wait()
{
#ifdef CUDA_EMU
	emu::copy_async_wait(LEFT);
#else
	asm volatile("cp.async.wait_group %0;" :: "n"(LEFT) : "memory");
#endif
}

// ---- tensor cores: one warp, D[16x8] += A[16x16] B[16x8], float32 sums -------------------------
// Lane l, g = l / 4, t = l % 4: a[0] = A[g][2t,2t+1], a[1] = A[g+8][same], a[2] = A[g][2t+8,2t+9],
// a[3] = A[g+8][same]; b[0] = B[2t,2t+1][g], b[1] = B[2t+8,2t+9][g]; c = D[g][2t,2t+1], D[g+8][2t,2t+1].

__device__ __forceinline__ void mma_bf16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2])
{
#ifdef CUDA_EMU
	emu::mma16816<__nv_bfloat16>(c, a, b);
#else
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		: "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

__device__ __forceinline__ void mma_f16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2])
{
#ifdef CUDA_EMU
	emu::mma16816<__half>(c, a, b);
#else
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		: "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// Four 8x8 matrices of 16-bit elements; lane l gives the address of row l % 8 of matrix l / 8 (16 bytes,
// aligned). r[i] is what mma wants of matrix i; with TRANSPOSED, of its transpose.
template <bool TRANSPOSED = false> __device__ __forceinline__ void load_matrix4(unsigned (&r)[4], const void *row)
{
#ifdef CUDA_EMU
	emu::load_matrix<4, TRANSPOSED>(r, row);
#else
	if constexpr (TRANSPOSED)
		asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
			: "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
	else
		asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
			: "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
#endif
}

// The same for two matrices: addresses come from lanes 0 to 15.
template <bool TRANSPOSED = false> __device__ __forceinline__ void load_matrix2(unsigned (&r)[2], const void *row)
{
#ifdef CUDA_EMU
	emu::load_matrix<2, TRANSPOSED>(r, row);
#else
	if constexpr (TRANSPOSED)
		asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
			: "=r"(r[0]), "=r"(r[1]) : "r"(shared_address(row)) : "memory");
	else
		asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
			: "=r"(r[0]), "=r"(r[1]) : "r"(shared_address(row)) : "memory");
#endif
}

// ---- all lanes of a warp ---------------------------------------------------------------------------

// f over the values of each LANES neighbouring lanes, in butterfly steps; each of them gets the same. f takes its two in
// either order. All lanes of the warp take part.
template <int LANES = 32, class T, class F> __device__ __forceinline__ T warp_all(T v, F f)
{
#ifdef CUDA_EMU
	return emu::warp_all<LANES>(v, f);
#else
#pragma unroll
	for (int o = LANES / 2; o > 0; o /= 2)
		v = f(v, __shfl_xor_sync(WHOLE_WARP, v, o));
	return v;
#endif
}

template <int LANES = 32, class T> __device__ __forceinline__ T warp_sum(T v)
{
	return warp_all<LANES>(v, [](T a, T b) { return a + b; });
}

// ---- arithmetic ----------------------------------------------------------------------------------

// 2^x within 2 units of the last place; results below 2^-126 become 0.
__device__ __forceinline__ float exp2_fast(float x)
{
#ifdef CUDA_EMU
	return emu::exp2_flushed(x);
#else
	float y;

	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
	return y;
#endif
}

// Any function of three bits, bit by bit: TABLE = f(0xf0, 0xcc, 0xaa).
template <unsigned TABLE> __device__ __forceinline__ unsigned logic3(unsigned a, unsigned b, unsigned c)
{
#ifdef CUDA_EMU
	return emu::logic3(TABLE, a, b, c);
#else
	unsigned d;

	asm("lop3.b32 %0, %1, %2, %3, %4;" : "=r"(d) : "r"(a), "r"(b), "r"(c), "n"(TABLE));
	return d;
#endif
}

}  // namespace

#endif
