#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# first-hour.sh - what to run when there is a GPU at last: whether the numbers are right, whether the shapes launch that
# need the most, and each prediction of bench/predictions.json beside what was measured.
#
# usage: bench/first-hour.sh [FOLDER]   in a build folder, or in a copy of one beside a folder "libraries"
#
# Nothing is built. What the programs lack on a bare machine is looked for in FOLDER/../libraries and in the places where
# CUDA's libraries are installed. Each step has a limit and a file of its own in FOLDER; all together have LIMIT seconds
# (570). At the end there are first-hour.json, and first-hour.txt, a page that says what to look at first. QUICK=1 and
# MODEL rehearse it with little work.
set -u
here=$(cd "$(dirname "$0")" && pwd)
krait=${KRAIT:-./krait}
out=${1:-first-hour}
command -v "$krait" >/dev/null || { echo "first-hour.sh: there is no ./krait here: run it in a build folder, or set KRAIT" >&2; exit 1; }
command -v python3 >/dev/null || { echo "first-hour.sh: python3 is not installed, which puts the report together" >&2; exit 1; }
mkdir -p "$out" || exit 1
: >"$out/steps"
: >"$out/missing"

# ---- libraries ---------------------------------------------------------------------------------
# The folders that have one of them; the loader takes the first.
for folder in "$(dirname "$out")/libraries" ./.libs "${CUDA_HOME:-/usr/local/cuda}/lib64" /usr/local/cuda*/lib64 /usr/lib/x86_64-linux-gnu \
	/usr/lib/aarch64-linux-gnu "$(python3 -c 'import nvidia; print(list(nvidia.__path__)[0])' 2>/dev/null)"/*/lib; do
	[ -d "$folder" ] || continue
	case $folder in
	*/libraries | ./.libs) LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder ;;
	*) ls "$folder"/libcublasLt.so.13* >/dev/null 2>&1 && LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder ;;
	esac
done
export LD_LIBRARY_PATH
if [ -z "${KRAIT_CUDA_PLUGIN-}" ] && [ -e ./krait-cuda.so ]; then
	KRAIT_CUDA_PLUGIN=$PWD/krait-cuda.so
	export KRAIT_CUDA_PLUGIN
fi
"$krait" info --devices --json >"$out/devices.json" 2>"$out/devices.err" || { cat "$out/devices.err" >&2; exit 1; }
grep -q '"name": *"cuda:0"' "$out/devices.json" || {
	echo "first-hour.sh: there is no GPU to measure: $("$krait" info --devices | sed -n 's/^cuda[^ ]* *//p' | head -n 1)" >&2
	exit 77
}
nvidia-smi >"$out/nvidia-smi.txt" 2>&1 || echo "nvidia-smi" >>"$out/missing"

# ---- steps -------------------------------------------------------------------------------------
began=$(date +%s)
end=$((began + ${LIMIT:-570}))

# step NAME LIMIT COMMAND...: what it prints is FOLDER/NAME.txt.
step() {
	name=$1 limit=$2
	shift 2
	from=$(date +%s)
	[ "$limit" -le $((end - from)) ] || limit=$((end - from))
	status=77
	if [ "$limit" -lt 1 ]; then
		echo "no time was left" >"$out/$name.txt"
	elif ! command -v "$1" >/dev/null; then
		echo "$1 is not there" >"$out/$name.txt"
		echo "$1" >>"$out/missing"
	else
		echo "first-hour.sh: $name" >&2
		timeout -s INT -k 10 "$limit" "$@" >"$out/$name.txt" 2>&1 </dev/null
		status=$?
	fi
	printf '%s\t%s\t%s\n' "$name" "$status" "$(($(date +%s) - from))" >>"$out/steps"
}

# bench NAME LIMIT SHAPE WEIGHTS BATCHES PROMPTS [OPTION...]
bench() {
	name=$1 limit=$2 shape=$3 weights=$4 batches=$5 prompts=$6 n=64
	shift 6
	if [ -n "${QUICK-}" ]; then batches=1 prompts=8 n=1; fi
	if [ -n "${MODEL-}" ]; then set -- -m "$MODEL" "$@"; else set -- --shape "$shape" "$@"; fi
	step "$name" "$limit" "$krait" bench --device cuda --json --weights "$weights" --tokens $n --batch "$batches" --prompt "$prompts" "$@"
}

# draw NAME OPTION...: the time of a text of the model that comes with krait, to be compared with that of another way to draw.
draw() {
	name=$1 n=256
	shift
	[ -z "${QUICK-}" ] || n=2
	step "$name" 20 "$krait" run --device cuda -n $n "$@" "Once upon a time"
}

# First whether the numbers are right, and the launches that need the most shared memory.
step golden 60 env CK_FORK=no gpu/tests/cuda/test_golden
step kernels 60 env CK_FORK=no gpu/tests/cuda/test_decode_kernels
bench launches-130m 20 mamba-130m bf16 8 512
bench launches-790m 25 mamba-790m bf16 2,4,8 512
bench launches-int4 40 mamba-2.8b int4 128,256 512
# Then one token of the largest model, and what the others cost beside it.
bench profile-2.8b 40 mamba-2.8b bf16 1 2048 --profile
bench int8-2.8b 30 mamba-2.8b int8 1 512 --profile
bench int4-2.8b 30 mamba-2.8b int4 1 512 --profile
bench profile-130m 20 mamba-130m bf16 1 512 --profile
draw draw-likeliest --greedy
draw draw-top-p --temp 1 --top-p 0.95 --seed 1
bench batches-2.8b 90 mamba-2.8b bf16 2,4,8,16,32,64,128,256 512 --profile
bench prompts-2.8b 60 mamba-2.8b bf16 1 16384,1000000
bench batches-mamba2 50 mamba2-2.7b bf16 1,8,64,256 2048 --profile
step transformer 120 bench/transformer/transformer --batch 1,32,128,max --json "$out/transformer.jsonl"

python3 "$here/first_hour.py" "$out" "$here/predictions.json" "$("$krait" --version)" "$(($(date +%s) - began))" || exit 1
cat "$out/first-hour.txt"
