#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh - each harness under libFuzzer for FUZZ_SECONDS, in the folder of its build: one line each, and a closing
# line of totals. The first inputs are the regressions and what earlier runs left in corpus/.
all="state safetensors torch index config tokenizer encode template session cache replies"
passed=0 failed=0 skipped=0 n=0
for name in ${FUZZ:-$all}; do
	n=$((n + 1))
	if [ "${1-}" = without-clang ]; then
		echo "ok $n - $name # SKIP clang is not installed"
		skipped=$((skipped + 1))
		continue
	fi
	mkdir -p "corpus/$name" found
	old=
	[ ! -d "$top_srcdir/fuzz/regressions/$name" ] || old=$top_srcdir/fuzz/regressions/$name
	if KRAIT_FUZZ=$name ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
		fuzz/libfuzzer -seed=1 -max_total_time="${FUZZ_SECONDS:-60}" -max_len=16384 -timeout=20 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="found/$name-" "corpus/$name" $old >"$name.log" 2>&1; then
		passed=$((passed + 1))
		verdict="ok $n"
	else
		failed=$((failed + 1))
		verdict="not ok $n"
		grep -E '^BROKEN|ERROR: |runtime error|SUMMARY|Test unit written' "$name.log" | head -n 8 | sed 's/^/# /'
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$name.log")
	edges=$(sed -n 's/^#[0-9]*.* cov: \([0-9]*\).*/\1/p' "$name.log" | tail -n 1)
	echo "$verdict - $name: ${runs:-?} executions, ${edges:-?} edges"
done
if [ "$skipped" -gt 0 ]; then
	echo "fuzz: $passed passed, $failed failed, $skipped skipped"
else
	echo "fuzz: $passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
