#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# timed.sh COMMAND... - runs a test script and adds the seconds that it took.
start=$(date +%s.%N)
if [ -x "$1" ]; then "$@"; else sh "$@"; fi
status=$?
echo "# seconds: $(echo "$(date +%s.%N) $start" | awk '{ printf "%.2f", $1 - $2 }')"
exit $status
