#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first program of each language, by one command, against an installed copy.
. "$top_srcdir/tests/install/tap.sh"
. "$top_srcdir/tests/bindings/kit.sh"
case $MISSING_PYTHON in 'a build '*) skip_all "$MISSING_PYTHON" ;; esac
root=$work/root
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
ok "make install DESTDIR=" make -C "$top_builddir" -s install DESTDIR="$root"
LD_LIBRARY_PATH=$root$libdir KRAIT_MODEL_PATH=$(dirname "$(dirname "$(find "$root" -path '*/demo/config.json')")")
export LD_LIBRARY_PATH KRAIT_MODEL_PATH
cd "$work" || exit 99

# hello LANGUAGE FILE COMMAND...: it has at most 25 lines, tells the same story as the C program would, and
# restores its own state.
hello() {
	language=$1 file=$2
	shift 2
	ok "the hello of $language has at most 25 lines" test "$(wc -l <"$file")" -le 25
	rm -f hello.state
	"$@" >out.txt 2>err.txt
	result "it runs in $language" $? err.txt
	empty "without a word on stderr" err.txt
	ok "the story has some length" test "$(head -n 1 out.txt | wc -c)" -gt 40
	head -n "$(wc -l <told.txt)" out.txt >first.txt
	ok "it is the story that the command tells" cmp told.txt first.txt
	ok "the state was saved" test -s hello.state
	ok "and restored" grep -q '^[1-9][0-9]*.tokens in a state of.[1-9]' out.txt
	if [ -e story.txt ]; then
		sed '$d' out.txt >again.txt
		ok "the story is the same in every language" cmp story.txt again.txt
	else
		sed '$d' out.txt >story.txt
	fi
}

# examples WORD COMMAND...: the blocks of docs/WORD.md that are marked "WORD runnable" run.
examples() {
	word=$1
	shift
	awk -v word="$word" '$0 ~ "^```" word " runnable" { n++; inside = 1; next } /^```/ { inside = 0 }
		inside { print > ("example" n) }' "$top_srcdir/docs/$word.md"
	ok "docs/$word.md has examples" test -s example2
	for example in example?; do
		ok "docs/$word.md: $example runs" "$@" "$example"
	done
	rm -f example?
}

"$top_builddir/krait" run --temp 0.7 --top-p 0.9 --seed 5 -n 60 "Once upon a time" >told.txt 2>err.txt
result "the command tells a story" $? err.txt
echo >>told.txt # to a pipe it writes the text alone
if [ -z "$MISSING_PYTHON" ]; then
	file=$top_srcdir/bindings/python/examples/hello.py
	hello Python "$file" env PYTHONPATH="$root$pythondir" "$PYTHON" -B "$file"
	env PYTHONPATH="$root$pythondir" "$PYTHON" -B -c 'import importlib.metadata, krait
about = importlib.metadata.metadata("krait")
assert about["Name"] == "krait" and about["Version"] == krait.__version__, about.items()' 2>err.txt
	result "pip and its kind know the installed package" $? err.txt
	examples python env PYTHONPATH="$root$pythondir" "$PYTHON" -B
else
	skip "the hello of Python" "python binding: $MISSING_PYTHON"
fi
if [ -z "$MISSING_LUA" ]; then
	file=$top_srcdir/bindings/lua/examples/hello.lua
	hello Lua "$file" env LUA_PATH="$root$luadir/?.lua" LUA_CPATH="$root$luaexecdir/?.so" "$LUA" "$file"
	if [ "$(basename "$LUA")" = lua5.4 ]; then
		examples lua env LUA_PATH="$root$luadir/?.lua" LUA_CPATH="$root$luaexecdir/?.so" "$LUA"
	fi
else
	skip "the hello of Lua" "lua binding: $MISSING_LUA"
fi
(cd "$root" && find . -name '*.la' -path '*krait/*') >notes.txt
empty "no note of libtool is left beside a module" notes.txt
ok "make uninstall" make -C "$top_builddir" -s uninstall DESTDIR="$root"
find "$root" -type f >left.txt
find "$root" -name 'krait*' -path "$root$pythondir/*" >>left.txt
empty "uninstall leaves nothing, and no folder that Python would take for a package" left.txt
done_testing
