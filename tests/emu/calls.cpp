// SPDX-License-Identifier: Apache-2.0
// calls.cpp - what all calls of the API have in common: one at a time, faults, errors, counts.
#include "inner.h"

#include <mutex>
#include <string>

namespace emu {

struct emu_counts counts;

static std::recursive_mutex &big_lock = *new std::recursive_mutex;
static cudaError_t remembered, sticky;
static struct Fault {
	std::string name;
	uint64_t nth = 0, calls = 0, failed = 0;
	cudaError_t error = cudaSuccess;
	bool every = false;
} &fault = *new Fault;

/* After these a process can do no more work on the device (cudaError_t in driver_types.h). */
static bool is_sticky(cudaError_t e)
{
	switch (e) {
	case cudaErrorIllegalAddress:
	case cudaErrorLaunchTimeout:
	case cudaErrorAssert:
	case cudaErrorHardwareStackError:
	case cudaErrorIllegalInstruction:
	case cudaErrorMisalignedAddress:
	case cudaErrorInvalidAddressSpace:
	case cudaErrorInvalidPc:
	case cudaErrorLaunchFailure:
	case cudaErrorECCUncorrectable:
	case cudaErrorExternalDevice:
	case cudaErrorContained:
		return true;
	default:
		return false;
	}
}

static cudaError_t driver_error()
{
	switch (settings.driver) {
	case EMU_DRIVER_MISSING:
	case EMU_DRIVER_OLD: return cudaErrorInsufficientDriver;
	case EMU_DRIVER_NO_DEVICE: return cudaErrorNoDevice;
	default: return cudaSuccess;
	}
}

static cudaError_t fault_of(const char *name)
{
	if (fault.nth == 0 && !fault.name.empty())
		return cudaSuccess;
	if (!fault.name.empty() && fault.name != name)
		return cudaSuccess;
	fault.calls++;
	if (fault.nth == 0 || (fault.every ? fault.calls % fault.nth != 0 : fault.calls != fault.nth))
		return cudaSuccess;
	fault.failed++;
	note("%s fails: %s", name, cudaGetErrorName(fault.error));
	if (is_sticky(fault.error))
		sticky = fault.error;
	return fault.error;
}

Call::Call(const char *name) : error(cudaSuccess)
{
	bool always = strcmp(name, "cudaDriverGetVersion") == 0 || strcmp(name, "cudaRuntimeGetVersion") == 0;

	big_lock.lock();
	error = fault_of(name);
	if (error == cudaSuccess && !always)
		error = driver_error();
	if (error == cudaSuccess && !always)
		error = sticky;
}

Call::~Call() { big_lock.unlock(); }

cudaError_t done(cudaError_t error)
{
	if (error != cudaSuccess && error != cudaErrorNotReady)
		remembered = error;
	return error;
}

cudaError_t last_error(bool forget)
{
	cudaError_t e = sticky != cudaSuccess ? sticky : remembered;

	if (forget)
		remembered = cudaSuccess;
	return e;
}

cudaError_t lost() { return sticky; }

}  // namespace emu

using namespace emu;

API cudaGetLastError()
{
	std::lock_guard<std::recursive_mutex> guard(big_lock);

	return last_error(true);
}

API cudaPeekAtLastError()
{
	std::lock_guard<std::recursive_mutex> guard(big_lock);

	return last_error(false);
}

void emu_fail(const char *name, uint64_t nth, cudaError_t error, int every)
{
	std::lock_guard<std::recursive_mutex> guard(big_lock);

	fault.name = name != nullptr ? name : "";
	fault.nth = nth;
	fault.error = error;
	fault.every = every != 0;
	fault.calls = fault.failed = 0;
}

uint64_t emu_calls(void) { return fault.calls; }
uint64_t emu_failed(void) { return fault.failed; }

void emu_device_reset(void)
{
	emu_fail(nullptr, 0, cudaSuccess, 0);
	sticky = remembered = cudaSuccess;
	settings.driver = EMU_DRIVER_GOOD;
}

void emu_counts(struct emu_counts *out)
{
	std::lock_guard<std::recursive_mutex> guard(big_lock);

	*out = counts;
}

size_t emu_alive(void)
{
	std::lock_guard<std::recursive_mutex> guard(big_lock);

	return allocations_alive() + streams_alive() + handles_alive();
}
