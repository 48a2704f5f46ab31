# SPDX-License-Identifier: Apache-2.0
# The CUDA engine. Each .cu file here is compiled twice: by nvcc into the plugin krait-cuda.so, and
# by the C++ compiler under tests/emu into libkrait-cuda-emu.a, which the tests link.
#
# A new kernel is one name in cuda_kernels; a C file of the host side is one in cuda_host, a header
# one in cuda_headers.
cuda_kernels = %D%/ceiling.cu %D%/accept.cu \
	%D%/norm_rows.cu %D%/gemm_exact.cu %D%/conv.cu %D%/scan1.cu %D%/scan1_parallel.cu %D%/scan2.cu %D%/ssd.cu %D%/scan_any.cu \
	%D%/gate_norm.cu %D%/score.cu \
	%D%/embed.cu %D%/hidden.cu %D%/product.cu %D%/product_bf16.cu %D%/product_f16.cu %D%/product_f32.cu %D%/product_int4.cu \
	%D%/product_int8.cu %D%/quantise.cu %D%/sample.cu %D%/step1.cu %D%/step1_quantised.cu %D%/step2.cu
cuda_host = \
	%D%/call.c %D%/ceilings.c %D%/check.c %D%/decode.c %D%/devices.c %D%/engine.c %D%/forward.c %D%/gemm.c %D%/generate.c \
	%D%/head.c %D%/layout.c %D%/mirror.c %D%/prefill.c %D%/profile.c %D%/slots.c %D%/stated.c %D%/upload.c
cuda_headers = %D%/port.cuh %D%/stated.h %D%/ceiling.h %D%/kernels.h \
	%D%/rows.cuh %D%/scan1.cuh %D%/scan1_parallel.h %D%/scan_any.h %D%/ssd.cuh %D%/ssd.h \
	%D%/gemv.cuh %D%/job.cuh %D%/launch.cuh %D%/philox.cuh %D%/product.cuh %D%/step1.cuh %D%/tile.cuh \
	%D%/weights.cuh
# What the plugin needs of the core, compiled into it once more: libkrait hides it.
cuda_core = %D%/plugin.c lib/block/attention.c lib/block/block.c lib/block/mamba1.c lib/block/mamba2.c \
	lib/block/mamba3.c lib/block/mlp.c lib/block/moe.c \
	lib/base/dtype.c lib/base/memory.c lib/base/turn.c lib/base/utf8.c lib/base/why.c
cuda_host_headers = %D%/host.h
cuda_host_cppflags = -isystem $(CUDA_DIR)/include

EXTRA_DIST += $(cuda_kernels) $(cuda_host) $(cuda_headers) $(cuda_host_headers) %D%/plugin.map
SUFFIXES += .cu .nvo .emo

# ---- by nvcc: .nvo. What ptxas says of registers and spills is kept in .ptxas for the static check.
cuda_objects = $(cuda_kernels:.cu=.nvo)
cuda_warnings = -Wall,-Wextra,-Wno-unused-function
.cu.nvo:
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(NVCC) $(NVCCFLAGS) $(CUDA_GENCODE) -std=c++17 --Werror all-warnings -no-compress -Xptxas -v \
		-Xcompiler -fPIC,-fvisibility=hidden,$(cuda_warnings) -I$(top_srcdir) -c $< -o $@ 2>$*.ptxas || \
		{ cat $*.ptxas >&2; rm -f $@; exit 1; }
$(cuda_objects): $(cuda_headers)
CLEANFILES += $(cuda_objects) $(cuda_kernels:.cu=.ptxas)

if HAVE_CUDA
noinst_DATA += $(cuda_objects)
endif

if CUDA_PLUGIN
plugindir = $(pkglibdir)
plugin_PROGRAMS = krait-cuda.so
krait_cuda_so_SOURCES = $(cuda_host) $(cuda_core)
krait_cuda_so_CPPFLAGS = $(AM_CPPFLAGS) $(cuda_host_cppflags)
krait_cuda_so_CFLAGS = $(AM_CFLAGS) -fPIC
krait_cuda_so_LDADD = $(cuda_objects) -L$(CUDA_LIBDIR) -lcublasLt -lcudart -lstdc++ $(LIBM)
krait_cuda_so_LINK = $(CC) $(CFLAGS) -shared -Wl,-soname,krait-cuda.so -Wl,-z,defs $(CUDA_RPATH_FLAG) \
	-Wl,--version-script=$(srcdir)/%D%/plugin.map $(LDFLAGS) -o $@
EXTRA_krait_cuda_so_DEPENDENCIES = %D%/plugin.map
endif
