#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What can be said of the CUDA kernels without a GPU: what nvcc made of them, and that all of them
# ran under emulation.
. "$top_srcdir/tests/install/tap.sh"
check=$top_srcdir/tests/cuda/nvcheck.py
kernels=$top_srcdir/kernels/cuda
have "${PYTHON3:-python3}" || skip_all "python3 is not installed"

# The rules for sources that a compiler does not see.
rule() {
	grep -nE "$2" "$kernels"/*.cu "$kernels"/*.cuh | grep -v "port\.cuh" | grep -vE ':[0-9]+:[[:space:]]*//' >"$work/found"
	empty "$1" "$work/found"
}
rule "inline PTX is in port.cuh alone" '\basm\b'
rule "kernels are launched by launch_kernel alone" '<<<|cudaLaunchKernel'
rule "dynamic shared memory is named by DYN_SHARED alone" 'extern[[:space:]]+__shared__'
rule "no __activemask, whose answer is not defined" '__activemask'
rule "shared arrays are aligned by __align__" '__shared__[[:space:]]+alignas'
cat "$top_srcdir"/docs/cuda*.md >"$work/documents"
# shellcheck disable=SC2046  # a list of files
ok "few lines are for nvcc alone, and each has its stand-in in the documents" \
	"$PYTHON3" "$check" lines "$work/documents" $(find "$kernels" -name '*.cu' -o -name '*.cuh' -o -name '*.[ch]')

if [ -z "${CUDA_OBJECTS-}" ]; then
	skip "kernels are within their limits" "$CUDA_WHY_NOT"
	done_testing
	exit 0
fi
cd "$top_builddir" || exit 99
# shellcheck disable=SC2086  # a list of files
{
	ok "kernels are within their limits of registers, spills, shared memory and instructions" \
		"$PYTHON3" "$check" limits "$kernels/limits.txt" "$top_srcdir/tests/cuda/counts.txt" $CUDA_OBJECTS
	"$PYTHON3" "$check" names $CUDA_OBJECTS >"$work/compiled"
}
# shellcheck disable=SC2086  # a list of files
if "$PYTHON3" "$check" disassembler $CUDA_OBJECTS >"$work/found"; then
	# shellcheck disable=SC2086  # a list of files
	ok "hot loops are within their limits of instructions, wide loads and tensor cores" \
		"$PYTHON3" "$check" loops "$kernels/limits.txt" $CUDA_OBJECTS
	# One bound lowered.
	sed '/^gemv_kernel<1, 1> /s/loop=[0-9]*/loop=1/' "$kernels/limits.txt" >"$work/tight"
	"$PYTHON3" "$check" loops "$work/tight" kernels/cuda/product_f16.nvo >"$work/said"
	ok "a hot loop that is longer is refused by its name" grep -q '^gemv_kernel<1, 1> .*: loop is' "$work/said"
else
	skip "hot loops are within their limits of instructions, wide loads and tensor cores" \
		"$(cat "$work/found")"
fi
ok "there are kernels" test -s "$work/compiled"
if [ -s emu-kernels.txt ]; then
	sort -u emu-kernels.txt >"$work/ran"
	comm -23 "$work/compiled" "$work/ran" >"$work/found"
	empty "every kernel that nvcc compiled ran under emulation" "$work/found"
	# The other way round, without the kernels that tests and benchmarks bring.
	comm -13 "$work/compiled" "$work/ran" | while IFS= read -r name; do
		kernel=${name%%<*}
		find "$top_srcdir/tests" "$top_srcdir/bench" -name '*.cu' -exec grep -h -A2 __global__ {} + | grep -qw "$kernel" && continue
		grep -h -A2 __global__ "$kernels"/*.cu "$kernels"/*.cuh | grep -qw "$kernel" && echo "$name"
	done >"$work/found"
	empty "every kernel that ran under emulation is one that nvcc compiled" "$work/found"
else
	skip "every kernel that nvcc compiled ran under emulation" "the suites that run them did not run before"
fi
if [ -e krait-cuda.so ]; then
	"${NM:-nm}" -D --defined-only krait-cuda.so | awk '{ print $NF }' | grep -v '^krait__cuda_plugin$' >"$work/found"
	empty "the plugin shows one symbol" "$work/found"
fi
done_testing
