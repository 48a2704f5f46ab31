# SPDX-License-Identifier: Apache-2.0
# What kernels ask of memory, access by access: they are compiled once more, to tell of each (tests/emu/seen.cpp), and
# are not for sanitizers. Warnings of these files are those of their other builds.
SUFFIXES += .seen
.cu.seen:
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(emu_compile) -O2 -fsanitize=thread -w -x c++ -include $(top_srcdir)/tests/emu/cuda_emu.h \
		-I$(top_srcdir)/tests/emu/include -I$(top_srcdir)/tests/emu -I$(top_srcdir)/tests $(CHECK_CFLAGS) \
		-c $< -o $@
seen_objects = $(cuda_kernels:.cu=.seen)
$(seen_objects): $(emu_language) $(cuda_headers)
tests/emu/test_emu_look.seen: $(emu_headers) $(cuda_headers)
tests/emu/seen.rto: $(emu_headers)
CLEANFILES += $(seen_objects) tests/emu/test_emu_look.seen tests/emu/seen.rto tests/cuda/counts.new

if HAVE_CUDA_EMU
if !CUDA_ON_DEVICE
EXTRA_PROGRAMS += tests/cuda/asked tests/emu/test_emu_look
CLEANFILES += tests/cuda/asked tests/emu/test_emu_look
TESTS += %D%/asked.sh
if !SANITIZED
tests/cuda/asked.log: tests/cuda/asked
TESTS += tests/emu/test_emu_look
endif
tests_emu_test_emu_look_SOURCES =
tests_emu_test_emu_look_LDFLAGS = $(CUDA_EMU_LINK)
tests_emu_test_emu_look_LDADD = tests/emu/test_emu_look.seen tests/emu/seen.rto $(CUDA_EMU_LDADD)
tests_cuda_asked_SOURCES = %D%/asked.c %D%/asked.h %D%/asked_draws.c %D%/counting.c %D%/counting.h
tests_cuda_asked_CPPFLAGS = $(engine_cppflags)
tests_cuda_asked_CFLAGS = $(TEST_CFLAGS)
tests_cuda_asked_LDFLAGS = $(CUDA_EMU_LINK)
# Before the library, whose own objects of the kernels are then not needed.
tests_cuda_asked_LDADD = $(seen_objects) tests/emu/seen.rto $(engine_ldadd)
endif
endif
