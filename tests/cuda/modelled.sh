#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a GPU should take is what the committed counts say: the sums are right, each count is in them, and the tables
# that are made of it are those of today.
. "$top_srcdir/tests/install/tap.sh"
have "${PYTHON3:-python3}" || skip_all "python3 is not installed"
counts=$top_srcdir/tests/cuda/counts.txt limits=$top_srcdir/kernels/cuda/limits.txt
modelled() { "$PYTHON3" "$top_srcdir/bench/modelled.py" "$@"; }
python() { "$PYTHON3" -c "$@"; }
result "the table of counts is modelled" "$(modelled --json >"$work/rows" 2>"$work/err"; echo $?)" "$work/err"

# in_proj of mamba-2.8b in bfloat16: by hand, from its row.
ok "terms are what the counts make them" python '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
wanted = {"work": "profile", "shape": "mamba-2.8b", "weights": "bf16", "batch": 1, "kernel": "in"}
row, = [r for r in rows if wanted.items() <= r.items()]
t = row["terms"]
def near(a, b):
    return abs(a / b - 1) < 1e-3
assert near(t["memory"], (52715520 - 5242880) / (0.9 * 4.3e12)), t
assert near(t["cache"], (55879680 - 5242880) / 6e12) and t["waves"] == 0, t
assert near(t["misses"], 7 * 0.5e-6) and near(t["rounds"], 1 * 0.16e-6), t
assert near(row["seconds"] / 64, t["edge"] + t["rounds"] + t["misses"] + t["block"] + t["memory"]), row
assert row["decides"] == "memory", row
decode = {(r["shape"], r["weights"]): r for r in rows if r["work"] == "decode" and r["batch"] == 1}
for (shape, weights), whole in decode.items():
    of = {"work": "profile", "shape": shape, "weights": weights, "batch": 1}
    parts = [r["seconds"] for r in rows if of.items() <= r.items()]
    assert len(parts) == 8 and near(sum(parts), whole["seconds"]), (shape, weights)
' "$work/rows"

# Another model of batch 1, written apart from this one by reading the kernels, has these tokens a second.
ok "another model agrees within a tenth at batch 1" python '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
other = {("mamba-2.8b", "bf16"): 493, ("mamba-2.8b", "int8"): 554, ("mamba-2.8b", "int4"): 575,
    ("mamba-130m", "bf16"): 2748}
ours = {(r["shape"], r["weights"]): r["tokens_per_second"] for r in rows if r["work"] == "decode" and r["batch"] == 1}
assert set(ours) == set(other), ours
assert all(abs(ours[of] / other[of] - 1) < 0.1 for of in other), ours
' "$work/rows"

# Each count that is said to be in the sums is: one more of it, and the token takes longer.
slower() {
	modelled --json --counts "$work/changed" --limits "${2-$limits}" | python '
import json, sys
def seconds(lines):
    for row in map(json.loads, lines):
        if row["work"] == "decode" and (row["shape"], row["weights"], row["batch"]) == ("mamba-2.8b", sys.argv[2], 1):
            return row["seconds"]
assert seconds(sys.stdin) > seconds(open(sys.argv[1]))
' "$work/rows" "$1"
}
for change in 3:stated:6 3:rounds:11 3:misses:12 1:loads:13 6:asked:7 1:atomics:14; do
	nth=${change%%:*} column=${change##*:} what=${change#*:}
	awk -v row="mamba-2.8b/bf16/batch/1/$nth" -v c="$column" '
		$1 == row { $c = $c + 1 + int($c / 50) } { print }' "$counts" >"$work/changed"
	ok "more ${what%:*} take longer" slower bf16
done
cp "$counts" "$work/changed"
sed '/^gemv_kernel<4, 1> /s/loop=8/loop=9/' "$limits" >"$work/longer"
ok "more instructions take longer" slower int4 "$work/longer"

ok "predictions for the first hour are these" modelled --check "$top_srcdir/bench/predictions.json"
sed '/batch 8: tokens/s/"predicted": [0-9.e+]*/"predicted": 1/' \
	"$top_srcdir/bench/predictions.json" >"$work/predictions"
modelled --check "$work/predictions" >"$work/said" && echo "not refused" >"$work/said"
ok "one that is not is named" grep -q 'batch 8: tokens/s: predicted 1, modelled' "$work/said"
modelled --markdown | grep '^|' >"$work/table"
awk '/^### Modelled times/ { on = 1 } on && /^\|/' "$top_srcdir/docs/cuda.md" >"$work/documented"
ok "docs/cuda.md has this table" cmp "$work/table" "$work/documented"
done_testing
