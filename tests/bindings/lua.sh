#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Lua binding: its own tests, which print TAP.
. "$top_srcdir/tests/install/tap.sh"
. "$top_srcdir/tests/bindings/kit.sh"
need lua "$MISSING_LUA"
lay_out_lua
ok "system.c compiles" build_lua_system "$(basename "$LUA")"
export n_tests
LUA_PATH="$work/lua/?.lua;$top_srcdir/tests/bindings/lua/?.lua" LUA_CPATH="$work/lua/?.so" \
	"$LUA" "$top_srcdir/tests/bindings/lua/kit.lua" suite threads
