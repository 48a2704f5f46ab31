# python/ - the package krait: _krait from SWIG, the rest by hand.
python_files = %D%/krait/__init__.py %D%/krait/__init__.pyi %D%/krait/py.typed %D%/krait/_batch.py %D%/krait/_errors.py \
	%D%/krait/_handle.py %D%/krait/_library.py %D%/krait/_model.py %D%/krait/_sampler.py %D%/krait/_session.py \
	%D%/krait/_state.py %D%/krait/_text.py
EXTRA_DIST += %D%/python.i %D%/calls.i %D%/METADATA.in %D%/examples/hello.py $(python_files) build-aux/python_place.py
if HAVE_PYTHON_BINDING
kraitpyexecdir = $(pythondir)/krait
kraitpyexec_DATA = $(python_files)
kraitpyexec_LTLIBRARIES = %D%/_krait.la
nodist_bindings_python__krait_la_SOURCES = %D%/krait_python.c
bindings_python__krait_la_CPPFLAGS = -I$(top_srcdir)/include $(PYTHON_CPPFLAGS)
bindings_python__krait_la_CFLAGS = $(binding_cflags)
bindings_python__krait_la_LDFLAGS = $(binding_ldflags)
bindings_python__krait_la_DEPENDENCIES = libkrait.la
module_notes += $(kraitpyexecdir)/_krait.la
# What pip, importlib.metadata and the like look for.
kraitpyinfodir = $(pythondir)/krait-$(PACKAGE_VERSION).dist-info
nodist_kraitpyinfo_DATA = %D%/METADATA %D%/INSTALLER
made_by_use += $(kraitpyexecdir) $(kraitpyinfodir)
CLEANFILES += %D%/krait_python.c %D%/krait.py $(nodist_kraitpyinfo_DATA)

%D%/METADATA: %D%/METADATA.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && sed 's/^Version:.*/Version: $(PACKAGE_VERSION)/' $(srcdir)/%D%/METADATA.in >$@
%D%/INSTALLER: Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && echo 'make install of krait' >$@
%D%/krait_python.c: $(swig_sources) %D%/python.i %D%/calls.i
	$(AM_V_GEN)$(MKDIR_P) %D% && $(SWIG) -python $(swig_flags) -module krait -outdir %D% -o $@ $(top_srcdir)/bindings/krait.i
endif
