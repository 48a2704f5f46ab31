# SPDX-License-Identifier: Apache-2.0
# The whole CUDA engine under emulation: the same tests of sessions as on the CPU, and what only
# this engine has.
if HAVE_CUDA_EMU
engine_tests = tests/cuda/test_golden tests/cuda/test_session tests/cuda/test_rewind tests/cuda/test_state \
	tests/cuda/test_batch tests/cuda/test_company tests/cuda/test_stop tests/cuda/test_cuda_engine tests/cuda/test_counts tests/cuda/test_profile \
	tests/cuda/test_compose tests/cuda/test_device
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)

check_LTLIBRARIES += libtestemulated.la
libtestemulated_la_SOURCES = tests/session/kit.c tests/session/kit.h tests/session/answers.c tests/session/answers.h
libtestemulated_la_CPPFLAGS = $(CUDA_EMU_CPPFLAGS) -I$(top_srcdir)/tests/session -DKIT_EMULATED
libtestemulated_la_CFLAGS = $(TEST_CFLAGS)

engine_cppflags = $(CUDA_EMU_CPPFLAGS) -I$(top_srcdir)/tests/session -DKIT_EMULATED
engine_ldadd = libtestemulated.la $(CUDA_EMU_LDADD) $(JANSSON_LIBS)

tests_cuda_test_golden_SOURCES = tests/session/test_golden.c
tests_cuda_test_golden_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_golden_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_golden_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_golden_LDADD = $(engine_ldadd)

tests_cuda_test_session_SOURCES = tests/session/test_session.c
tests_cuda_test_session_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_session_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_session_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_session_LDADD = $(engine_ldadd)

tests_cuda_test_rewind_SOURCES = tests/session/test_rewind.c
tests_cuda_test_rewind_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_rewind_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_rewind_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_rewind_LDADD = $(engine_ldadd)

tests_cuda_test_compose_SOURCES = tests/compose/test_compose.c tests/compose/mirror.c tests/compose/mirror.h
tests_cuda_test_compose_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_compose_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_compose_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_compose_LDADD = $(engine_ldadd)

tests_cuda_test_state_SOURCES = tests/session/test_state.c
tests_cuda_test_state_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_state_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_state_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_state_LDADD = $(engine_ldadd)

tests_cuda_test_batch_SOURCES = tests/session/test_batch.c
tests_cuda_test_batch_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_batch_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_batch_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_batch_LDADD = $(engine_ldadd)

tests_cuda_test_company_SOURCES = %D%/test_company.c
tests_cuda_test_company_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_company_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_company_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_company_LDADD = $(engine_ldadd)

tests_cuda_test_stop_SOURCES = tests/session/test_stop.c
tests_cuda_test_stop_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_stop_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_stop_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_stop_LDADD = $(engine_ldadd)

tests_cuda_test_cuda_engine_SOURCES = %D%/test_cuda_engine.c
tests_cuda_test_cuda_engine_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_cuda_engine_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_cuda_engine_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_cuda_engine_LDADD = $(engine_ldadd)

tests_cuda_test_device_SOURCES = %D%/test_device.c
tests_cuda_test_device_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_device_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_device_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_device_LDADD = $(engine_ldadd)

tests_cuda_test_profile_SOURCES = %D%/test_profile.c
tests_cuda_test_profile_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_profile_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_profile_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_profile_LDADD = $(engine_ldadd)

tests_cuda_test_counts_SOURCES = %D%/test_counts.c %D%/counting.c %D%/counting.h
tests_cuda_test_counts_CPPFLAGS = $(engine_cppflags)
tests_cuda_test_counts_CFLAGS = $(TEST_CFLAGS)
tests_cuda_test_counts_LDFLAGS = $(CUDA_EMU_LINK)
tests_cuda_test_counts_LDADD = $(engine_ldadd)
endif

# The plugin over the emulated device: with KRAIT_CUDA_PLUGIN it gives a GPU to the command itself.
if HAVE_CUDA_EMU
if !CUDA_ON_DEVICE
EXTRA_PROGRAMS += tests/cuda/emulated.so
CLEANFILES += tests/cuda/emulated.so
tests_cuda_emulated_so_SOURCES = $(cuda_host) $(cuda_core) %D%/emulated.c
tests_cuda_emulated_so_CPPFLAGS = $(AM_CPPFLAGS) $(cuda_host_cppflags) -I$(top_srcdir)/tests/emu -DCUDA_EMU=1
tests_cuda_emulated_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_cuda_emulated_so_LDADD = $(emu_engine_objects) $(emu_runtime_objects) -lstdc++ -ldl $(LIBM)
tests_cuda_emulated_so_LINK = $(CC) $(CFLAGS) -shared -Wl,-z,defs $(emu_link) -Wl,--version-script=$(top_srcdir)/kernels/cuda/plugin.map \
	$(AM_LDFLAGS) $(LDFLAGS) -o $@
TESTS += %D%/command.sh
tests/cuda/command.log: tests/cuda/emulated.so
endif
endif
