#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What docs/building-with.md says: make, autotools, CMake and meson find an installed krait, alone and beside
# another; the static library links with what pkg-config names.
. "$top_srcdir/tests/install/tap.sh"
[ -z "${SANITIZE-}" ] || skip_all "a build with sanitizers or coverage"
pkg=${PKG_CONFIG:-pkg-config}
have "$pkg" || skip_all "pkg-config is not here"
[ -e "$top_builddir/.libs/libkrait.so" ] || skip_all "no shared library in this build"
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES PKG_CONFIG_PATH LD_LIBRARY_PATH
cd "$work" || exit 99
KRAIT_MODEL_PATH=$top_srcdir/models
export KRAIT_MODEL_PATH

# prefix NAME: an installed copy in $work/NAME, as configure --prefix would have it.
ok "make install" make -C "$top_builddir" -s install DESTDIR="$work/stage"
staged=$(find "$work/stage" -name krait.pc)
prefix() {
	mkdir -p "$work/$1/include" "$work/$1/lib/pkgconfig"
	cp "$(find "$work/stage" -name krait.h)" "$work/$1/include"
	cp -P "$(dirname "$(dirname "$staged")")"/libkrait.* "$work/$1/lib"
	sed "s,^prefix=.*,prefix=$work/$1,; s,^exec_prefix=.*,exec_prefix=\${prefix},; s,^libdir=.*,libdir=\${prefix}/lib,
		s,^includedir=.*,includedir=\${prefix}/include," "$staged" >"$work/$1/lib/pkgconfig/krait.pc"
}
prefix one
PKG_CONFIG_PATH=$work/one/lib/pkgconfig
export PKG_CONFIG_PATH

# The program that stands first in README.md, in a folder of its own.
# example NAME: the folder, with the block of the document that is named so.
sed -n '/^```c runnable app.c$/,/^```$/p' "$top_srcdir/README.md" | sed '1d;$d' >app.c
example() {
	mkdir -p "$work/$1"
	cp "$work/app.c" "$work/$1"
	sed -n "/^\`\`\`[a-z0-9]* $2\$/,/^\`\`\`\$/p" "$top_srcdir/docs/building-with.md" | sed '1d;$d' >"$work/$1/$2"
}

# runs NAME PROGRAM: it tells a story.
runs() {
	LD_LIBRARY_PATH=$work/one/lib "$2" demo "Once upon a time" >"$work/out" 2>&1
	result "$1 runs" $? "$work/out"
}

example by_make make-users
ok "make" make -C by_make -f make-users -s app CC="${CC:-cc}"
runs "make" by_make/app
example by_autotools configure.ac
example by_autotools Makefile.am
if have autoreconf && have aclocal && [ -e "$(aclocal --print-ac-dir)/pkg.m4" ]; then
	ok "autoreconf" sh -c 'cd by_autotools && autoreconf -fi'
	ok "autotools configure" sh -c 'cd by_autotools && ./configure -q CC="$1"' sh "${CC:-cc}"
	ok "autotools build" make -C by_autotools -s
	runs "autotools" by_autotools/app
else
	skip "autotools" "autoreconf is not here"
fi
example by_cmake CMakeLists.txt
if have cmake; then
	ok "cmake configures" cmake -S by_cmake -B by_cmake/build -DCMAKE_C_COMPILER_LAUNCHER=
	ok "cmake builds" cmake --build by_cmake/build
	runs "cmake" by_cmake/build/app
else
	skip "CMake" "cmake is not here"
fi
example by_meson meson.build
if have meson && have ninja; then
	ok "meson configures" env CC=cc meson setup by_meson/build by_meson
	ok "meson builds" meson compile -C by_meson/build
	runs "meson" by_meson/build/app
else
	skip "meson" "meson is not here"
fi

# ---- static ----------------------------------------------------------------------------
if [ -e one/lib/libkrait.a ]; then
	# shellcheck disable=SC2046  # flags
	ok "pkg-config --static names all that a static program needs" ${CC:-cc} -static app.c $("$pkg" --static --cflags --libs krait) -o static
	runs "the static program" ./static
	readelf -d static >needed 2>&1
	ok "it needs no shared library" test -z "$(grep NEEDED needed)" -a -s needed
else
	skip "static" "no static library in this build"
fi

# ---- two prefixes ----------------------------------------------------------------------
# The second is a later krait: all objects are the same but the one that knows the version.
prefix two
mkdir later
sed 's/^#define KRAIT_VERSION_PATCH .*/#define KRAIT_VERSION_PATCH 99/' "$top_srcdir/include/krait.h" >later/krait.h
cp later/krait.h two/include
core=$top_builddir/.libs/libkrait_core.a
[ -e "$core" ] || core=$top_builddir/libkrait_core.a
cp "$core" later/core.a
member=$(ar t later/core.a | grep 'library\.o$')
ar d later/core.a "$member"
ok "a later version compiles" ${CC:-cc} -fPIC -fvisibility=hidden -Ilater "-I$top_srcdir/lib" -c "$top_srcdir/lib/api/library.c" -o later/library.o
# shellcheck disable=SC2046  # flags
ok "and links" ${CC:-cc} -shared -Wl,-soname,libkrait.so.0 "-Wl,--version-script=$top_srcdir/lib/libkrait.map" -Wl,-z,defs later/library.o \
	-Wl,--whole-archive later/core.a -Wl,--no-whole-archive $(sed -n 's/^Libs.private: //p' "$staged") -lm -o later/libkrait.so
cp later/libkrait.so "$(readlink -f two/lib/libkrait.so)"
printf '%s\n' '#include <krait.h>' '#include <stdio.h>' \
	'int main(void) { return printf("%d %s\n", KRAIT_VERSION_PATCH, krait_version()) < 0; }' >which.c
for one in one two; do
	PKG_CONFIG_PATH=$work/$one/lib/pkgconfig
	# shellcheck disable=SC2046  # flags
	ok "a program for prefix $one" ${CC:-cc} which.c $("$pkg" --cflags --libs krait) "-Wl,-rpath,$("$pkg" --variable=libdir krait)" -o which-$one
done
version=$(sh "$top_srcdir/build-aux/version.sh")
echo "${version##*.} $version" >expected
echo "99 ${version%.*}.99" >>expected
{ ./which-one && ./which-two; } >told 2>&1
ok "each runs with its own" diff expected told
LD_LIBRARY_PATH=$work/two/lib ./which-one >told 2>&1
echo "${version##*.} ${version%.*}.99" >expected
ok "a program for the older one runs with the later one" diff expected told
done_testing
