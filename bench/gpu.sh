#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gpu.sh - measures all that is worth knowing about a GPU in less than ten minutes, into one JSON file.
#
# usage: bench/gpu.sh [FILE]      in a build folder, or with KRAIT naming the command
#
# What is missing is said first. Each step has a limit of its own, and all together have LIMIT seconds (570); a
# step that fails, or for which something is missing, is written down and the others go on. MODEL names a
# model to measure in place of the published shapes, QUICK=1 keeps to small numbers: a rehearsal.
set -u
here=$(cd "$(dirname "$0")" && pwd)
krait=${KRAIT:-./krait}
out=${1:-krait-gpu-$(date -u +%Y%m%dT%H%M%SZ).json}
command -v "$krait" >/dev/null || krait=krait
command -v "$krait" >/dev/null || { echo "gpu.sh: there is no ./krait here and none is installed: run it in a build folder, or set KRAIT" >&2; exit 1; }
command -v python3 >/dev/null || { echo "gpu.sh: python3 is not installed, which puts the file together" >&2; exit 1; }
# The engine of this build, as nothing of it is installed yet.
if [ -z "${KRAIT_CUDA_PLUGIN-}" ] && [ "$krait" = ./krait ] && [ -e ./krait-cuda.so ]; then
	KRAIT_CUDA_PLUGIN=$PWD/krait-cuda.so
	export KRAIT_CUDA_PLUGIN
fi
devices=$("$krait" info --devices --json) || exit 1
echo "$devices" | grep -q '"name": *"cuda:0"' || {
	echo "gpu.sh: there is no GPU to measure: $("$krait" info --devices | sed -n 's/^cuda[^ ]* *//p' | head -n 1)" >&2
	exit 77
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
echo "$devices" >"$work/devices"
: >"$work/rows"
: >"$work/steps"
began=$(date +%s)
end=$((began + ${LIMIT:-570}))

# ---- what there is, and what is missing ------------------------------------------------------
missing() {
	echo "gpu.sh: missing: $1" >&2
	echo "$1" >>"$work/missing"
}
: >"$work/missing"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.memory,power.limit --format=csv,noheader >"$work/smi" 2>/dev/null || {
	: >"$work/smi"
	missing "nvidia-smi, so the driver's version and the clocks are not written down"
}
nvcc=$(command -v nvcc || echo "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc")
"$nvcc" --version >"$work/toolkit" 2>/dev/null || {
	: >"$work/toolkit"
	missing "nvcc, so the toolkit's version is not written down"
}
no_transformer='bench/transformer/transformer is not built: configure --with-cuda'
no_tests='the tests are not built for the device: make check-cuda'
[ -x bench/transformer/transformer ] || missing "$no_transformer"
[ -x gpu/tests/cuda/test_golden ] || missing "$no_tests"

# ---- steps -----------------------------------------------------------------------------------
left_out() {
	printf '%s\t77\t0\t%s\t0\t0\n' "$1" "$2" >>"$work/steps"
}

# step NAME LIMIT FILE COMMAND...: appends the objects that it prints to FILE, and how it ended to the steps. It is
# interrupted as by Ctrl-C, so that it still says what it knows.
step() {
	name=$1 limit=$2 to=$3
	shift 3
	from=$(date +%s)
	[ "$limit" -le $((end - from)) ] || limit=$((end - from))
	if [ "$limit" -lt 1 ]; then
		left_out "$name" "no time was left"
		return
	fi
	echo "gpu.sh: $name" >&2
	timeout -s INT -k 10 "$limit" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	grep '^{' "$work/out" >>"$to"
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$status" "$(($(date +%s) - from))" "$(tail -n 1 "$work/err" | tr '\t' ' ')" \
		"$(grep -c '^ok ' "$work/out")" "$(grep -c '^not ok ' "$work/out")" >>"$work/steps"
}

# bench NAME LIMIT SHAPE WEIGHTS BATCHES PROMPTS [OPTION...]
bench() {
	name=$1 limit=$2 shape=$3 weights=$4 batches=$5 prompts=$6
	shift 6
	if [ -n "${QUICK-}" ]; then batches=1 prompts=8 n=1; else n=64; fi
	if [ -n "${MODEL-}" ]; then set -- -m "$MODEL" "$@"; else set -- --shape "$shape" "$@"; fi
	step "$name" "$limit" "$work/rows" "$krait" bench --device cuda --json --weights "$weights" --tokens $n --batch "$batches" --prompt "$prompts" "$@"
}

# Most is learnt from the first ones. Are the numbers right at all?
if [ -x gpu/tests/cuda/test_golden ]; then
	step "golden answers" 50 /dev/null env CK_FORK=no gpu/tests/cuda/test_golden
else
	left_out "golden answers" "$no_tests"
fi
bench "mamba-2.8b bf16" 160 mamba-2.8b bf16 1,2,4,8,16,32,64,128,256,512,1024 512,2048,16384,1000000 --profile
bench "mamba-130m bf16" 45 mamba-130m bf16 1,8,64,256,1024 512,2048,16384 --profile
bench "mamba-2.8b int4" 60 mamba-2.8b int4 1,8,64,256 2048 --profile
if [ -x bench/transformer/transformer ]; then
	step "against a Transformer" 120 /dev/null bench/transformer/transformer --batch 1,32,128,max --json "$work/transformer"
else
	left_out "against a Transformer" "$no_transformer"
fi
bench "mamba-2.8b int8" 60 mamba-2.8b int8 1,8,64,256 2048 --profile
bench "mamba2-2.7b bf16" 70 mamba2-2.7b bf16 1,8,64,256 2048,16384 --profile
if [ -z "${QUICK-}" ]; then
	bench "early and late in a text" 40 mamba-130m bf16 1 512 --lasting
else
	left_out "early and late in a text" "left out by QUICK"
fi

python3 "$here/gpu_report.py" "$work" "$out" "$("$krait" --version)" "$(($(date +%s) - began))" || exit 1
echo "$out" >&2
