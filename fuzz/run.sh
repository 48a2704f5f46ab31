#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh - each harness under libFuzzer for FUZZ_SECONDS, FUZZ_JOBS of them side by side (as many as there are
# processors), in the folder of its build: one line each, and a closing line of totals. The first inputs are the
# regressions and what earlier runs left in corpus/.
all="state safetensors torch index config tokenizer encode template session cache replies session-growing state-growing"

# Prints one line of the harness $1, and what it found.
fuzz_one() {
	old=
	mkdir -p "corpus/$1" found
	[ ! -d "$top_srcdir/fuzz/regressions/$1" ] || old=$top_srcdir/fuzz/regressions/$1
	verdict=ok
	KRAIT_FUZZ=$1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
		fuzz/libfuzzer -seed=1 -max_total_time="${FUZZ_SECONDS:-60}" -max_len=16384 -timeout=20 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="found/$1-" "corpus/$1" $old >"$1.log" 2>&1 || verdict="not ok"
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1.log")
	edges=$(sed -n 's/^#[0-9]*.* cov: \([0-9]*\).*/\1/p' "$1.log" | tail -n 1)
	line="$verdict - $1: ${runs:-?} executions, ${edges:-?} edges"
	[ "$verdict" = ok ] || line="$line
$(grep -E '^BROKEN|ERROR: |runtime error|SUMMARY|Test unit written' "$1.log" | head -n 8 | sed 's/^/# /')"
	# In one piece: another harness may print at the same time.
	printf '%s\n' "$line"
}

if [ "${1-}" = one ]; then
	fuzz_one "$2"
	exit 0
fi
if [ "${1-}" = without-clang ]; then
	for name in ${FUZZ:-$all}; do echo "ok - $name # SKIP clang is not installed"; done
	echo "fuzz: 0 passed, 0 failed, $(echo ${FUZZ:-$all} | wc -w) skipped"
	exit 0
fi
# shellcheck disable=SC2086  # a list of words
printf '%s\n' ${FUZZ:-$all} | xargs -P "${FUZZ_JOBS:-$(nproc 2>/dev/null || echo 1)}" -I{} sh "$0" one {} | tee verdicts
passed=$(grep -c '^ok ' verdicts) failed=$(grep -c '^not ok ' verdicts)
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -eq "$(echo ${FUZZ:-$all} | wc -w)" ]
