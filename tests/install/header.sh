#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each public header stands alone, in C99, C11 and C++, without a warning.
. "$top_srcdir/tests/install/tap.sh"
cc=${CC:-cc}
strict="-Wall -Wextra -Wpedantic -Werror -Wstrict-prototypes -I$top_srcdir/include -fsyntax-only"
for header in krait.h krait_experimental.h; do
	printf '#include <%s>\n#include <%s>\nint main(void);\nint main(void) { return KRAIT_OK; }\n' \
		"$header" "$header" >"$work/one.c"
	for std in c99 c11; do
		# shellcheck disable=SC2086  # flags
		ok "$header alone as $std" $cc -std=$std $strict "$work/one.c"
	done
	cp "$work/one.c" "$work/one.cc"
	sed -i 's/(void)/()/; s/^int main();$//' "$work/one.cc"
	cxx=${CXX:-c++}
	if have "$cxx"; then
		for std in c++11 c++17; do
			ok "$header alone as $std" "$cxx" -std=$std -Wall -Wextra -Wpedantic -Werror \
				"-I$top_srcdir/include" -fsyntax-only "$work/one.cc"
		done
	else
		skip "$header as C++" "c++ is not here"
	fi
done

# A machine with the other order of bytes is told so by the compiler, not by wrong numbers.
printf '#include "base/dtype.h"\n' >"$work/order.c"
ok "this machine's order of bytes will do" $cc -std=c11 "-I$top_srcdir/lib" -fsyntax-only "$work/order.c"
$cc -std=c11 -U__BYTE_ORDER__ -D__BYTE_ORDER__=4321 "-I$top_srcdir/lib" -fsyntax-only "$work/order.c" >"$work/order.log" 2>&1
ok "the other order does not compile" test $? -ne 0
ok "the compiler says what is needed" grep -q 'error.*needs a little-endian machine' "$work/order.log"
done_testing
