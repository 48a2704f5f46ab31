# Debian packages. The release tarball is their source: it holds this folder.
EXTRA_DIST += build-aux/deb.sh $(deb_tests) \
	%D%/changelog %D%/control %D%/copyright %D%/not-installed %D%/rules \
	%D%/source/format %D%/source/lintian-overrides %D%/source/options \
	%D%/golang-krait-dev.docs %D%/golang-krait-dev.examples %D%/golang-krait-dev.install \
	%D%/krait-demo-model.docs %D%/krait-demo-model.install \
	%D%/krait-tools.install \
	%D%/libkrait-dev.doc-base %D%/libkrait-dev.docs %D%/libkrait-dev.install \
	%D%/libkrait0.install %D%/libkrait0.symbols %D%/libkrait0-cuda.install \
	%D%/librust-krait-dev.docs %D%/librust-krait-dev.examples %D%/librust-krait-dev.install \
	%D%/lua-krait.docs %D%/lua-krait.examples %D%/lua-krait.install \
	%D%/python3-krait.docs %D%/python3-krait.examples %D%/python3-krait.install \
	%D%/tests/lua %D%/tests/python3 %D%/tests/rust \
	%D%/tests/c %D%/tests/command %D%/tests/control %D%/tests/go

deb: dist
	$(SHELL) $(srcdir)/build-aux/deb.sh build $(abs_builddir)/$(distdir).tar.xz $(abs_builddir)/deb

# The packages, built and then looked at, built again and used. KRAIT_DEB_ONCE=1 leaves out "again".
deb_tests = tests/packages/contents.sh tests/packages/lintian.sh tests/packages/root.sh tests/packages/reproducible.sh
check-deb: deb
	@status=0; \
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(deb_tests)' check_PROGRAMS= check_LIBRARIES= check_LTLIBRARIES= || status=$$?; \
	$(SHELL) $(top_srcdir)/build-aux/summary.sh deb $(deb_tests:.sh=.log) || status=1; \
	exit $$status
.PHONY: deb check-deb
