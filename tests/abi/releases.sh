#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs and state files of every release work with the library of today.
. "$top_srcdir/tests/install/tap.sh"
cd "$work" || exit 99
KRAIT_MODEL_PATH=$top_srcdir/models LD_LIBRARY_PATH=$top_builddir/.libs
export KRAIT_MODEL_PATH LD_LIBRARY_PATH
golden=$top_srcdir/tests/data/golden

# model NAME: the path that the program is given for it.
model() {
	if [ -e "$golden/$1" ]; then echo "$golden/$1"; else echo "$1"; fi
}

# tells NAME EXPECTED COMMAND...: the command prints what the release printed.
tells() {
	name=$1 expected=$2
	shift 2
	"$@" >told 2>told.err
	status=$?
	diff "$expected" told >told.diff 2>&1 || status=1
	cat told.err >>told.diff
	result "$name" $status told.diff
}

# uses RELEASE WHAT PROGRAM: a program of a release does all it did, and reads the states of it.
uses() {
	tells "$1: $2 calls every function" "$top_srcdir/tests/abi/$1/all.txt" "$3" all demo "$work"
	for state in "$top_srcdir/tests/abi/$1"/*.krait; do
		of=${state##*/} of=${of%.krait}
		tells "$1: $2 goes on from its state of $of" "${state%.krait}.txt" "$3" follow "$(model "$of")" "$state"
	done
}

for folder in "$top_srcdir"/tests/abi/[0-9]*; do
	release=${folder##*/}
	ok "$release: there are states" test "$(find "$folder" -name '*.krait' | wc -l)" -ge 3
	# The old binary, as it was compiled then.
	if [ "$(uname -m)" != x86_64 ]; then
		skip "$release: a binary of then" "this is not amd64"
	elif [ -n "${SANITIZE-}" ] || [ ! -e "$top_builddir/.libs/libkrait.so.0" ]; then
		skip "$release: a binary of then" "no plain shared library in this build"
	else
		uses "$release" "its binary" "$folder/program-amd64"
	fi
	# Its source, compiled with the headers of today.
	# shellcheck disable=SC2086  # words
	ok "$release: its source compiles" "$top_builddir/libtool" --silent --tag=CC --mode=link ${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror \
		$SANITIZE -static "-I$top_srcdir/include" "$folder/program.c" "$top_builddir/libkrait.la" -o "now-$release"
	uses "$release" "its source" "$work/now-$release"
	# A test that cannot fail would be worth nothing: one bit of a state.
	cp "$folder/mamba1-hf-bf16.krait" spoiled
	printf '\377' | dd of=spoiled bs=1 seek=1000 conv=notrunc 2>/dev/null
	"$work/now-$release" follow "$(model mamba1-hf-bf16)" spoiled >told 2>&1
	result "$release: a spoiled state is refused" $((!$?)) told
done
done_testing
