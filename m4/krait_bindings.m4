# SPDX-License-Identifier: Apache-2.0
# krait_bindings.m4 - which languages krait is bound to.
#
# For each language LANG: KRAIT_BINDING_BEGIN([LANG]); shell code that looks for the tools and
# appends to missing_LANG what is not there; KRAIT_BINDING_END([LANG]), which sets have_LANG and the
# conditional HAVE_LANG_BINDING, or stops when the user asked for LANG.

# KRAIT_BINDINGS: the option and what all of them need.
AC_DEFUN([KRAIT_BINDINGS], [
AC_ARG_ENABLE([bindings],
	[AS_HELP_STRING([--enable-bindings@<:@=LIST@:>@],
		[languages to bind: python,lua,go,rust; stops where one cannot be built (default: those that can)])],
	[], [enable_bindings=auto])
AC_ARG_VAR([SWIG], [the SWIG command, at least 4.1])
AC_PATH_PROG([SWIG], [swig])
missing_bindings=
AS_IF([test -z "$SWIG"], [missing_bindings="swig was not found (Debian: swig)"], [
	krait_swig=`$SWIG -version | sed -n 's/^SWIG Version //p'`
	AS_CASE([$krait_swig],
		[[[0-3].*|4.0.*]], [missing_bindings="SWIG $krait_swig is too old: 4.1 is needed"])])
# What is loaded into another program comes as a shared library, and without what a sanitizer
# wants to be loaded first.
AS_IF([test "x$enable_shared" = xno], [missing_bindings="a build without a shared library"])
AS_IF([test -n "$sanitizers" || test "x$enable_coverage" = xyes], [missing_bindings="a build with sanitizers or coverage"])
# A module finds libkrait by itself where the system would not look for it.
krait_prefix=$prefix
test "x$krait_prefix" != xNONE || krait_prefix=$ac_default_prefix
krait_libdir=`prefix=$krait_prefix; exec_prefix=$exec_prefix; test "x$exec_prefix" != xNONE || exec_prefix=$prefix; eval "echo $libdir"`
AS_CASE([$krait_libdir], [/lib|/lib/*|/usr/lib|/usr/lib/*|/usr/local/lib], [BINDING_RPATH=], [BINDING_RPATH='-Wl,-rpath,$(libdir)'])
AC_SUBST([BINDING_RPATH])
BINDING_WERROR=
AS_IF([test "x$enable_werror" = xyes], [BINDING_WERROR=-Werror])
AC_SUBST([BINDING_WERROR])
])

AC_DEFUN([KRAIT_BINDING_BEGIN], [
AS_CASE([,$enable_bindings,],
	[,auto,], [want_$1=auto],
	[,yes,|*,$1,*], [want_$1=yes],
	[want_$1=no])
missing_$1=$missing_bindings
AS_IF([test "x$want_$1" = xno], [missing_$1="not asked for"])
])

AC_DEFUN([KRAIT_BINDING_END], [
AS_IF([test -z "$missing_$1"], [have_$1=yes], [have_$1="no ($missing_$1)"])
AS_IF([test "x$want_$1" = xyes && test -n "$missing_$1"],
	[AC_MSG_ERROR([--enable-bindings: $1: $missing_$1])])
AM_CONDITIONAL([HAVE_]m4_toupper([$1])[_BINDING], [test -z "$missing_$1"])
AC_SUBST([MISSING_]m4_toupper([$1]), [$missing_$1])
])

# KRAIT_PYTHON_BINDING: PYTHON, its headers, and where a package goes: where that Python looks below
# ${prefix}, or else lib/pythonX.Y/site-packages there.
AC_DEFUN([KRAIT_PYTHON_BINDING], [
KRAIT_BINDING_BEGIN([python])
AC_ARG_VAR([PYTHON], [the Python that the binding is for (default: a python3 that has headers, and numpy if possible)])
AC_ARG_WITH([pythondir],
	[AS_HELP_STRING([--with-pythondir=DIR], [where the Python package goes (default: where PYTHON looks, below the prefix)])],
	[pythondir=$withval], [pythondir=])
AS_IF([test -z "$missing_python"], [
	AC_MSG_CHECKING([for a Python 3 with headers])
	krait_pythons=$PYTHON
	test -n "$PYTHON" || krait_pythons="python3 /usr/bin/python3"
	PYTHON=
	for krait_demand in Python.h,numpy Python.h; do
		for krait_python in $krait_pythons; do
			test -z "$PYTHON" && $krait_python "$srcdir/build-aux/python_place.py" has $krait_demand >/dev/null 2>&1 &&
				PYTHON=`$krait_python -c 'import sys; print(sys.executable)'`
		done
	done
	AC_MSG_RESULT([${PYTHON:-no}])
	AS_IF([test -z "$PYTHON"], [missing_python="Python.h was not found (Debian: python3-dev)"], [
		PYTHON_CPPFLAGS=-I`$PYTHON "$srcdir/build-aux/python_place.py" include`
		test -n "$pythondir" || {
			krait_prefix=$prefix
			test "x$krait_prefix" != xNONE || krait_prefix=$ac_default_prefix
			pythondir='${exec_prefix}'/`$PYTHON "$srcdir/build-aux/python_place.py" below "$krait_prefix"`
		}])])
AC_SUBST([PYTHON_CPPFLAGS])
AC_SUBST([pythondir])
KRAIT_BINDING_END([python])
])

# KRAIT_LUA_BINDING: LUA, its flags, and where modules go.
AC_DEFUN([KRAIT_LUA_BINDING], [
KRAIT_BINDING_BEGIN([lua])
AC_ARG_WITH([lua],
	[AS_HELP_STRING([--with-lua=MODULE], [the Lua to bind, by its pkg-config module: lua5.4 (default), lua5.3, lua5.1, luajit])],
	[krait_lua=$withval], [krait_lua=lua5.4])
AC_ARG_WITH([luadir],
	[AS_HELP_STRING([--with-luadir=DIR], [where krait.lua goes (default: share/lua/X.Y below the prefix)])],
	[luadir=$withval], [luadir=])
AC_ARG_WITH([luaexecdir],
	[AS_HELP_STRING([--with-luaexecdir=DIR], [where krait/core.so goes (default: lua/X.Y below the library directory)])],
	[luaexecdir=$withval], [luaexecdir=])
AC_ARG_VAR([LUA], [the Lua interpreter that tests use])
AS_IF([test -z "$missing_lua"], [
	PKG_CHECK_MODULES([LUA], [$krait_lua], [], [missing_lua="$krait_lua was not found (Debian: lib$krait_lua-dev)"])])
AS_IF([test -z "$missing_lua"], [
	AC_PATH_PROG([LUA], [$krait_lua], [], [$PATH])
	AS_IF([test -z "$LUA"], [missing_lua="the interpreter $krait_lua was not found (Debian: $krait_lua)"])
	AS_CASE([$krait_lua], [luajit*], [lua_version=5.1], [lua_version=`AS_ECHO(["$krait_lua"]) | sed 's/@<:@^0-9.@:>@//g'`])
	test -n "$luadir" || luadir='${datarootdir}'/lua/$lua_version
	test -n "$luaexecdir" || luaexecdir='${libdir}'/lua/$lua_version])
AC_SUBST([luadir])
AC_SUBST([luaexecdir])
KRAIT_BINDING_END([lua])
])

# KRAIT_GO_BINDING: GO, and where its packages go: below gocode/src, as Debian has it.
AC_DEFUN([KRAIT_GO_BINDING], [
KRAIT_BINDING_BEGIN([go])
AC_ARG_VAR([GO], [the go command, at least 1.19])
AC_ARG_WITH([gocodedir],
	[AS_HELP_STRING([--with-gocodedir=DIR], [a GOPATH that the Go package is installed in (default: DATADIR/gocode)])],
	[gocodedir=$withval], [gocodedir='${datadir}/gocode'])
AC_PATH_PROG([GO], [go])
AS_IF([test -z "$missing_go"], [
	AS_IF([test -z "$GO"], [missing_go="go was not found (Debian: golang-go)"], [
	AS_CASE([`$GO version 2>/dev/null`],
		[*\ go1.@<:@0-9@:>@\ *|*\ go1.@<:@0-9@:>@.*|*\ go1.1@<:@0-8@:>@\ *|*\ go1.1@<:@0-8@:>@.*], [missing_go="this go is too old: go 1.19 is needed"])])])
AC_SUBST([gocodedir])
KRAIT_BINDING_END([go])
])

# KRAIT_RUST_BINDING: CARGO and RUSTC, and where crates go: a folder that cargo takes for a registry.
AC_DEFUN([KRAIT_RUST_BINDING], [
KRAIT_BINDING_BEGIN([rust])
AC_ARG_VAR([CARGO], [the cargo command, for Rust 1.63 or later])
AC_ARG_VAR([RUSTC], [the Rust compiler, at least 1.63])
AC_ARG_VAR([BINDGEN], [bindgen, a second opinion in the tests of the Rust binding])
AC_ARG_WITH([cratedir],
	[AS_HELP_STRING([--with-cratedir=DIR], [where the Rust crates are installed (default: DATADIR/cargo/registry)])],
	[cratedir=$withval], [cratedir='${datadir}/cargo/registry'])
AC_PATH_PROG([CARGO], [cargo])
AC_PATH_PROG([RUSTC], [rustc])
AC_PATH_PROG([BINDGEN], [bindgen])
AS_IF([test -z "$missing_rust"], [
	AS_IF([test -z "$CARGO" || test -z "$RUSTC"], [missing_rust="rust was not found (Debian: cargo, rustc)"])])
AC_SUBST([cratedir])
KRAIT_BINDING_END([rust])
])
