# tests - every suite prints TAP, one result a line; `make check` counts them all.
TEST_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
TEST_CFLAGS = $(AM_CFLAGS)
TEST_LDADD = libtestsupport.la libkrait_core.la $(CHECK_LIBS)

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .sh
AM_TESTS_ENVIRONMENT = \
	srcdir='$(srcdir)'; top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	KRAIT_TEST_DATA='$(abs_top_srcdir)/tests/data'; KRAIT_MODEL_PATH='$(abs_top_srcdir)/models'; \
	KRAIT='$(abs_top_builddir)/krait'; PYTHON3='$(PYTHON3)'; CC='$(CC)'; \
	export srcdir top_srcdir top_builddir KRAIT_TEST_DATA KRAIT_MODEL_PATH KRAIT PYTHON3 CC;
# A wrapper for compiled tests: make check LOG_COMPILER="valgrind ..."
LOG_COMPILER =

check_LTLIBRARIES += libtestsupport.la
libtestsupport_la_SOURCES = %D%/support.c %D%/support.h
libtestsupport_la_CPPFLAGS = $(TEST_CPPFLAGS)
libtestsupport_la_CFLAGS = $(TEST_CFLAGS)

include %D%/model/local.mk
include %D%/model/readers.mk
include %D%/faults/local.mk
include %D%/text/local.mk
include %D%/text/template.mk
include %D%/session/local.mk
include %D%/kernels/local.mk
include %D%/tools/local.mk
include %D%/api/local.mk
include %D%/install/local.mk
