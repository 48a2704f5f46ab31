#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Rust binding: krait-sys is what krait.i and bindgen say, the crates' own tests in the build tree, and a
# program that is built with one command against an installed copy.
. "$top_srcdir/tests/install/tap.sh"
[ -z "${MISSING_RUST-}" ] || skip_all "$MISSING_RUST"
rust=$top_srcdir/bindings/rust
sys=$rust/krait-sys/src/lib.rs

"$SWIG" -xml "-I$top_srcdir/include" "-I$top_srcdir/bindings" -o "$work/krait.xml" "$top_srcdir/bindings/krait.i" >"$work/log" 2>&1
result "swig reads krait.i" $? "$work/log"
"$PYTHON3" "$rust/generate.py" "$work/krait.xml" >"$work/lib.rs" 2>"$work/log"
result "generate.py knows all types" $? "$work/log"
diff -u "$sys" "$work/lib.rs" >"$work/log"
result "krait-sys is current (make rust-sys makes it)" $? "$work/log"
# bindgen is a witness. One that cannot see is named, and KRAIT_REQUIRE=bindgen makes a failure of it.
blind=
if [ -z "${BINDGEN-}" ]; then
	blind="bindgen was not found"
else
	"$BINDGEN" "$top_srcdir/include/krait.h" --allowlist-function 'krait_.*' --allowlist-type 'krait_.*' \
		--allowlist-var 'KRAIT_.*' --no-layout-tests --size_t-is-usize >"$work/bindgen.rs" 2>"$work/log"
	read=$?
	if [ $read -ne 0 ] && grep -q 'Unable to find libclang' "$work/log"; then
		blind="bindgen finds no libclang (Debian: libclang-dev)"
	elif [ $read -eq 0 ] && ! grep -q 'pub fn krait_' "$work/bindgen.rs"; then
		blind="bindgen sees no function of krait.h with the libclang that is here: $("$BINDGEN" --version)"
	fi
fi
if [ -n "$blind" ]; then
	skip "krait-sys against bindgen" "$blind"
else
	result "bindgen reads krait.h" $read "$work/log"
	"$PYTHON3" "$rust/witness.py" "$sys" "$work/bindgen.rs" >"$work/sizes.rs" 2>"$work/log"
	result "bindgen has the same names, signatures and constants" $? "$work/log"
	ok "and the same sizes" "$RUSTC" --edition 2021 --crate-type lib --emit metadata -o "$work/sizes" "$work/sizes.rs"
fi

# Nothing is written into a home, and no network is asked. What cargo builds stays for the next time.
cache=$top_builddir/bindings/rust/cache
mkdir -p "$cache/source" "$work/pc" || exit 99
CARGO_HOME=$cache/home CARGO_TARGET_DIR=$cache/target CARGO_NET_OFFLINE=true RUSTFLAGS='-D warnings'
RUSTDOC=${RUSTDOC-$(dirname "$RUSTC")/rustdoc}
PKG_CONFIG_PATH=$work/pc LD_LIBRARY_PATH=$top_builddir/.libs KRAIT_HEADER=$top_srcdir/include/krait.h TMPDIR=$work
# malloc puts nothing by, so that a limit on memory means what it says.
MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536
export CARGO_HOME CARGO_TARGET_DIR CARGO_NET_OFFLINE RUSTFLAGS RUSTDOC PKG_CONFIG_PATH LD_LIBRARY_PATH KRAIT_HEADER TMPDIR MALLOC_ARENA_MAX MALLOC_MMAP_THRESHOLD_
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
(cd "$rust" && cp -Rp Cargo.toml krait krait-sys "$cache/source") && chmod -R u+w "$cache/source" || exit 99
cd "$cache/source" || exit 99

cat >"$work/pc/krait.pc" <<-END
	Name: krait
	Description: the library of this build
	Version: $(sh "$top_srcdir/build-aux/version.sh")
	Libs: -L$top_builddir/.libs -lkrait
END
for crate in krait krait-sys; do
	ok "$crate has the library's version" grep -qx "version = \"$(sh "$top_srcdir/build-aux/version.sh")\"" "$crate/Cargo.toml"
done
ok "cargo builds the tests, without a warning" "$CARGO" test --offline --no-run
"$CARGO" test --offline -- --show-output >"$work/tests.log" 2>&1
status=$?
sed -nE 's/^test (.*) \.\.\. (ok|FAILED|ignored)$/\2 \1/p' "$work/tests.log" >"$work/results"
while read -r outcome test; do
	case $outcome in
	ok) result "$test" 0 ;;
	FAILED) result "$test" 1 "$work/tests.log" ;;
	ignored) skip "$test" "see the test" ;;
	esac
done <"$work/results"
result "cargo test" $status "$work/tests.log"
grep 'KiB after' "$work/tests.log" | sed 's/^/# /'

# As a user has it: sources in a registry, pkg-config, one command.
root=$work/root
ok "make install DESTDIR=" make -C "$top_builddir" -s install DESTDIR="$root"
crates=$(dirname "$(find "$root" -type d -path '*/krait-sys-[0-9]*' -name 'krait-sys-*')")
ok "the crates are installed" test -s "$crates/krait-sys-$(sh "$top_srcdir/build-aux/version.sh")/src/lib.rs"
PKG_CONFIG_PATH=$(dirname "$(find "$root" -name krait.pc)") PKG_CONFIG_SYSROOT_DIR=$root
LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libkrait.so)") CARGO_TARGET_DIR=$work/target
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH CARGO_TARGET_DIR
ok "hello.rs has at most 25 lines" test "$(wc -l <"$rust/krait/examples/hello.rs")" -le 25
mkdir -p "$work/hello/src" && cp "$rust/krait/examples/hello.rs" "$work/hello/src/main.rs" && cd "$work/hello" || exit 99
printf '[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nkrait = "0.1"\n' >Cargo.toml
ok "one command builds it" "$CARGO" build --offline --config 'source.crates-io.replace-with="local"' \
	--config "source.local.directory=\"$crates\""
"$top_builddir/krait" run --temp 0.7 --top-p 0.9 --seed 5 -n 60 "Once upon a time" >expected 2>expected.err
result "the command tells a story" $? expected.err
echo >>expected # to a pipe it writes the text alone
"$work/target/debug/hello" >story 2>story.err
result "it runs" $? story.err
ok "it tells the same story" cmp expected story

# The programs of the document.
mkdir -p src/bin
awk '/^```rust runnable/ { n++; file = "src/bin/doc" n ".rs"; inside = 1; next } /^```/ { inside = 0 } inside { print >file }' "$top_srcdir/docs/rust.md"
ok "docs/rust.md has a program" test -s src/bin/doc1.rs
ok "docs/rust.md: all build" "$CARGO" build --offline --bins --config 'source.crates-io.replace-with="local"' \
	--config "source.local.directory=\"$crates\""
for program in src/bin/*.rs; do
	program=$(basename "$program" .rs)
	ok "docs/rust.md: $program runs" "$work/target/debug/$program"
done
done_testing
