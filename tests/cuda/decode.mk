# SPDX-License-Identifier: Apache-2.0
# Tests of the decode kernels of the CUDA engine, under emulation.
if HAVE_CUDA_EMU
decode_tests = tests/cuda/test_decode_kernels tests/cuda/test_decode_steps tests/cuda/test_sample_kernels
check_PROGRAMS += $(decode_tests)
TESTS += $(decode_tests)

decode_kit = %D%/decode_kit.c %D%/decode_kit.h

tests_cuda_test_decode_kernels_SOURCES = %D%/test_decode_kernels.c $(decode_kit)
tests_cuda_test_decode_kernels_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_cuda_test_decode_kernels_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_decode_kernels_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_decode_kernels_LDADD = $(CUDA_EMU_LDADD)

tests_cuda_test_decode_steps_SOURCES = %D%/test_decode_steps.c $(decode_kit)
tests_cuda_test_decode_steps_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_cuda_test_decode_steps_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_decode_steps_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_decode_steps_LDADD = $(CUDA_EMU_LDADD)

tests_cuda_test_sample_kernels_SOURCES = %D%/test_sample_kernels.c $(decode_kit)
tests_cuda_test_sample_kernels_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_cuda_test_sample_kernels_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_sample_kernels_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_sample_kernels_LDADD = $(CUDA_EMU_LDADD)
endif
