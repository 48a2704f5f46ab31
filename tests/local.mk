# tests/ - Check programs and shell scripts. Every one prints TAP, one result a line;
# `make check` counts them all.
TEST_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests \
	-DSUPPORT_SOURCE='"$(abs_top_srcdir)"' -DSUPPORT_BUILD='"$(abs_top_builddir)"'
TEST_CFLAGS = $(AM_CFLAGS)
TEST_LDADD = libtestsupport.la libkrait_core.la $(CHECK_LIBS) $(JANSSON_LIBS) $(LIBM)

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL) $(top_srcdir)/build-aux/timed.sh
# A wrapper for compiled tests: make check LOG_COMPILER="valgrind ..."
LOG_COMPILER =
AM_TESTS_ENVIRONMENT = \
	srcdir='$(srcdir)'; top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	KRAIT_TEST_DATA='$(abs_top_srcdir)/tests/data'; KRAIT_MODEL_PATH='$(abs_top_srcdir)/models'; \
	KRAIT='$(abs_top_builddir)/krait'; PYTHON3='$(PYTHON3)'; CC='$(CC)'; \
	PKG_CONFIG='$(PKG_CONFIG)'; SANITIZE='$(SANITIZE_LDFLAGS)$(COVERAGE_LDFLAGS)'; \
	EMU_KERNELS='$(abs_top_builddir)/emu-kernels.txt'; export EMU_KERNELS; \
	CK_DEFAULT_TIMEOUT="$${CK_DEFAULT_TIMEOUT-600}"; \
	GO='$(GO)'; MISSING_GO='$(MISSING_GO)'; CARGO='$(CARGO)'; RUSTC='$(RUSTC)'; BINDGEN='$(BINDGEN)'; \
	SWIG='$(SWIG)'; MISSING_RUST='$(MISSING_RUST)'; export GO MISSING_GO CARGO RUSTC BINDGEN SWIG MISSING_RUST; \
	export srcdir top_srcdir top_builddir KRAIT_TEST_DATA KRAIT_MODEL_PATH KRAIT PYTHON3 CC \
		PKG_CONFIG SANITIZE CK_DEFAULT_TIMEOUT;

# Without Check the programs are not built, and are named as skipped. What they have beside sources goes into
# a tarball all the same, so it is listed here: EXTRA_DIST stands in no conditional (tests/install/dist.sh).
EXTRA_DIST += %D%/model/make_checkpoint.py %D%/model/make_checkpoint.sh \
	%D%/cuda/static.sh %D%/cuda/nvcheck.py %D%/cuda/sass.py %D%/cuda/occupancy.py \
	%D%/cuda/without-gpu.sh %D%/cuda/command.sh %D%/cuda/asked.sh %D%/cuda/asked.py %D%/cuda/counts.txt \
	kernels/cuda/limits.txt
include %D%/emu/files.mk
if HAVE_CHECK
check_LTLIBRARIES += libtestsupport.la
libtestsupport_la_SOURCES = %D%/support.c %D%/support.h
libtestsupport_la_CPPFLAGS = $(TEST_CPPFLAGS)
libtestsupport_la_CFLAGS = $(TEST_CFLAGS)

include %D%/base/local.mk
include %D%/model/local.mk
include %D%/model/readers.mk
include %D%/faults/local.mk
include %D%/jinja/local.mk
include %D%/text/local.mk
include %D%/text/template.mk
include %D%/chat/local.mk
include %D%/session/local.mk
include %D%/compose/local.mk
include %D%/kernels/local.mk
include %D%/api/local.mk
include %D%/emu/local.mk
include %D%/cuda/local.mk
include %D%/cuda/prefill.mk
include %D%/cuda/decode.mk
include %D%/cuda/engine.mk
include %D%/cuda/asked.mk
else
TESTS += %D%/without-check.sh
endif
include %D%/tools/local.mk
include %D%/pull/local.mk
include %D%/install/local.mk
include %D%/abi/local.mk
include %D%/bindings/local.mk
EXTRA_DIST += %D%/mutants/run.py %D%/mutants/list.txt %D%/without-check.sh %D%/data build-aux/timed.sh build-aux/summary.sh
