# SPDX-License-Identifier: Apache-2.0
# bench/transformer/transformer: Mamba against a Transformer of its size, on one GPU. Its kernels are tested under emulation.
transformer_kernels = %D%/attend_step.cu %D%/attend_prompt.cu %D%/dense.cu
transformer_sources = %D%/main.c %D%/decoder.c %D%/decoder.h %D%/mamba.c %D%/mamba.h %D%/attention.h
transformer_objects = $(transformer_kernels:.cu=.nvo) kernels/cuda/norm_rows.nvo
transformer_emulated = $(transformer_kernels:.cu=.emo)
EXTRA_DIST += $(transformer_kernels) $(transformer_sources)
$(transformer_kernels:.cu=.nvo) $(transformer_emulated): $(cuda_headers) %D%/attention.h
$(transformer_emulated): $(emu_headers)
CLEANFILES += $(transformer_kernels:.cu=.nvo) $(transformer_kernels:.cu=.ptxas) $(transformer_emulated)

if HAVE_CUDA
noinst_PROGRAMS += bench/transformer/transformer
bench_transformer_transformer_SOURCES = $(transformer_sources) kernels/cuda/stated.c
bench_transformer_transformer_CPPFLAGS = $(AM_CPPFLAGS) $(cuda_host_cppflags)
bench_transformer_transformer_CFLAGS = $(AM_CFLAGS)
bench_transformer_transformer_LDFLAGS = -L$(CUDA_LIBDIR) -Wl,-rpath,$(CUDA_LIBDIR)
bench_transformer_transformer_LDADD = $(transformer_objects) libkrait.la -lcublasLt -lcudart -lstdc++ $(LIBM)
EXTRA_bench_transformer_transformer_DEPENDENCIES = $(transformer_objects)
endif
