/* SPDX-License-Identifier: Apache-2.0 */
/* check_device.h - for test programs in C++: short forms over the CUDA API. */
#ifndef EMU_CHECK_DEVICE_H
#define EMU_CHECK_DEVICE_H

#include "emu_api.h"

extern "C" {
#include "support.h"
}
#undef fail    /* an old macro of Check; emu::fail() is meant */

#include <vector>

#define CALL(call) ck_assert_msg((call) == cudaSuccess, "%s: %s", #call, cudaGetErrorName(cudaPeekAtLastError()))
#define REFUSES(call, error) \
	do { \
		cudaError_t got_ = (call); \
		ck_assert_msg(got_ == (error), "%s: %s", #call, cudaGetErrorName(got_)); \
		cudaGetLastError(); \
	} while (0)

/* Device memory that goes with the scope. */
template <class T> struct Device {
	T *p = nullptr;
	size_t n;

	explicit Device(size_t count) : n(count) { CALL(cudaMalloc(reinterpret_cast<void **>(&p), n * sizeof(T))); }
	explicit Device(const std::vector<T> &v) : Device(v.size()) { CALL(cudaMemcpy(p, v.data(), n * sizeof(T), cudaMemcpyHostToDevice)); }
	Device(const Device &) = delete;
	~Device() { cudaFree(p); }
	std::vector<T> get() const
	{
		std::vector<T> v(n);

		CALL(cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost));
		return v;
	}
};

inline cudaStream_t new_stream(unsigned flags = cudaStreamNonBlocking)
{
	cudaStream_t s;

	CALL(cudaStreamCreateWithFlags(&s, flags));
	return s;
}

inline cudaEvent_t new_event()
{
	cudaEvent_t e;

	CALL(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
	return e;
}

/* The test runs forward, in reverse, in two random orders, at once and lazily: loop index 0 to 7. */
inline void in_order(int i)
{
	emu_order(i % 4 < 2 ? static_cast<enum emu_order>(i % 4) : EMU_RANDOM, unsigned(i));
	emu_lazy(i >= 4);
}
enum { N_ORDERS = 8 };

#endif
