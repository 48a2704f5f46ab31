#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# "make install" to /usr/local, and then what the documents say, as they say it and nothing set: the command,
# a C program, and the hello of each language. In a mount namespace, where what is written to /usr/local stays.
. "$top_srcdir/tests/install/tap.sh"
if [ "${1-}" != inside ]; then
	[ -z "${SANITIZE-}" ] || skip_all "a build with sanitizers or coverage"
	[ -e "$top_builddir/.libs/libkrait.so" ] || skip_all "no shared library in this build"
	grep -qx 'prefix = /usr/local' "$top_builddir/Makefile" || skip_all "the prefix is not /usr/local"
	[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null || skip_all "no mount namespace can be had"
	unshare -m sh "$0" inside
	exit
fi

# What is written below comes to lie in $work/over instead.
(
	mount --make-rprivate / && mkdir "$work/over" && mount -t tmpfs tmpfs "$work/over"
	for folder in usr/local etc var/cache; do
		mkdir -p "$work/over/$folder" "$work/over/work/$folder" &&
			mount -t overlay -o "lowerdir=/$folder,upperdir=$work/over/$folder,workdir=$work/over/work/$folder" overlay "/$folder" || exit 1
	done
) >"$work/log" 2>&1 || skip_all "no overlay can be mounted"
trap 'umount -l "$work/over"; rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES KRAIT_MODEL_PATH PKG_CONFIG_PATH LD_LIBRARY_PATH GOFLAGS GOPATH PYTHONDONTWRITEBYTECODE
for tool in "${PYTHON-}" "${LUA-}" "${GO-}" "${CARGO-}"; do
	[ -z "$tool" ] || PATH=$(dirname "$tool"):$PATH
done
GOCACHE=$top_builddir/bindings/go/cache CARGO_HOME=$work/cargo PATH=/usr/local/bin:$PATH
export GOCACHE CARGO_HOME PATH

find /usr/local -type d | sort >"$work/before"
ok "make install" make -C "$top_builddir" -s install
mkdir -p "$work/home/src" && cd "$work/home" || exit 99
ok "krait is there" test "$(command -v krait)" = /usr/local/bin/krait
krait run --greedy -n 20 "Once upon a time" >told 2>log
result "it tells a story with the model that came with it" $? log

# says FILE FIRST: the command of a document that begins so, with the line that it goes on in.
says() {
	awk -v first="    $2" 'index($0, first) == 1 || more { more = /\\$/; print }' "$top_srcdir/$1"
}

# hello LANGUAGE MISSING FILE FIRST EXAMPLE: what FILE says, and begins with FIRST, works with the EXAMPLE.
hello() {
	if [ -n "$2" ]; then
		skip "the hello of $1" "$2"
		return
	fi
	cp "$top_srcdir/bindings/$5" .
	[ "$1" != Rust ] || mv hello.rs src/main.rs
	says "$3" "$4" >command
	[ "$1" != Go ] || echo ./hello >>command
	ok "$3 has the command" test -s command
	sh -e ./command >told 2>log
	result "and it builds and runs in $1" $? log
	ok "it tells a story" test "$(wc -c <told)" -gt 100
}
sed -n '/^```c runnable app.c$/,/^```$/p' "$top_srcdir/README.md" | sed '1d;$d' >app.c
says README.md 'cc app.c' >command
sh -e ./command >told 2>log
result "a C program compiles and runs as README.md says" $? log
hello Python "$MISSING_PYTHON" docs/python.md 'python3 hello.py' python/examples/hello.py
lua_missing=$MISSING_LUA
[ -n "$lua_missing" ] || [ "$(basename "$LUA")" = lua5.4 ] || lua_missing="the binding is for $(basename "$LUA")"
hello Lua "$lua_missing" docs/lua.md 'lua5.4 hello.lua' lua/examples/hello.lua
hello Go "$MISSING_GO" docs/go.md GO111MODULE=off go/examples/hello.go
printf '[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n' >Cargo.toml
says docs/rust.md '[dependencies]' | sed 's/^ *//' >>Cargo.toml
echo 'krait = "0.1"' >>Cargo.toml
hello Rust "$MISSING_RUST" docs/rust.md 'cargo run' rust/krait/examples/hello.rs

# As a shell that is told nothing finds it.
if have fish; then
	env -u XDG_DATA_DIRS HOME="$work/home" fish -c "complete -C 'krait '" >told 2>log
	ok "fish completes the verbs" grep -q '^chat' told
else
	skip "fish completes the verbs" "fish is not here"
fi

ok "make uninstall" make -C "$top_builddir" -s uninstall
find "$work/over/usr/local" "$work/over/etc/fish" -type f >left 2>/dev/null
empty "no file is left" left
# Those that any prefix has may stay.
find /usr/local -type d | sort | comm -13 "$work/before" - | grep -vxE '/usr/local/(share/man/man[0-9]|share/man|share/doc)' >left
empty "no folder is left" left
done_testing
