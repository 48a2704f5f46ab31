# SPDX-License-Identifier: Apache-2.0
# What is kept of every release works with the library of today; the interface is that of the baseline.
abi_tests = %D%/releases.sh %D%/check_abi.sh
TESTS += $(abi_tests)
EXTRA_DIST += $(abi_tests) %D%/README.md %D%/make.sh %D%/experimental.suppr %D%/libkrait-amd64.abi %D%/0.1

check-abi: all-am
	@$(MAKE) $(AM_MAKEFLAGS) check SUMMARY_WORD=abi TESTS='$(abi_tests)'

# Only at a release that added something: with Debian 12's GCC on amd64, and debug information.
update-abi: libkrait.la
	abidw --headers-dir $(abs_top_srcdir)/include --drop-private-types --exported-interfaces-only --no-corpus-path --no-comp-dir-path --no-show-locs \
		--type-id-style hash --suppressions $(srcdir)/%D%/experimental.suppr \
		--out-file $(srcdir)/%D%/libkrait-amd64.abi .libs/libkrait.so
.PHONY: check-abi update-abi
