# SPDX-License-Identifier: Apache-2.0
# kit.sh - sourced by the scripts here, after tap.sh: where a binding can be loaded from.

# need NAME MISSING: ends the script when the binding NAME was not built. What a whole build goes
# without is not the language's fault, so its name is not said.
need() {
	case $2 in
	'') ;;
	'a build '*) skip_all "$2" ;;
	*) skip_all "$1 binding: $2" ;;
	esac
}

# The package as Python wants it, in $work/py.
lay_out_python() {
	mkdir -p "$work/py/krait"
	cp "$top_srcdir"/bindings/python/krait/* "$top_builddir/bindings/python/.libs/_krait.so" "$work/py/krait/"
}

# The modules as Lua wants them, in $work/lua.
lay_out_lua() {
	mkdir -p "$work/lua/krait"
	cp "$top_srcdir/bindings/lua/krait.lua" "$work/lua/"
	cp "$top_builddir/bindings/lua/.libs/core.so" "$work/lua/krait/"
}
LD_LIBRARY_PATH=$top_builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH work

# What the tests of Lua need and Lua has not, for the Lua of this name, in $work/lua. malloc puts
# nothing by there, so that a limit on memory means what it says.
build_lua_system() {
	MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536
	export MALLOC_ARENA_MAX MALLOC_MMAP_THRESHOLD_
	# shellcheck disable=SC2046,SC2086  # flags
	${CC:-cc} -O1 -Wall -Wextra -fPIC -shared $("${PKG_CONFIG:-pkg-config}" --cflags "$1") \
		"$top_srcdir/tests/bindings/lua/system.c" -o "$work/lua/system.so" -lpthread
}
