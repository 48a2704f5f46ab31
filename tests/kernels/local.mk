# SPDX-License-Identifier: Apache-2.0
# Tests of the CPU engine: its kernels once for each instruction set, its threads, and the whole.
kernel_tests = tests/kernels/test_kernels_generic tests/kernels/test_kernels_avx2 tests/kernels/test_kernels_avx512 \
	tests/kernels/test_pool tests/kernels/test_processors tests/kernels/test_engine tests/kernels/test_same_bits \
	tests/kernels/test_attend tests/kernels/test_blocks tests/kernels/test_pages tests/kernels/test_parts tests/kernels/test_scan3
check_PROGRAMS += $(kernel_tests)
TESTS += $(kernel_tests)

kernel_test_sources = %D%/test_kernels.c %D%/buffers.c %D%/buffers.h

tests_kernels_test_kernels_generic_SOURCES = $(kernel_test_sources)
tests_kernels_test_kernels_generic_CPPFLAGS = $(TEST_CPPFLAGS) -DINSTRUCTIONS='"generic"'
tests_kernels_test_kernels_generic_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_kernels_generic_LDADD = $(TEST_LDADD)

tests_kernels_test_kernels_avx2_SOURCES = $(kernel_test_sources)
tests_kernels_test_kernels_avx2_CPPFLAGS = $(TEST_CPPFLAGS) -DINSTRUCTIONS='"avx2"'
tests_kernels_test_kernels_avx2_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_kernels_avx2_LDADD = $(TEST_LDADD)

tests_kernels_test_kernels_avx512_SOURCES = $(kernel_test_sources)
tests_kernels_test_kernels_avx512_CPPFLAGS = $(TEST_CPPFLAGS) -DINSTRUCTIONS='"avx512"'
tests_kernels_test_kernels_avx512_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_kernels_avx512_LDADD = $(TEST_LDADD)

tests_kernels_test_pool_SOURCES = %D%/test_pool.c
tests_kernels_test_pool_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_pool_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_pool_LDADD = $(TEST_LDADD)

tests_kernels_test_processors_SOURCES = %D%/test_processors.c
tests_kernels_test_processors_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_processors_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_processors_LDADD = $(TEST_LDADD)

tests_kernels_test_engine_SOURCES = %D%/test_engine.c %D%/buffers.c %D%/buffers.h %D%/plans.c %D%/plans.h %D%/shapes.c \
	%D%/plans_more.c %D%/plans_more.h
tests_kernels_test_engine_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_engine_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_engine_LDADD = $(TEST_LDADD)

tests_kernels_test_same_bits_SOURCES = %D%/test_same_bits.c %D%/buffers.c %D%/buffers.h %D%/plans.c %D%/plans.h %D%/shapes.c \
	%D%/plans_more.c %D%/plans_more.h
tests_kernels_test_same_bits_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_same_bits_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_same_bits_LDADD = $(TEST_LDADD)

tests_kernels_test_parts_SOURCES = %D%/test_parts.c %D%/naive.c %D%/naive.h %D%/naive_blocks.c \
	%D%/buffers.c %D%/buffers.h %D%/plans.c %D%/plans.h %D%/shapes.c
tests_kernels_test_parts_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_parts_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_parts_LDADD = $(TEST_LDADD)

tests_kernels_test_blocks_SOURCES = %D%/test_blocks.c %D%/buffers.c %D%/buffers.h %D%/plans.c %D%/plans.h %D%/shapes.c \
	%D%/plans_more.c %D%/plans_more.h %D%/reference.c %D%/reference.h %D%/reference_moe.c
tests_kernels_test_blocks_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_blocks_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_blocks_LDADD = $(TEST_LDADD)

tests_kernels_test_pages_SOURCES = %D%/test_pages.c %D%/buffers.c %D%/buffers.h %D%/plans.c %D%/plans.h %D%/shapes.c
tests_kernels_test_pages_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_pages_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_pages_LDADD = $(TEST_LDADD)

tests_kernels_test_attend_SOURCES = %D%/test_attend.c %D%/buffers.c %D%/buffers.h
tests_kernels_test_attend_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_attend_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_attend_LDADD = $(TEST_LDADD)

tests_kernels_test_scan3_SOURCES = %D%/test_scan3.c %D%/buffers.c %D%/buffers.h
tests_kernels_test_scan3_CPPFLAGS = $(TEST_CPPFLAGS)
tests_kernels_test_scan3_CFLAGS = $(TEST_CFLAGS)
tests_kernels_test_scan3_LDADD = $(TEST_LDADD)
