#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# debian/ follows the library: its version, its symbols.
. "$top_srcdir/tests/install/tap.sh"
cd "$top_srcdir" || exit 99
version=$(sh build-aux/version.sh)
sed -n '1s/^krait (\(.*\)) .*/\1/p' debian/changelog >"$work/changelog"
ok "debian/changelog has the header's version" test "$version" = "$(cat "$work/changelog")"

# Each node's own name is a symbol too.
awk '/^KRAIT_[A-Z0-9_]+ \{/ { node = $1; print node "@" node }
	/^\tkrait_[a-z0-9_]+;/ { gsub(/[\t;]/, ""); print $0 "@" node }' lib/libkrait.map | LC_ALL=C sort >"$work/map"
sed -n 's/^ \([^ ]*@KRAIT_[A-Z0-9_]*\) .*/\1/p' debian/libkrait0.symbols | LC_ALL=C sort >"$work/symbols"
ok "debian/libkrait0.symbols lists what the map does" diff "$work/map" "$work/symbols"

# What may still change is good for one release.
next=${version%.*}.$((${version##*.} + 1))
grep '@KRAIT_EXPERIMENTAL' debian/libkrait0.symbols | grep -v " $version 1\$" >"$work/found"
empty "experimental symbols are of this release" "$work/found"
ok "and of no later one" grep -qxF "| libkrait0 (>= $version), libkrait0 (<< $next~)" debian/libkrait0.symbols
done_testing
