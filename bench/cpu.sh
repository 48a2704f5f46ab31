#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cpu.sh - measures all that is worth knowing about a CPU; one JSON object a line.
#
# usage: bench/cpu.sh [FILE] [SHAPE...]    KRAIT names the command, QUICK=1 leaves the long parts out
set -eu
krait=${KRAIT:-krait}
out=${1:-krait-cpu-$(date -u +%Y%m%dT%H%M%SZ).jsonl}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- mamba-130m mamba2-130m

# A line that says where the figures come from.
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1 | tr -d '"\\')
printf '{"work": "machine", "cpu": "%s", "processors": %s, "kernel": "%s", "krait": "%s", "date": "%s"}\n' \
	"$cpu" "$(getconf _NPROCESSORS_ONLN)" "$(uname -sr)" "$("$krait" --version)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$out"

measure() {
	echo "krait bench $*" >&2
	"$krait" bench --json "$@" >>"$out"
}

for shape; do
	for weights in f32 bf16 f16; do
		measure --shape "$shape" --weights $weights
	done
	measure --shape "$shape" --weights bf16 --threads 1
	measure --shape "$shape" --weights bf16 --precision fast
done
measure
if [ -z "${QUICK:-}" ]; then
	measure --lasting
	for shape; do
		measure --memory --shape "$shape" --weights bf16
	done
	measure --memory --shape "${LARGE:-mamba-2.8b}" --weights bf16
	measure --shape "${LARGE:-mamba-2.8b}" --weights bf16 --tokens 16
fi
echo "$out" >&2
