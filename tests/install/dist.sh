#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a tarball holds does not depend on what was installed when it was made: the Makefile's list of files
# stays the same when any of the answers of ./configure is turned around, and when all are.
. "$top_srcdir/tests/install/tap.sh"
[ -e "$top_srcdir/Makefile.in" ] || skip_all "no Makefile.in here"
cd "$top_builddir" || exit 99
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
# The reference is made by python3, which a tarball cannot be made without: make dist says so itself.
conditionals=$(grep -o '@[A-Z0-9_a-z]*_TRUE@' "$top_srcdir/Makefile.in" | sort -u | sed 's/^@//; s/_TRUE@$//' | grep -vx HAVE_REFERENCE)
sed '/am--include-marker/d' "$top_srcdir/Makefile.in" >"$work/plain.in"
printf '\nprint-what-is-distributed:\n\t@echo $(DISTFILES)\n' >>"$work/plain.in"

# turn NAME: in $work/status, the answer for this conditional becomes the other one.
turn() {
	if grep -qx "S\[\"$1_TRUE\"\]=\"#\"" "$work/status"; then true='' false='#'; else true='#' false=''; fi
	sed "s/^S\[\"$1_TRUE\"\]=.*/S[\"$1_TRUE\"]=\"$true\"/; s/^S\[\"$1_FALSE\"\]=.*/S[\"$1_FALSE\"]=\"$false\"/" "$work/status" >"$work/turned" &&
		mv "$work/turned" "$work/status"
}

# list FILE: what a tarball made here would hold, by $work/status. A Makefile knows its sources from its own folder.
list() {
	made=$(basename "$work").mk
	sh "$work/status" -q --file="$made:$work/plain.in" >"$work/log" 2>&1 && mv "$made" "$work/Makefile" &&
		make -s -f "$work/Makefile" print-what-is-distributed 2>>"$work/log" | tr ' ' '\n' | sort -u >"$1"
}

for name in $conditionals; do echo "$name"; done >"$work/names"
ok "there are conditionals, with and without Check among them" grep -qx HAVE_CHECK "$work/names"
cp config.status "$work/status"
list "$work/here"
result "the list of this build" $? "$work/log"
ok "it names sources and tests" test "$(wc -l <"$work/here")" -gt 300
# And nothing that is kept is forgotten: each file of a checkout is in the list, or below a folder that is.
if git -C "$top_srcdir" ls-files >"$work/kept" 2>/dev/null && [ -s "$work/kept" ]; then
	sed "s,^$top_srcdir/,,; s,^\(\.\{1\,2\}/\)*,," "$work/here" | awk '
		NR == FNR { listed[$0] = 1; next }
		{ path = $0; while (!(path in listed) && sub(/\/[^\/]*$/, "", path)) ; if (!(path in listed)) print }' - "$work/kept" |
		grep -v '^\.gitignore$' >"$work/found"
	empty "a tarball holds each file of the checkout" "$work/found"
else
	skip "a tarball holds each file of the checkout" "this is no checkout"
fi
for name in $conditionals; do
	cp config.status "$work/status"
	turn "$name"
	list "$work/there"
	diff "$work/here" "$work/there" >"$work/log" 2>&1
	result "the same files when $name is turned around" $? "$work/log"
done
cp config.status "$work/status"
for name in $conditionals; do turn "$name"; done
list "$work/there"
diff "$work/here" "$work/there" >"$work/log" 2>&1
result "and when all are" $? "$work/log"
done_testing
