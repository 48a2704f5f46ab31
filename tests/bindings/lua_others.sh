#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Lua binding compiled for the other Luas that are here, from the same generated file.
. "$top_srcdir/tests/install/tap.sh"
. "$top_srcdir/tests/bindings/kit.sh"
need lua "$MISSING_LUA"
lay_out_lua
pkg=${PKG_CONFIG:-pkg-config}
for other in lua5.1 luajit; do
	[ "$other" != "$(basename "$LUA")" ] || continue # lua.sh has it
	if ! have "$other" || ! "$pkg" --exists "$other"; then
		skip "the suite under $other" "no $other headers"
		continue
	fi
	# shellcheck disable=SC2046,SC2086  # flags
	ok "the module compiles for $other" ${CC:-cc} -O1 -fPIC -shared "-I$top_srcdir/include" $("$pkg" --cflags "$other") \
		"$top_builddir/bindings/lua/krait_lua.c" -o "$work/lua/krait/core.so" "$top_builddir/.libs/libkrait.so"
	ok "system.c compiles for $other" build_lua_system "$other"
	LUA_PATH="$work/lua/?.lua;$top_srcdir/tests/bindings/lua/?.lua" LUA_CPATH="$work/lua/?.so" \
		"$other" "$top_srcdir/tests/bindings/lua/kit.lua" suite threads >"$work/log" 2>&1
	status=$?
	grep '^not ok' -A 5 "$work/log" >"$work/failed"
	[ -s "$work/failed" ] || cp "$work/log" "$work/failed"
	result "the suite under $other" $status "$work/failed"
done
done_testing
