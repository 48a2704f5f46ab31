#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pty.sh - krait on a terminal: Ctrl-C, line editing, history, colour.
. "$(dirname "$0")/tap.sh"
if [ -z "$PYTHON3" ]; then
	echo "1..0 # SKIP no python3"
	exit 0
fi
if ! "$PYTHON3" -c 'import os; os.openpty()' 2>"$work/err"; then
	echo "1..0 # SKIP no pseudo-terminal can be had here (/dev/pts is not mounted?)"
	exit 0
fi
# libedit copies the names of functions that it is given (wcsdup), and never frees them.
echo 'leak:wcsdup' >"$work/leaks"
export LSAN_OPTIONS="suppressions=$work/leaks:print_suppressions=0"
WORK=$work "$PYTHON3" "$here/pty_session.py"
