# Tests of what is installed, of the documents, and of how the sources are kept.
install_tests = %D%/symbols.sh %D%/header.sh %D%/pkgconfig.sh %D%/layers.sh %D%/style.sh %D%/docs.sh %D%/examples.sh \
	%D%/reference.sh %D%/build_systems.sh %D%/debian.sh %D%/usr_local.sh %D%/dist.sh
TESTS += $(install_tests)
EXTRA_DIST += $(install_tests) %D%/tap.sh %D%/html_links.py %D%/installed.sh

# The copy under the prefix, after make install: distcheck does this with what a tarball built.
installcheck-local:
	@$(AM_TESTS_ENVIRONMENT) export bindir='$(DESTDIR)$(bindir)' libdir='$(DESTDIR)$(libdir)' \
		pkgconfigdir='$(DESTDIR)$(pkgconfigdir)' mandir='$(DESTDIR)$(mandir)' datadir='$(DESTDIR)$(datadir)'; \
	$(SHELL) $(srcdir)/%D%/installed.sh >installed.log; cat installed.log; ! grep '^not ok' installed.log >/dev/null && tail -n 1 installed.log | grep '^1\.\.' >/dev/null
CLEANFILES += installed.log
