#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# krait(1) and --help tell of the same verbs and options.
. "${0%/*}/tap.sh"
page=$here/../../man/krait.1

# same NAME: $work/page has the lines of $work/help.
same() {
	sort -u "$work/page" >"$work/in_page"
	sort -u "$work/help" >"$work/in_help"
	ok "$1" diff "$work/in_help" "$work/in_page"
	ok "$1: there are some" test -s "$work/in_page"
}

"$KRAIT" --help | awk '/^  [a-z]/ { print $1 }' >"$work/verbs"
cp "$work/verbs" "$work/help"
sed -n '/^\.Ss Verbs/,/^\.El/s/^\.It Cm \([a-z]*\).*/\1/p' "$page" >"$work/page"
same "the verbs"
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.Cm \([a-z]*\)$/\1/p' "$page" >"$work/page"
same "the verbs of the synopsis"

while read -r verb; do "$KRAIT" "$verb" --help; done <"$work/verbs" >"$work/helps"
sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' "$work/helps" >"$work/help"
grep '^\.It' "$page" | grep -oE 'Fl Fl [a-z][a-z-]*' | sed 's/Fl Fl /--/' >"$work/page"
same "the options"
sed -nE 's/^ +(-.), (--[a-z-]+).*/\1 \2/p' "$work/helps" >"$work/help"
grep '^\.It' "$page" | grep -oE '(^| )Fl [a-z] , Fl Fl [a-z][a-z-]*' | sed 's/^ *Fl \(.\) , Fl Fl /-\1 --/' >"$work/page"
same "the letters"

# Each verb's own options stand where the page says that they belong to it.
"$KRAIT" chat --help >"$work/log"
for section in run chat; do
	sed -n "/^\\.Ss Options of $section\$/,/^\\.El/p; /^\\.Ss Choosing tokens/,/^\\.El/p; /^\\.Ss Options of every verb/,/^\\.El/p" "$page" |
		grep '^\.It' | grep -oE 'Fl Fl [a-z][a-z-]*' | sed 's/Fl Fl /--/' >"$work/page"
	"$KRAIT" $section --help | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' >"$work/help"
	same "the options of $section"
done

# What the chat's own help has.
printf '/help\n/quit\n' | "$KRAIT" chat 2>&1 | grep -oE '^ */[a-z]+' | tr -d ' ' >"$work/help"
sed -n 's/^\.It Ic \(\/[a-z]*\).*/\1/p' "$page" >"$work/page"
same "the commands of chat"
done_testing
