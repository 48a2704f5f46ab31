#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make installcheck` looks at: the copy that was installed under the prefix that configure was
# given. `make distcheck` runs it on what a tarball built.
. "$top_srcdir/tests/install/tap.sh"
: "${bindir:?}" "${libdir:?}" "${pkgconfigdir:?}" "${mandir:?}" "${datadir:?}"
cd "$work" || exit 99
unset KRAIT_MODEL_PATH LD_LIBRARY_PATH HF_HOME HF_HUB_CACHE
HOME=$work PKG_CONFIG_PATH=$pkgconfigdir
export HOME PKG_CONFIG_PATH
pkg=${PKG_CONFIG:-pkg-config}

ok "the command runs" "$bindir/krait" --version
"$bindir/krait" list >list 2>&1
ok "it finds the installed model by its name" grep -q '^demo' list
"$bindir/krait" run --greedy -n 12 "Once upon a time" >story 2>log
result "and runs it" $? log
if have "$pkg"; then
	sed -n '/^```c runnable app.c$/,/^```$/p' "$top_srcdir/README.md" | sed '1d;$d' >app.c
	# shellcheck disable=SC2046  # flags
	ok "a program finds it with pkg-config" ${CC:-cc} app.c $("$pkg" --cflags --libs krait) "-Wl,-rpath,$libdir" -o app
	./app demo "Once upon a time" >told 2>log
	result "and runs, with the installed model" $? log
else
	skip "a program" "pkg-config is not here"
fi
for page in man1/krait.1 man3/krait_session.3 man3/krait_session_feed.3 man5/krait-state.5 man7/krait.7; do
	[ -s "$mandir/$page" ] || echo "$page"
done >missing
empty "the manual pages are there" missing
[ ! -s "$mandir/man3/krait_session_feed.3" ] || ok "a function's page leads to its topic's" \
	grep -qx '.so man3/krait_session.3' "$mandir/man3/krait_session_feed.3"
for file in bash-completion/completions/krait zsh/site-functions/_krait fish/vendor_completions.d/krait.fish; do
	[ -s "$datadir/$file" ] || echo "$file"
done >missing
empty "the completions are there" missing
done_testing
