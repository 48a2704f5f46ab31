# SPDX-License-Identifier: Apache-2.0
# Tests of the prefill kernels of the CUDA engine, under emulation.
if HAVE_CUDA_EMU
prefill_tests = tests/cuda/test_prefill_kernels tests/cuda/test_prefill_scans tests/cuda/test_attention \
	tests/cuda/test_decoder
check_PROGRAMS += $(prefill_tests)
TESTS += $(prefill_tests)

prefill_kit = %D%/prefill_kit.c %D%/prefill_kit.h %D%/prefill_reference.c %D%/prefill_reference.h tests/kernels/buffers.c tests/kernels/buffers.h

tests_cuda_test_prefill_kernels_SOURCES = %D%/test_prefill_kernels.c $(prefill_kit)
tests_cuda_test_prefill_kernels_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_cuda_test_prefill_kernels_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_prefill_kernels_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_prefill_kernels_LDADD = $(CUDA_EMU_LDADD)

tests_cuda_test_prefill_scans_SOURCES = %D%/test_prefill_scans.c $(prefill_kit)
tests_cuda_test_prefill_scans_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_cuda_test_prefill_scans_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_prefill_scans_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_prefill_scans_LDADD = $(CUDA_EMU_LDADD)

tests_cuda_test_attention_SOURCES = %D%/test_attention.c $(prefill_kit)
tests_cuda_test_attention_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_cuda_test_attention_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_attention_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_attention_LDADD = $(transformer_emulated) $(CUDA_EMU_LDADD)

tests_cuda_test_decoder_SOURCES = %D%/test_decoder.c bench/transformer/decoder.c bench/transformer/decoder.h $(prefill_kit)
tests_cuda_test_decoder_CPPFLAGS = $(CUDA_EMU_CPPFLAGS)
tests_cuda_test_decoder_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_decoder_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_decoder_LDADD = $(transformer_emulated) $(CUDA_EMU_LDADD)
endif
