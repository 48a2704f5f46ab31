# SPDX-License-Identifier: Apache-2.0
# The emulation of CUDA: libcuda-emu.a stands in for cudart and cuBLAS, libkrait-cuda-emu.a holds
# the engine of kernels/cuda over it. A test program takes CUDA_EMU_CPPFLAGS and CUDA_EMU_LDADD.

emu_warnings = -Wall -Wextra -Wno-unknown-pragmas -Wno-unused-function
emu_compile = $(CXX) -std=c++17 $(emu_warnings) $(EMU_WERROR) -fPIC -fno-strict-aliasing -I$(top_srcdir) -isystem $(CUDA_DIR)/include
SUFFIXES += .cpp .rto

# The runtime knows the sanitizers by their symbols, and is not instrumented itself.
.cpp.rto:
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(emu_compile) -O2 -g -c $< -o $@
# Device code is.
.cu.emo:
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(emu_compile) $(EMU_CXXFLAGS) -x c++ -include $(top_srcdir)/tests/emu/cuda_emu.h \
		-I$(top_srcdir)/tests/emu/include -I$(top_srcdir)/tests/emu -I$(top_srcdir)/tests $(CHECK_CFLAGS) -c $< -o $@
emu_runtime_objects = $(emu_runtime:.cpp=.rto)
emu_kernel_objects = $(cuda_kernels:.cu=.emo)
$(emu_runtime_objects): $(emu_headers)
emu_test_objects = %D%/test_emu_device.emo %D%/test_emu_host.emo %D%/bugs.emo
$(emu_kernel_objects): $(emu_language) $(cuda_headers)
$(emu_test_objects): $(emu_headers) $(cuda_headers)
CLEANFILES += $(emu_runtime_objects) $(emu_kernel_objects) $(emu_test_objects)

if CUDA_ON_DEVICE
# The same programs over the real runtime: what asks the emulation does nothing there.
emu_engine_objects = $(cuda_objects)
emu_below = %D%/on_device.c
emu_define =
emu_libraries = -L$(CUDA_LIBDIR) -lcublasLt -lcublas -lcudart
emu_link = -Wl,-rpath,$(CUDA_LIBDIR)
else
emu_engine_objects = $(emu_kernel_objects)
emu_below =
emu_define = -DCUDA_EMU=1
emu_libraries =
emu_link = -Wl,-T,$(top_srcdir)/%D%/emu.ld
endif

if HAVE_CUDA_EMU
check_LIBRARIES += libcuda-emu.a libkrait-cuda-emu.a
libcuda_emu_a_SOURCES = $(emu_below)
libcuda_emu_a_CPPFLAGS = $(AM_CPPFLAGS) $(cuda_host_cppflags)
libcuda_emu_a_CFLAGS = $(AM_CFLAGS)
if !CUDA_ON_DEVICE
libcuda_emu_a_LIBADD = $(emu_runtime_objects)
libcuda_emu_a_DEPENDENCIES = $(emu_runtime_objects)
endif
libkrait_cuda_emu_a_SOURCES = $(cuda_host)
libkrait_cuda_emu_a_CPPFLAGS = $(AM_CPPFLAGS) $(cuda_host_cppflags) $(emu_define)
libkrait_cuda_emu_a_CFLAGS = $(AM_CFLAGS)
libkrait_cuda_emu_a_LIBADD = $(emu_engine_objects)
libkrait_cuda_emu_a_DEPENDENCIES = $(emu_engine_objects)

CUDA_EMU_CPPFLAGS = $(TEST_CPPFLAGS) $(cuda_host_cppflags) -I$(top_srcdir)/tests/emu
CUDA_EMU_LINK = $(AM_LDFLAGS) $(emu_link)
CUDA_EMU_LDADD = libkrait-cuda-emu.a libcuda-emu.a $(TEST_LDADD) $(emu_libraries) -lstdc++ -ldl

emu_tests = tests/emu/test_ceiling tests/emu/test_emu_device tests/emu/test_emu_host tests/emu/test_emu_blas
if CUDA_ON_DEVICE
check_PROGRAMS += tests/emu/test_ceiling
else
check_PROGRAMS += $(emu_tests) tests/emu/bugs
endif
TESTS += $(emu_tests) %D%/bugs.sh

tests_emu_test_ceiling_SOURCES = %D%/test_ceiling.c
tests_emu_test_ceiling_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_emu_test_ceiling_CFLAGS = $(TEST_CFLAGS)
tests_emu_test_ceiling_LDFLAGS = $(CUDA_EMU_LINK)
tests_emu_test_ceiling_LDADD = $(CUDA_EMU_LDADD)

tests_emu_test_emu_device_SOURCES =
tests_emu_test_emu_device_LDFLAGS = $(CUDA_EMU_LINK)
tests_emu_test_emu_device_LDADD = %D%/test_emu_device.emo $(CUDA_EMU_LDADD)

tests_emu_test_emu_host_SOURCES =
tests_emu_test_emu_host_LDFLAGS = $(CUDA_EMU_LINK)
tests_emu_test_emu_host_LDADD = %D%/test_emu_host.emo $(CUDA_EMU_LDADD)

tests_emu_test_emu_blas_SOURCES = %D%/test_emu_blas.c
tests_emu_test_emu_blas_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_emu_test_emu_blas_CFLAGS = $(TEST_CFLAGS)
tests_emu_test_emu_blas_LDFLAGS = $(CUDA_EMU_LINK)
tests_emu_test_emu_blas_LDADD = $(CUDA_EMU_LDADD)
tests_emu_bugs_SOURCES =
tests_emu_bugs_LDFLAGS = $(CUDA_EMU_LINK)
tests_emu_bugs_LDADD = %D%/bugs.emo libkrait-cuda-emu.a libcuda-emu.a -lstdc++ -ldl
else
TESTS += %D%/without-cuda.sh
endif
