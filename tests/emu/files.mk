# SPDX-License-Identifier: Apache-2.0
# The files of the emulation, for local.mk and for a tarball.
emu_runtime = %D%/settings.cpp %D%/calls.cpp %D%/errors.cpp %D%/device.cpp %D%/names.cpp %D%/memory.cpp \
	%D%/fiber.cpp %D%/matrix.cpp %D%/grid.cpp %D%/look.cpp %D%/stream.cpp %D%/copy.cpp %D%/graph.cpp %D%/product.cpp %D%/blas.cpp %D%/blaslt.cpp
# What device code includes; the rest is the runtime's and the tests'.
emu_language = %D%/cuda_emu.h %D%/emu_core.h %D%/emu_launch.h %D%/emu_warp.h %D%/emu_memory.h %D%/emu_math.h \
	%D%/emu_mma.h %D%/include/cooperative_groups.h
emu_headers = $(emu_language) %D%/emu_api.h %D%/inner.h %D%/fiber.h %D%/look.h %D%/queue.h %D%/product.h %D%/check_device.h
EXTRA_DIST += $(emu_runtime) $(emu_headers) %D%/emu.ld %D%/test_emu_device.cu %D%/test_emu_host.cu \
	%D%/test_emu_look.cu %D%/bugs.cu \
	%D%/without-cuda.sh %D%/bugs.sh %D%/on_device.c %D%/seen.cpp
