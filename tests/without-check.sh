#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stands in for the test programs in a build without Check: names each as skipped.
: "${top_srcdir:?the sources}"
n=0
for program in $(grep -ho 'tests/[a-z]*/test_[a-z0-9_]*' "$top_srcdir"/tests/*/*.mk | sort -u); do
	n=$((n + 1))
	echo "ok $n - $program # SKIP check is not installed"
done
echo "1..$n"
