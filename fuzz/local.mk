# fuzz/ - harnesses: the same ones for libFuzzer (make fuzz) and, by fixed inputs, for make check.
check_LTLIBRARIES += libkraitfuzz.la
libkraitfuzz_la_SOURCES = %D%/fuzz.h %D%/check.c %D%/config.c %D%/hybrid.c %D%/safetensors.c %D%/session.c %D%/state.c %D%/support.c \
	%D%/cache.c %D%/replies.c tools/pull/listing.c tools/pull/listing.h tools/pull/reply.c tools/pull/reply.h \
	tools/pull/wanted.c tools/pull/wanted.h %D%/template.c %D%/tiny.c %D%/tokenizer.c %D%/torch.c
libkraitfuzz_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE -I$(top_srcdir)/tools

check_PROGRAMS += %D%/replay
TESTS += %D%/replay
fuzz_replay_SOURCES = %D%/replay.c
fuzz_replay_CPPFLAGS = $(libkraitfuzz_la_CPPFLAGS)
fuzz_replay_LDADD = libkraitfuzz.la libkrait_core.la $(JANSSON_LIBS) $(LIBM)

# Needs clang; built by "make fuzz" in a folder of its own.
EXTRA_PROGRAMS += %D%/libfuzzer
fuzz_libfuzzer_SOURCES = %D%/libfuzzer.c
fuzz_libfuzzer_CPPFLAGS = $(libkraitfuzz_la_CPPFLAGS)
fuzz_libfuzzer_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_libfuzzer_LDADD = $(fuzz_replay_LDADD)

EXTRA_DIST += %D%/regressions %D%/run.sh %D%/regressions.py

# Without the kernels of AVX, for which clang takes minutes with all of this; generic ones are as good here.
# FUZZ_SECONDS for each harness, FUZZ="state torch" for some of them. What was found to be new ground stays in
# fuzzing/corpus for the next time, and what breaks in fuzzing/found.
FUZZ_SECONDS = 60
FUZZ =
fuzz:
	@if command -v clang >/dev/null; then \
		$(MKDIR_P) fuzzing && cd fuzzing && { test -f config.status || $(abs_top_srcdir)/configure -q --disable-shared \
			--disable-cuda-engine --disable-avx2 --disable-avx512 CC=clang CXX=clang++ CFLAGS='-g -O1' --enable-sanitizers=address,undefined,fuzzer-no-link; } && \
		$(MAKE) $(AM_MAKEFLAGS) %D%/libfuzzer >make.log 2>&1 || { tail -n 30 make.log; exit 1; }; \
		$(AM_TESTS_ENVIRONMENT) FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ='$(FUZZ)' $(SHELL) $(abs_top_srcdir)/%D%/run.sh; \
	else \
		FUZZ='$(FUZZ)' $(SHELL) $(top_srcdir)/%D%/run.sh without-clang; \
	fi
check-fuzz:
	@$(MAKE) $(AM_MAKEFLAGS) fuzz FUZZ_SECONDS="$${FUZZ_SECONDS-20}"
.PHONY: fuzz check-fuzz
