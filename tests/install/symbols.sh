#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The library exports what its map lists and the headers declare, and nothing else; it
# never ends its host, and needs no library that it should not.
. "$top_srcdir/tests/install/tap.sh"
have nm || skip_all "nm is not here"
lib=$top_builddir/.libs/libkrait.so

# Whole declarations stand on one line after the comments are gone and lines joined.
declared() {
	sed -n '/^KRAIT_API/p' "$1" | sed -n 's/^KRAIT_API [^(]*[ *]\(krait_[a-z0-9_]*\)(.*/\1/p' | sort
}

# node NAME: the functions that a node of the map lists.
node() {
	sed -n "/^$1 {/,/^}/s/^	\\(krait_[a-z0-9_]*\\);\$/\\1/p" "$top_srcdir/lib/libkrait.map" | sort
}

declared "$top_srcdir/include/krait.h" >"$work/header"
declared "$top_srcdir/include/krait_experimental.h" >"$work/experimental"
# KRAIT_0 is what 0.1 had; each later release that adds something has a node of its own.
for version in $(sed -n 's/^\(KRAIT_[0-9_]*\) {$/\1/p' "$top_srcdir/lib/libkrait.map"); do node "$version"; done | sort >"$work/node"
node KRAIT_EXPERIMENTAL >"$work/node_experimental"
ok "the map's nodes KRAIT_0... are krait.h" diff "$work/header" "$work/node"
ok "the map's KRAIT_EXPERIMENTAL is krait_experimental.h" diff "$work/experimental" "$work/node_experimental"
ok "krait.h declares functions" test -s "$work/header"

if [ -e "$lib" ] && [ -z "${SANITIZE-}" ]; then
	nm -D --defined-only "$lib" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort >"$work/exports"
	sort "$work/node" "$work/node_experimental" >"$work/all"
	ok "the library exports what the map lists" diff "$work/all" "$work/exports"
	nm -D --defined-only "$lib" | grep ' krait_' | grep -v '@@KRAIT_\(0[0-9_]*\|EXPERIMENTAL\)$' >"$work/unversioned"
	empty "each symbol has its version" "$work/unversioned"
	if have readelf; then
		readelf -d "$lib" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' |
			grep -v '^lib\(pcre2-8\|utf8proc\|c\|m\|pthread\|openblas\|blis\)\.so\|^ld-linux' >"$work/needed"
		empty "no other library is needed" "$work/needed"
		if have ldd; then
			ldd "$lib" | grep -v 'linux-vdso\|linux-gate\|ld-linux\|^	lib[cm]\.so' >"$work/ldd"
			result "at most 3 libraries beyond libc and libm: $(wc -l <"$work/ldd")" "$([ "$(wc -l <"$work/ldd")" -le 3 ]; echo $?)" "$work/ldd"
		else
			skip "how many libraries" "ldd is not here"
		fi
		readelf -d "$lib" | grep -q 'SONAME.*\[libkrait\.so\.0\]'
		result "the soname is libkrait.so.0" $?
		readelf -lW "$lib" | grep 'GNU_STACK.*E' >"$work/stack"
		empty "the stack is not executable" "$work/stack"
	else
		skip "needed libraries" "readelf is not here"
	fi
else
	skip "exports" "no shared library in this build"
fi

# What a library may not call: what ends the process, what prints, what has hidden state.
if [ -z "${SANITIZE-}" ]; then
	forbidden='abort|exit|_exit|_Exit|quick_exit|__assert_fail|printf|vprintf|fprintf|vfprintf|puts|fputs|putchar|perror|__printf_chk|__fprintf_chk|__vfprintf_chk|stdout|stderr|setlocale|signal|sigaction|atexit|rand|srand|strtok|system|popen|gets|scanf|putenv|setenv|localtime|gmtime|asctime|ctime'
	find "$top_builddir/lib" "$top_builddir/kernels" -name '*.o' ! -path '*/.libs/*' >"$work/objects"
	[ -s "$work/objects" ] || find "$top_builddir/lib" "$top_builddir/kernels" -name '*.o' >"$work/objects"
	# shellcheck disable=SC2046  # file names of ours, without spaces
	nm -A -u $(cat "$work/objects") 2>/dev/null | grep -E " ($forbidden)(@.*)?\$" >"$work/bad"
	ok "there are objects to look at" test -s "$work/objects"
	empty "nothing in the library ends the process, prints or keeps hidden state" "$work/bad"
	# Constants only: tables of pointers are in .data.rel.ro, which is d in nm of an object.
	nm -A $(cat "$work/objects") 2>/dev/null | grep -E ' [BbCD] ' | grep -v 'krait__' >"$work/data"
	empty "no global variable outside the krait__ namespace" "$work/data"
else
	skip "calls of the objects" "a build with sanitizers or coverage"
fi
done_testing
