#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every planted bug of bugs.cu is found by the build that is to find it: P the plain one, in some
# order of threads, A the one with AddressSanitizer and UBSan, T the one with ThreadSanitizer. What is
# right is found by none.
. "$top_srcdir/tests/install/tap.sh"
bugs=$top_builddir/tests/emu/bugs
table='
shared_index           A   shared_pointer         A   shared_dynamic         A   past_end               A
before_start           A   stale_shared           P   stale_global           P   no_barrier             PT
no_barrier_left        PT  no_second_barrier      PT  no_syncwarp            PT  shuffle_orders_nothing T
same_value             T   copy_of_another        PT  blocks_write           PT  blocks_read            PT
blocks_read_late       PT  warps_read_late        PT  no_grid_barrier        PT  early_return           PAT
divergent_barrier      PAT divergent_shuffle      PAT outside_mask           PAT from_absent_lane       PAT
different_operations   PAT traps                  PAT no_copy_wait           PAT misaligned_store       A
misaligned_load        PAT misaligned_copy        PAT misaligned_matrix      PAT grid_sync_alone        PAT
host_pointer           PAT host_reads_device      A   copy_past_device       PAT copy_past_host         A
leak                   PAT freed_under_graph      A   freed_twice            PAT freed_as_pinned        PAT
result_too_soon        PT  pinned_too_soon        PT  no_event               PT  no_edge                PT
early_never_waits      PAT early_releases         PAT early_reads            T   early_writes           T
early_chain            T   early_chain_in_graph   T
static_left_out        PAT static_above_all       PAT attribute_lowered      PAT early_cannot_wait      PAT
prefetch_past_end      PAT
right_syncwarp         -   right_atomics          -   right_copies           -   right_grid_barrier     -
right_events           -   right_graph            -   right_shared           -   right_shared_unasked   -
right_prefetch         -   right_early_older      -   right_early_chain      -   right_early_in_graph   -
right_early            -
'
case ${SANITIZE-} in
*thread*) flavour=T runs=fwd/eager ;;
*address*) flavour=A runs=fwd/eager ;;
*) flavour=P runs='fwd/eager rev/eager rand:5/eager fwd/lazy rev/lazy' ;;
esac
ulimit -c 0

# Whether a run with some order of threads says that something is wrong.
found() {
	for run in $runs; do
		EMU_ORDER=${run%/*} EMU_STREAM=${run#*/} "$bugs" "$1" >"$work/log" 2>&1 || return 0
	done
	return 1
}

# shellcheck disable=SC2086  # a list of words
set -- $table
while [ $# -gt 0 ]; do
	echo "$1"
	case $2 in
	-) ok "$1 is right" sh -c '! (exit "$1")' sh "$(found "$1" && echo 0 || echo 1)" ;;
	*$flavour*) ok "$1 is found" found "$1" ;;
	esac
	shift 2
done >"$work/out"
grep -E '^(ok|not ok|#) ' "$work/out"
n_tests=$(grep -cE '^(ok|not ok) ' "$work/out")
grep -vE '^(ok|not ok|#)' "$work/out" >"$work/named"
"$bugs" >"$work/all"
ok "the table names every bug there is" cmp "$work/named" "$work/all"
done_testing
