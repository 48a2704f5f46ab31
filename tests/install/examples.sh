#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The programs of examples/ build against the public headers, without a warning, and do what they say.
. "$top_srcdir/tests/install/tap.sh"
if [ -n "${SANITIZE-}" ]; then
	skip_all "the same in a build without sanitizers"
fi
cd "$work" || exit 99
for program in bytes dna; do
	# shellcheck disable=SC2086
	${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror "-I$top_srcdir/include" "$top_srcdir/examples/$program.c" -o $program \
		"-L$top_builddir/.libs" "-Wl,-rpath,$top_builddir/.libs" -lkrait -lm >log 2>&1
	result "examples/$program.c builds" $? log
done

awk 'BEGIN { for (i = 0; i < 9000; i++) printf "%c", 33 + i % 60 }' >file
./bytes file >out 2>log
result "bytes reads a file" $? log
ok "a line for each block, the last one short" sh -c "awk '{ print \$1 }' out | tr '\n' ' ' | grep -qx '4096 8192 9000 '"
./bytes file "$top_srcdir/tests/data/golden/mamba1-hf-bf16" >out 2>log
ok "a vocabulary without all bytes is refused" grep -q 'smaller than a byte' log
./bytes file "$top_srcdir/models/demo" >out 2>log
result "or a checkpoint" $? log

./dna GATTACAGATTACA GATTACAGATTACA CCCCGGGG >out 2>log
result "dna compares sequences" $? log
ok "every two of them" sh -c "test \"\$(wc -l <out)\" -eq 3"
ok "the same has the cosine 1, another less" sh -c "sed -n 1p out | grep -q '^1.0000 ' && ! sed -n 2p out | grep -q '^1.0000 '"
./dna --model "$top_srcdir/tests/data/golden/jamba-bf16" ACGT acgt TTTT >out 2>log
result "with a checkpoint" $? log
ok "small letters are letters" sh -c "sed -n 1p out | grep -q '^1.0000 ACGT acgt$'"
done_testing
