#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Go binding: its own tests in the build tree, and a program that is built with one command
# against an installed copy.
. "$top_srcdir/tests/install/tap.sh"
[ -z "${MISSING_GO-}" ] || skip_all "$MISSING_GO"

# Nothing is read from or written to a home, and no network is asked.
cache=$top_builddir/bindings/go/cache
mkdir -p "$cache" "$work/home" "$work/pc" "$work/module"
HOME=$work/home GOCACHE=$cache GOPATH=$work/gopath GOENV=off GOPROXY=off GOFLAGS=-mod=mod GOTOOLCHAIN=local
PKG_CONFIG_PATH=$work/pc LD_LIBRARY_PATH=$top_builddir/.libs
KRAIT_HEADER=$top_srcdir/include/krait.h MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536
export HOME GOCACHE GOPATH GOENV GOPROXY GOFLAGS GOTOOLCHAIN PKG_CONFIG_PATH LD_LIBRARY_PATH KRAIT_HEADER MALLOC_ARENA_MAX MALLOC_MMAP_THRESHOLD_
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES

cat >"$work/pc/krait.pc" <<-END
	Name: krait
	Description: the library of this build
	Version: $(sh "$top_srcdir/build-aux/version.sh")
	Cflags: -I$top_srcdir/include
	Libs: -L$top_builddir/.libs -lkrait
END

# go_test NAME FLAG...: a result for each test.
go_test() {
	go_name=$1
	shift
	"$GO" test -v "$@" . >"$work/go.log" 2>&1
	go_status=$?
	awk '/^ +[a-z_]+_test\.go:[0-9]+: / { said = $0; sub(/^[^:]*:[0-9]+: /, "", said) }
		/^ *--- (PASS|FAIL|SKIP): / { sub(/:/, "", $2); print $2, $3, said; said = "" }' "$work/go.log" >"$work/results"
	while read -r outcome test said; do
		case $outcome in
		PASS) result "$go_name: $test" 0 ;;
		FAIL) result "$go_name: $test" 1 "$work/go.log" ;;
		SKIP) skip "$go_name: $test" "$said" ;;
		esac
	done <"$work/results"
	result "$go_name" $go_status "$work/go.log"
	grep -E 'KiB after' "$work/go.log" | sed 's/^/# /'
}

(cd "$top_srcdir/bindings/go" && cp -R go.mod ./*.go examples internal "$work/module") &&
	chmod -R u+w "$work/module" || exit 99
cp "$top_builddir"/bindings/go/internal/raw/krait* "$work/module/internal/raw" || exit 99
cd "$work/module" || exit 99
"$(dirname "$GO")/gofmt" -l ./*.go examples internal/raw/callbacks.go >"$work/unformatted" 2>&1
empty "gofmt has nothing to say" "$work/unformatted"
ok "vet has nothing to say" "$GO" vet .
go_test tests
if [ -n "${KRAIT_LONG-}" ]; then
	# Its memory has fixed places, which a program that may lie anywhere would take.
	GODEBUG=cgocheck=2 MALLOC_ARENA_MAX= go_test "with the race detector" -race -ldflags=-extldflags=-no-pie
fi

# As a user has it: sources below a GOPATH, pkg-config, one command.
root=$work/root
ok "make install DESTDIR=" make -C "$top_builddir" -s install DESTDIR="$root"
package=$(find "$root" -type d -path '*/gocode/src/krait')
ok "the package is installed" test -s "$package/internal/raw/krait_wrap.c"
PKG_CONFIG_PATH=$(dirname "$(find "$root" -name krait.pc)") PKG_CONFIG_SYSROOT_DIR=$root
LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libkrait.so)")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
cp "$top_srcdir/bindings/go/examples/hello.go" "$work" && cd "$work" || exit 99
ok "hello.go has at most 25 lines" test "$(wc -l <hello.go)" -le 25
ok "one command builds it" env GO111MODULE=off GOFLAGS= GOPATH="${package%/src/krait}" "$GO" build hello.go
"$top_builddir/krait" run --temp 0.7 --top-p 0.9 --seed 5 -n 60 "Once upon a time" >expected 2>expected.err
result "the command tells a story" $? expected.err
echo >>expected # to a pipe it writes the text alone
./hello >story 2>story.err
result "it runs" $? story.err
ok "it tells the same story" cmp expected story

# What has the wrong kind does not compile.
for wrong in 'krait.WithInt(krait.MaxNewTokens, 2)' 'krait.WithInt(krait.OptionDevice, 2)' 'krait.WithText(krait.OptionThreads, "2")' \
	'new(krait.Session).SetFloat(krait.SampleSeed, 1)' 'new(krait.Session).SetInt(krait.OptionThreads, 1)'; do
	printf 'package main\n\nimport "krait"\n\nfunc main() { _ = %s }\n' "$wrong" >wrong.go
	env GO111MODULE=off GOFLAGS= GOPATH="${package%/src/krait}" "$GO" vet wrong.go >wrong.err 2>&1
	ok "$wrong is refused" grep -q 'cannot use krait' wrong.err
done

# The programs of the document.
awk '/^```go runnable/ { n++; file = "doc" n ".go"; inside = 1; next } /^```/ { inside = 0 } inside { print >file }' "$top_srcdir/docs/go.md"
ok "docs/go.md has a program" test -s doc1.go
for program in doc*.go; do
	ok "docs/go.md: $program builds" env GO111MODULE=off GOFLAGS= GOPATH="${package%/src/krait}" "$GO" build "$program"
	ok "docs/go.md: $program runs" "./${program%.go}"
done
done_testing
