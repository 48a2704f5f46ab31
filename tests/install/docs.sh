#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the documents say works: blocks marked "sh runnable" run, blocks marked
# "c runnable NAME.c" compile against the build, those marked "c runs" write what is said, links point to files that are there.
. "$top_srcdir/tests/install/tap.sh"
cd "$work" || exit 99
mkdir bin
ln -s "$top_builddir/krait" bin/krait
PATH=$work/bin:$PATH HOME=$work XDG_STATE_HOME=$work/state
export PATH HOME XDG_STATE_HOME

# blocks WORD FILE: writes each block marked "WORD runnable" to blocks/N, with its line number.
blocks() {
	rm -rf blocks
	mkdir blocks
	awk -v word="$1" '
		$0 ~ "^```" word " runnable" { n++; file = "blocks/" n; print NR > (file ".line"); inside = 1; next }
		/^```/ { if (inside) close(file); inside = 0 }
		inside { print > file }' "$2"
}

# recipes FILE NAME: builds each block marked "c runs [FLAGS]" against the build, and compares what it writes with the
# block marked "text written" that follows it.
recipes() {
	rm -rf recipes
	mkdir recipes
	awk '
		/^```c runs/ { n++; file = "recipes/" n ".c"; sub(/^```c runs */, ""); print > ("recipes/" n ".flags"); inside = 1; next }
		/^```text written/ { file = "recipes/" n ".expected"; inside = 1; next }
		/^```/ { if (inside) close(file); inside = 0 }
		inside { print > file }' "$1"
	for recipe in recipes/*.c; do
		[ -e "$recipe" ] || continue
		recipe=${recipe%.c}
		if [ -n "${SANITIZE-}" ]; then
			skip "$2: ${recipe##*/} does as it says" "the same in a build without sanitizers"
			continue
		fi
		# shellcheck disable=SC2046
		${CC:-cc} -Wall -Wextra -Werror "-I$top_srcdir/include" "$recipe.c" -o "$recipe.out" \
			"$top_builddir/.libs/libkrait.so" "-Wl,-rpath,$top_builddir/.libs" $(cat "$recipe.flags") >"$work/log" 2>&1 &&
			"$recipe.out" "$top_srcdir/models/demo" >"$recipe.written" 2>>"$work/log" &&
			diff "$recipe.expected" "$recipe.written" >>"$work/log"
		result "$2: ${recipe##*/} does as it says" $? "$work/log"
	done
}

for doc in "$top_srcdir"/README.md "$top_srcdir"/CONTRIBUTING.md "$top_srcdir"/docs/*.md; do
	[ -e "$doc" ] || continue
	name=${doc#"$top_srcdir"/}
	blocks sh "$doc"
	for block in blocks/*; do
		case $block in *.line | 'blocks/*') continue ;; esac
		line=$(cat "$block.line")
		timeout 300 sh -eu "$block" >"$work/log" 2>&1 </dev/null
		result "$name:$line runs" $? "$work/log"
	done
	blocks c "$doc"
	for block in blocks/*; do
		case $block in *.line | 'blocks/*') continue ;; esac
		line=$(cat "$block.line")
		cp "$block" program.c
		ok "$name:$line compiles" ${CC:-cc} -Wall -Wextra -Werror "-I$top_srcdir/include" -fsyntax-only program.c
	done
	recipes "$doc" "$name"
	grep -o '](\([^)#: ]*\)[^):]*)' "$doc" | sed 's/^](\([^)#]*\).*/\1/' | while IFS= read -r link; do
		[ -z "$link" ] || [ -e "$(dirname "$doc")/$link" ] || echo "$name: $link"
	done >"$work/found"
	empty "$name: its links lead somewhere" "$work/found"
done

if [ -e "$top_srcdir/man/krait.1" ] && [ -x "$top_builddir/krait" ]; then
	"$top_builddir/krait" --help | awk '/^  [a-z]/ { print $1 }' | while IFS= read -r verb; do
		"$top_builddir/krait" "$verb" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u | while IFS= read -r option; do
			grep -q -- "Fl ${option#--}\|Fl Fl ${option#--}" "$top_srcdir/man/krait.1" || echo "$verb $option"
		done
	done >"$work/found"
	empty "krait(1) has every option that --help has" "$work/found"
fi
done_testing
