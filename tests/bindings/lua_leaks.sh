#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Lua binding opens and closes again and again, in a process of its own.
. "$top_srcdir/tests/install/tap.sh"
. "$top_srcdir/tests/bindings/kit.sh"
need lua "$MISSING_LUA"
lay_out_lua
LUA_PATH="$work/lua/?.lua;$top_srcdir/tests/bindings/lua/?.lua" LUA_CPATH="$work/lua/?.so" \
	"$LUA" "$top_srcdir/tests/bindings/lua/kit.lua" leaks
