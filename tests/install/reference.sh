#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The header says what a caller must know, and what is made from its comments is whole:
# manual pages without a warning, HTML without a dead link.
. "$top_srcdir/tests/install/tap.sh"
[ -z "${SANITIZE-}" ] || { echo "1..0 # SKIP the same in a build without sanitizers"; exit 0; }
[ -n "${PYTHON3-}" ] || skip_all "python3 is not here"
make_reference() {
	"$PYTHON3" -B "$top_srcdir/docs/reference/make.py" "$@"
}

# ---- the header ------------------------------------------------------------------------
make_reference audit "$top_srcdir" >"$work/found" 2>&1
empty "every public function says its arguments, units, owner, threads and errors" "$work/found"
make_reference constants "$top_srcdir" >"$work/constants"
ok "the constants are found" test "$(wc -l <"$work/constants")" -ge 48

# An audit that finds nothing in a spoiled header would be worth nothing.
# spoiled NAME EXPRESSION: sed makes a copy of krait.h worse, and the audit sees it.
spoiled() {
	mkdir -p "$work/spoiled/include"
	cp "$top_srcdir"/include/*.h "$work/spoiled/include"
	sed "$2" "$top_srcdir/include/krait.h" >"$work/spoiled/include/krait.h"
	cmp -s "$top_srcdir/include/krait.h" "$work/spoiled/include/krait.h"
	result "spoiled: $1: the header has what is taken away" $((!$?))
	if make_reference audit "$work/spoiled" >"$work/spoiled.log" 2>&1; then status=1; else status=0; fi
	result "spoiled: $1: the audit sees it" $status "$work/spoiled.log"
}
spoiled "no comment" '/^\/\* The number of layers\. \*\//d'
spoiled "an argument that is not named" 's/device at `index`/device there/'
spoiled "no errors" 's/^ \* Errors: MEMORY; the text is on `session`, and `out` is NULL\. \*\// *\//'
spoiled "an error that does not exist" 's/^ \* Errors: SPACE; MEMORY\. \*\// * Errors: ROOM. *\//'
spoiled "no unit" 's/Bytes of one saved state of a new session/What one saved state of a new session has/'
spoiled "no shape" 's/`tokens` \[n_tokens\]/`tokens` `n_tokens`/'
spoiled "no bytes" 's/`n_text` bytes/`n_text` of them/'
spoiled "nobody to free it" 's/free it with krait_batch_free/it is new/'
spoiled "no end of a borrowed text" 's/Borrowed from the model/It is of the model/'
spoiled "no threads" 's/^ \* Threads: any number; a state is saved.*/ */'
spoiled "a name that there is not" 's/krait_session_position says how far/krait_session_place says how far/'
spoiled "an enum" 's/^#define KRAIT_LOG_ERROR 1.*/enum { KRAIT_LOG_ERROR = 1 };/'

# ---- manual pages ----------------------------------------------------------------------
make_reference man "$top_srcdir" "$work/man" >"$work/log" 2>&1
result "manual pages are made" $? "$work/log"
made=$top_builddir
[ -e "$made/man/links" ] || made=$top_srcdir
for page in "$work"/man/*; do
	cmp -s "$page" "$made/man/${page##*/}" || echo "${page##*/}"
done >"$work/found"
empty "the build has all of them, up to date (docs/local.mk lists them)" "$work/found"
ok "those who edit the header are told how it is written" grep -q "the comments have one shape" "$top_srcdir/include/krait.h"
ok "and nobody else is" sh -c "! grep -rq 'have one shape' '$work/man'"
sed -n 's/^KRAIT_API [^(]*[ *]\(krait_[a-z0-9_]*\)(.*/\1/p' "$top_srcdir"/include/*.h | while read -r name; do
	page=$(sed -n "s/^$name //p" "$work/man/links")
	grep -q "^\.Nm $name\( ,\)\{0,1\}\$" "$work/man/$page.3" && grep -q "^\.It Fn $name\$" "$work/man/$page.3" || echo "$name"
done >"$work/found"
empty "every function has its place in section 3" "$work/found"
if have mandoc; then
	for page in "$top_srcdir"/man/krait.1 "$work"/man/*.[357]; do mandoc -Tlint "$page"; done |
		grep -v 'referenced manual not found: Xr krait' >"$work/found"
	empty "mandoc -Tlint is silent" "$work/found"
else
	skip "mandoc -Tlint" "mandoc is not here"
fi
if have groff; then
	for page in "$top_srcdir"/man/krait.1 "$work"/man/*.[357]; do groff -mandoc -Tutf8 -ww -z "$page" 2>&1; done >"$work/found"
	empty "groff, with all warnings as man --warnings asks, is silent" "$work/found"
else
	skip "man --warnings" "groff is not here"
fi

# ---- HTML ------------------------------------------------------------------------------
make_reference html "$top_srcdir" "$work/html" >"$work/log" 2>&1
result "HTML is made" $? "$work/log"
for page in "$work"/html/*; do
	cmp -s "$page" "$made/docs/html/${page##*/}" || echo "${page##*/}"
done >"$work/found"
empty "the build has all pages, up to date (docs/local.mk lists them)" "$work/found"
"$PYTHON3" -B "$top_srcdir/tests/install/html_links.py" "$work/html" >"$work/found" 2>&1
empty "every tag is closed, every link leads somewhere here, nothing comes from elsewhere" "$work/found"
mkdir "$work/broken"
cp "$work"/html/* "$work/broken"
sed -i 's/#krait_model_open"/#krait_model_shut"/' "$work/broken/krait_library.html" "$work/broken/index.html"
"$PYTHON3" -B "$top_srcdir/tests/install/html_links.py" "$work/broken" >"$work/log" 2>&1
ok "a dead link would be seen" grep -q krait_model_shut "$work/log"
sed -n 's/^KRAIT_API [^(]*[ *]\(krait_[a-z0-9_]*\)(.*/\1/p' "$top_srcdir"/include/*.h | while read -r name; do
	grep -q "<span id=\"$name\">" "$work"/html/krait_*.html || echo "$name"
done >"$work/found"
empty "every function has its place in the HTML" "$work/found"
done_testing
