#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stands in for the emulated suites in a build that found no CUDA toolkit: names each as skipped.
: "${top_srcdir:?the sources}"
case ${SANITIZE-} in
*thread*) echo '1..0 # SKIP make check-race runs the emulated suites, with clang'; exit 0 ;;
*) why='no cuda toolkit was found by configure; its headers are needed (--with-cuda=DIR)' ;;
esac
n=0
for program in $(grep -ho 'tests/[a-z]*/test_[a-z0-9_]*' "$top_srcdir"/tests/emu/*.mk "$top_srcdir"/tests/cuda/*.mk | grep '^tests/\(emu\|cuda\)/' | sort -u); do
	n=$((n + 1))
	echo "ok $n - $program # SKIP $why"
done
echo "1..$n"
