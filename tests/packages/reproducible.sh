#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The source package, built again in another folder, time zone, locale and home, gives the same bytes.
. "$top_srcdir/tests/install/tap.sh"
have dpkg-buildpackage || skip_all "deb: dpkg-buildpackage is not here"
[ -z "${KRAIT_DEB_ONCE-}" ] || skip_all "a second build was not asked for"
again=$work/another/folder
mkdir -p "$again"
dpkg-source -x "$top_builddir"/deb/krait_*.dsc "$again/sources" >"$work/log" 2>&1
result "the source package unpacks" $? "$work/log"
cd "$again/sources" || exit 99
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$work" TZ=Asia/Kathmandu LC_ALL=C \
	DEB_BUILD_OPTIONS="nocheck ${DEB_BUILD_OPTIONS-}" DEB_BUILD_PROFILES="${DEB_BUILD_PROFILES-}" \
	dpkg-buildpackage -us -uc -b >"$work/log" 2>&1
status=$?
tail -n 40 "$work/log" >"$work/end"
result "it builds again" $status "$work/end"
(cd "$top_builddir/deb" && sha256sum ./*.deb) >"$work/first"
(cd "$again" && sha256sum ./*.deb) >"$work/second"
ok "with the same bytes" diff "$work/first" "$work/second"
done_testing
