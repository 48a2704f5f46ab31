#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The program that models the time of a token counts what the engine asks of a device, and adds up right.
. "$top_srcdir/tests/install/tap.sh"
program=$top_builddir/bench/modelled/modelled
[ -z "${SANITIZE-}" ] || skip_all "a build with sanitizers counts for minutes"
have "${PYTHON3:-python3}" || skip_all "python3 is not installed"
result "a shape is modelled" "$("$program" --shape mamba-130m --json --bandwidth 1e12 --peak 1e14 --gap 1e-6 >"$work/out" 2>"$work/err"; echo $?)" "$work/err"
ok "bytes over bandwidth and launches add up" "$PYTHON3" -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
decode = [r for r in rows if r["work"] == "decode"]
assert len(decode) == 12 and len(rows) == 13, len(rows)
for r in decode:
    assert r["kernels"] == 4 * 24 + 4 and r["graph_launches"] == 1, r
    us = 1e6 * (r["bytes"] / 0.92e12 + r["kernels"] * 1e-6)
    assert abs(us - r["microseconds"]) < 0.2, (us, r)
    assert abs(r["batch"] / us * 1e6 / r["tokens_per_second"] - 1) < 1e-3, r
one = {r["weights"]: r["bytes"] for r in decode if r["batch"] == 1}
assert one["bf16"] > 1.8 * one["int8"] > 2.3 * one["int4"], one
prompt = rows[4]
assert prompt["work"] == "prefill" and abs(prompt["flops"] / (2 * 2048 * 90.4e6) - 1) < 0.02, prompt
' "$work/out"
ok "an unknown shape is refused" sh -c '! "$1" --shape mamba-9t 2>"$2" && grep -q mamba-130m "$2"' sh "$program" "$work/err"
ok "a table for people" sh -c '"$1" --shape mamba2-130m | grep -q "prompt of 2048"' sh "$program"
done_testing
