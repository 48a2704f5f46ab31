#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An installed copy serves a program: cc app.c $(pkg-config --cflags --libs krait).
. "$top_srcdir/tests/install/tap.sh"
[ -z "${SANITIZE-}" ] || skip_all "a build with sanitizers or coverage"
pkg=${PKG_CONFIG:-pkg-config}
have "$pkg" || skip_all "pkg-config is not here"
root=$work/root
# The build's own make may be of any parallelism; this one is a plain install.
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
ok "make install DESTDIR=" make -C "$top_builddir" -s install DESTDIR="$root"
pc=$(find "$root" -name krait.pc | head -n 1)
ok "krait.pc is installed" test -n "$pc"
[ -n "$pc" ] || { done_testing; exit 0; }
PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
libdir=$root$(PKG_CONFIG_SYSROOT_DIR='' "$pkg" --variable=libdir krait)
models=$root$(PKG_CONFIG_SYSROOT_DIR='' "$pkg" --variable=modeldir krait)
ok "the version is the header's" test "$("$pkg" --modversion krait)" = \
	"$(sh "$top_srcdir/build-aux/version.sh")"
for file in libkrait.so libkrait.so.0; do
	ok "$file is installed" test -e "$libdir/$file"
done
for file in config.json pytorch_model.bin tokenizer.json; do
	ok "the demo model's $file is installed" test -s "$models/demo/$file"
done
ok "the command is installed" test -x "$root$(PKG_CONFIG_SYSROOT_DIR='' "$pkg" --variable=prefix krait)/bin/krait"

# The program that stands first in README.md.
sed -n '/^```c runnable app.c$/,/^```$/p' "$top_srcdir/README.md" | sed '1d;$d' >"$work/app.c"
ok "README.md has the program" test -s "$work/app.c"
cd "$work" || exit 99
# One seed, so that two builds of it can be compared.
sed 's/krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 200) != KRAIT_OK ||/krait_session_set_int(session, KRAIT_SAMPLE_SEED, 1) != KRAIT_OK || &/' app.c >seeded.c
ok "it makes a session" grep -q KRAIT_SAMPLE_SEED seeded.c
mv seeded.c app.c
# shellcheck disable=SC2046  # flags
ok "it compiles with pkg-config alone" ${CC:-cc} app.c $("$pkg" --cflags --libs krait) -o app
# What an installed copy finds by name; here it stands under another root.
KRAIT_MODEL_PATH=$models
export KRAIT_MODEL_PATH
LD_LIBRARY_PATH=$libdir ./app demo "Once upon a time" >shared.txt 2>shared.err
result "it tells a story with the demo model" $? shared.err
ok "the story has some length" test "$(wc -c <shared.txt)" -gt 40
if [ -e "$libdir/libkrait.a" ]; then
	unset PKG_CONFIG_SYSROOT_DIR
	static=$("$pkg" --static --libs krait | sed 's/ *-lkrait / /; s/-L[^ ]*//')
	# shellcheck disable=SC2086  # flags
	ok "it links with the static library" ${CC:-cc} app.c "-I$root$("$pkg" --variable=includedir krait)" \
		"$libdir/libkrait.a" $static -o static
	./static demo "Once upon a time" >static.txt 2>static.err
	result "and runs" $? static.err
	ok "with the same words" cmp shared.txt static.txt
	nm -g --defined-only "$libdir/libkrait.a" | awk 'NF == 3 { print $3 }' | grep -v '^krait_' | sort -u >foreign
	empty "the static library defines no foreign name" foreign
else
	skip "static library" "not built"
fi
ok "make uninstall" make -C "$top_builddir" -s uninstall DESTDIR="$root"
find "$root" -type f >left
empty "uninstall leaves nothing" left
done_testing
