#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The interface, types included, has everything that the baseline has: abidiff. Its status 4 stands
# for an addition as for a changed argument, so only 0 after --no-added-syms will do.
. "$top_srcdir/tests/install/tap.sh"
abi=$top_srcdir/tests/abi
lib=$top_builddir/.libs/libkrait.so
[ "$(uname -m)" = x86_64 ] || skip_all "the baseline is of amd64"
[ -z "${SANITIZE-}" ] && [ -e "$lib" ] || skip_all "no plain shared library in this build"
have abidiff || skip_all "abidiff is not here (Debian: abigail-tools)"
have readelf || skip_all "readelf is not here"
producer=$(readelf --debug-dump=info --dwarf-depth=1 "$lib" 2>/dev/null | sed -n 's/.*DW_AT_producer.*: //p' | sort -u)
[ -n "$producer" ] || skip_all "the library has no debug-information"
echo "$producer" | grep -qv 'GNU C[0-9]* 12\.' && skip_all "the baseline is of gcc-12"

# compare BASELINE: what is in it is in the library.
compare() {
	abidiff --no-added-syms --suppressions "$abi/experimental.suppr" --headers-dir2 "$top_srcdir/include" "$1" "$lib"
}
compare "$abi/libkrait-amd64.abi" >"$work/log" 2>&1
result "nothing of the interface went or changed" $? "$work/log"
sed -n "s/.*elf-symbol name='\(krait_[a-z0-9_]*\)' version='KRAIT_[0-9_]*'.*/\1/p" "$abi/libkrait-amd64.abi" | sort >"$work/baseline"
sed -n '/^KRAIT_[0-9_]* {/,/^}/s/^	\(krait_[a-z0-9_]*\);$/\1/p' "$top_srcdir/lib/libkrait.map" | sort >"$work/map"
diff "$work/baseline" "$work/map" >"$work/added" ||
	sed 's/^/# not in the baseline, make update-abi at the release: /' "$work/added"
ok "the baseline has functions" test "$(wc -l <"$work/baseline")" -ge 110

# What the gate must see, and what it must let through: the baseline changed the other way round.
# gate NAME YES|NO EXPRESSION
gate() {
	sed "$3" "$abi/libkrait-amd64.abi" >"$work/other.abi"
	cmp -s "$work/other.abi" "$abi/libkrait-amd64.abi" && result "gate: $1: the baseline has what is changed" 1
	if compare "$work/other.abi" >"$work/log" 2>&1; then seen=NO; else seen=YES; fi
	result "gate: $1: seen: $2" "$([ $seen = "$2" ]; echo $?)" "$work/log"
}
gate "a function went" YES 's/krait_version/krait_edition/g'
float=$(sed -n "s/.*type-decl name='float'.* id='\([0-9a-f]*\)'.*/\1/p" "$abi/libkrait-amd64.abi")
double=$(sed -n "s/.*type-decl name='double'.* id='\([0-9a-f]*\)'.*/\1/p" "$abi/libkrait-amd64.abi")
gate "an argument's type changed" YES "/function-decl name='krait_sampler_set_bias'/,/function-decl>/s/type-id='$float'/type-id='$double'/"
gate "an argument was added" YES "/function-decl name='krait_batch_size'/,/function-decl>/s/.*<parameter .*/&&/"
gate "what is returned changed" YES "/function-decl name='krait_batch_size'/,/function-decl>/s/<return type-id='[0-9a-f]*'/<return type-id='$float'/"
gate "an experimental function went" NO 's/krait_model_shape/krait_model_form/g'
gate "a function is new" NO "/elf-symbol name='krait_batch_size'/d; /function-decl name='krait_batch_size'/,/function-decl>/d"
done_testing
