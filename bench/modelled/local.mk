# SPDX-License-Identifier: Apache-2.0
# bench/modelled/modelled: the time that a GPU should take, from what the emulated device counts. make modelled
EXTRA_DIST += %D%/main.c tests/cuda/modelled.sh
# libkrait-cuda-emu.a comes with the test programs.
if HAVE_CHECK
if HAVE_CUDA_EMU
EXTRA_PROGRAMS += bench/modelled/modelled
CLEANFILES += bench/modelled/modelled
TESTS += tests/cuda/modelled.sh
tests/cuda/modelled.log: bench/modelled/modelled
bench_modelled_modelled_SOURCES = %D%/main.c tests/cuda/counting.c tests/cuda/counting.h
bench_modelled_modelled_CPPFLAGS = $(CUDA_EMU_CPPFLAGS) -I$(top_srcdir)
bench_modelled_modelled_CFLAGS = $(TEST_CFLAGS)
bench_modelled_modelled_LDFLAGS = $(CUDA_EMU_LINK)
bench_modelled_modelled_LDADD = $(CUDA_EMU_LDADD)
modelled: bench/modelled/modelled
	bench/modelled/modelled
endif
endif
