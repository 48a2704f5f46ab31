#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# lintian has nothing to say about the source and the packages, not even a pedantic word.
. "$top_srcdir/tests/install/tap.sh"
have lintian || skip_all "deb: lintian is not here"
lintian --allow-root --tag-display-limit 0 --display-info --pedantic "$top_builddir"/deb/krait_*.changes >"$work/tags" 2>&1
result "lintian ends well" $?
empty "no tag" "$work/tags"
done_testing
