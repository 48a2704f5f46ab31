#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What each kernel of a token and of a prompt asks of a GPU is what counts.txt says; the new table stays in the build
# folder as counts.new where it is not.
. "$top_srcdir/tests/install/tap.sh"
[ -z "${SANITIZE-}" ] || skip_all "a sanitizer sees the accesses in place of the counter"
have "${PYTHON3:-python3}" || skip_all "python3 is not installed"
program=$top_builddir/tests/cuda/asked table=$top_srcdir/tests/cuda/counts.txt
limits=$top_srcdir/kernels/cuda/limits.txt
compare() { "$PYTHON3" "$top_srcdir/tests/cuda/asked.py" "$@"; }
result "kernels are counted" "$("$program" >"$work/counted" 2>"$work/err"; echo $?)" "$work/err"
result "each kernel has its registers" \
	"$(compare complete "$limits" "$work/counted" >"$work/counts.new" 2>"$work/err"; echo $?)" "$work/err"
by=$(grep '^# Kernels compiled by' "$work/counts.new") || by=nobody
if ! grep -qxF "$by" "$table"; then
	skip "nothing is asked for that the table does not have" "${by#\# }, the table is of another compiler's"
	done_testing
	exit 0
fi
ok "nothing is asked for that the table does not have" compare "$table" "$work/counts.new"
cmp -s "$table" "$work/counts.new" || cp "$work/counts.new" "$top_builddir/tests/cuda/counts.new"

# The comparison itself: one number of one row changed.
awk '$1 == "mamba-2.8b/bf16/batch/1/3" { $7-- } { print }' "$table" >"$work/less"
awk '$1 == "mamba-2.8b/bf16/batch/1/3" { $11++ } { print }' "$table" >"$work/more"
ok "a rise is refused, with the row's name" sh -c '! "$1" "$2" "$3" "$4" >"$5" && grep -q "^mamba-2.8b/bf16/batch/1/3 .*asked rose" "$5"' \
	sh "$PYTHON3" "$top_srcdir/tests/cuda/asked.py" "$work/less" "$table" "$work/said"
ok "a fall asks for the new table" sh -c '! "$1" "$2" "$3" "$4" >"$5" && grep -q "^nothing rose: commit" "$5"' \
	sh "$PYTHON3" "$top_srcdir/tests/cuda/asked.py" "$work/more" "$table" "$work/said"

# What can be added up by hand: in_proj of mamba-2.8b is 10240 x 2560 in 2 bytes, of 256 tokens each 2560 floats.
ok "in_proj at batch 256 is read once for each column of tiles" awk '
	$1 == "mamba-2.8b/bf16/batch/256/3" { n = $5 ? $7 : 0; w = 10240 * 2560 * 2; x = 256 * 2560 * 4
		good = n > 4 * w + 80 * x && n < 1.1 * (4 * w + 80 * x) }
	END { exit !good }' "$work/counts.new"
# 512 threads look through 50,280 logits, one at a time, and their best go to each other through shared memory.
ok "the likeliest of all logits takes 99 loads a thread" awk '
	$1 == "draw/N(0,3)/likeliest/1/0" { good = $13 > 98 && $13 < 110 }
	END { exit !good }' "$work/counts.new"
# A simulation of the first pass over as many normal logits, written apart from this, had 24,672 of them in one bin.
ok "top-p adds half of all weights to one address" awk '
	$1 == "draw/N(0,3)/top-p-0.95/1/0" { good = $14 > 24672 * 0.97 && $14 < 24672 * 1.03 }
	END { exit !good }' "$work/counts.new"
# 107 registers of 256 threads leave room for 2 blocks: 640 blocks on 264 places.
ok "waves are blocks over the places for them" awk '
	$1 == "mamba-2.8b/bf16/batch/1/6" { good = $16 == 2 && $17 > 2.42 && $17 < 2.43 }
	END { exit !good }' "$work/counts.new"
done_testing
