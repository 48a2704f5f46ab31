# lib/ - the core. Everything is in a convenience library, so that tests can
# reach internals that the installed library hides.
noinst_LTLIBRARIES += libkrait_core.la
libkrait_core_la_SOURCES = %D%/engine.h
libkrait_core_la_LIBADD = $(kernel_libs) $(PCRE2_LIBS) $(UTF8PROC_LIBS) $(LIBM)

include %D%/base/local.mk
include %D%/block/local.mk
include %D%/model/local.mk
include %D%/source/local.mk
include %D%/text/local.mk
include %D%/jinja/local.mk
include %D%/chat/local.mk
include %D%/session/local.mk
include %D%/api/local.mk

lib_LTLIBRARIES += libkrait.la
libkrait_la_SOURCES =
libkrait_la_LIBADD = libkrait_core.la
libkrait_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined $(NO_UNDEFINED) -version-info $(KRAIT_LTVERSION)
if HAVE_SYMVER
libkrait_la_LDFLAGS += -Wl,--version-script=$(srcdir)/%D%/libkrait.map
EXTRA_libkrait_la_DEPENDENCIES = %D%/libkrait.map
endif
EXTRA_DIST += %D%/libkrait.map
