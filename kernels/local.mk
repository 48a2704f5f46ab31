# SPDX-License-Identifier: Apache-2.0
# The CPU engine. Code for each instruction set is a library of its own with its own flags,
# so that nothing outside it can hold an instruction that a machine lacks. Sums have an
# order (cpu/kernels.h): the compiler may neither fuse nor reorder what is written.
kernel_cflags = $(AM_CFLAGS) -ffp-contract=off -fno-math-errno -fno-trapping-math

noinst_LTLIBRARIES += libkrait_cpu.la
kernel_libs += libkrait_cpu.la
libkrait_cpu_la_CFLAGS = $(kernel_cflags)
libkrait_cpu_la_SOURCES = %D%/spans.h \
	%D%/cpu/block/attention.c %D%/cpu/block/mamba1.c %D%/cpu/block/mamba2.c %D%/cpu/block/mlp.c \
	%D%/cpu/block/mamba3.c %D%/cpu/block/mamba3.h %D%/cpu/block/mamba3_head.c \
	%D%/cpu/block/moe.c %D%/cpu/block/moe.h %D%/cpu/block/moe_choice.c \
	%D%/cpu/blocks.c %D%/cpu/blocks.h %D%/cpu/cpu.h %D%/cpu/dispatch.c %D%/cpu/engine.c %D%/cpu/float_mode.c \
	%D%/cpu/forward.c %D%/cpu/generic.c %D%/cpu/generic_attend.c %D%/cpu/head.c %D%/cpu/kernels.h %D%/cpu/layout.c \
	%D%/cpu/measure.c \
	%D%/cpu/pages.c %D%/cpu/pass.c %D%/cpu/pool.c %D%/cpu/pool.h %D%/cpu/prepare.c \
	%D%/cpu/processors.c %D%/cpu/slots.c %D%/cpu/stages.c

if HAVE_AVX2
noinst_LTLIBRARIES += libkrait_avx2.la
kernel_libs += libkrait_avx2.la
libkrait_avx2_la_CFLAGS = $(kernel_cflags) -mavx2 -mfma -mf16c
libkrait_avx2_la_SOURCES = %D%/cpu/avx2.c %D%/cpu/vector_attend.h %D%/cpu/vector_kernels.h %D%/cpu/vector_scan3.h
endif

if HAVE_AVX512
noinst_LTLIBRARIES += libkrait_avx512.la
kernel_libs += libkrait_avx512.la
libkrait_avx512_la_CFLAGS = $(kernel_cflags) -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c
libkrait_avx512_la_SOURCES = %D%/cpu/avx512.c %D%/cpu/vector_attend.h %D%/cpu/vector_kernels.h %D%/cpu/vector_scan3.h
endif
