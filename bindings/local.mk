# bindings/ - other languages. krait.i describes all of krait.h to SWIG; each language's folder has
# what its C types are there, and the idiomatic part on top.
swig_sources = %D%/krait.i %D%/errors.i include/krait.h
swig_flags = -Wall -I$(top_srcdir)/include -I$(top_srcdir)/%D%
# What SWIG writes is held to the compiler's own defaults. A module names the library file itself, so
# that libtool has nothing to link again at install time.
binding_cflags = -fvisibility=hidden $(BINDING_WERROR)
binding_ldflags = -module -avoid-version -shared $(BINDING_RPATH) -Wl,$(top_builddir)/.libs/libkrait.so
EXTRA_DIST += %D%/krait.i %D%/errors.i

include %D%/python/local.mk
include %D%/lua/local.mk
include %D%/go/local.mk
include %D%/rust/local.mk
