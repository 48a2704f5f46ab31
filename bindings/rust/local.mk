# rust/ - the crates krait-sys, which generate.py makes from krait.i, and krait. Installed as source, each in
# a folder of a registry as cargo takes it from Debian.
rust_sys_files = %D%/krait-sys/Cargo.toml %D%/krait-sys/build.rs %D%/krait-sys/.cargo-checksum.json
rust_sys_sources = %D%/krait-sys/src/lib.rs
rust_files = %D%/krait/Cargo.toml %D%/krait/.cargo-checksum.json
rust_sources = %D%/krait/src/batch.rs %D%/krait/src/callbacks.rs %D%/krait/src/chat.rs %D%/krait/src/constants.rs \
	%D%/krait/src/error.rs %D%/krait/src/generate.rs %D%/krait/src/lib.rs %D%/krait/src/likely.rs %D%/krait/src/model.rs \
	%D%/krait/src/options.rs %D%/krait/src/raw.rs %D%/krait/src/sampler.rs %D%/krait/src/session.rs \
	%D%/krait/src/settings.rs %D%/krait/src/state.rs %D%/krait/src/text.rs
rust_tests = %D%/krait/tests/leak.rs %D%/krait/tests/suite/errors.rs %D%/krait/tests/suite/golden.rs \
	%D%/krait/tests/suite/json.rs %D%/krait/tests/suite/main.rs %D%/krait/tests/suite/moves.rs %D%/krait/tests/suite/sessions.rs \
	%D%/krait/tests/suite/support.rs %D%/krait/tests/suite/threads.rs
rust_suite = tests/bindings/rust.sh
EXTRA_DIST += %D%/Cargo.toml %D%/generate.py %D%/witness.py $(rust_sys_files) $(rust_sys_sources) $(rust_files) \
	$(rust_sources) $(rust_tests) %D%/krait/examples/hello.rs $(rust_suite)
TESTS += $(rust_suite)
if HAVE_RUST_BINDING
krait_rustsysdir = $(cratedir)/krait-sys-$(PACKAGE_VERSION)
krait_rustsys_DATA = $(rust_sys_files)
krait_rustsyssrcdir = $(krait_rustsysdir)/src
krait_rustsyssrc_DATA = $(rust_sys_sources)
krait_rustdir = $(cratedir)/krait-$(PACKAGE_VERSION)
krait_rust_DATA = $(rust_files)
krait_rustsrcdir = $(krait_rustdir)/src
own_folders += $(krait_rustsyssrcdir) $(krait_rustsrcdir)
krait_rustsrc_DATA = $(rust_sources)
endif

# The committed krait-sys anew, after a change of krait.h.
rust-sys:
	$(SWIG) -xml $(swig_flags) -o krait.xml $(top_srcdir)/bindings/krait.i
	$(PYTHON3) $(top_srcdir)/bindings/rust/generate.py krait.xml >$(top_srcdir)/bindings/rust/krait-sys/src/lib.rs
	rm -f krait.xml
.PHONY: rust-sys
