#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make check-cuda` says where there is no GPU: each program of $PROGRAMS skipped by name.
n=0
for program in $PROGRAMS; do
	case $program in
	tests/emu/test_emu_* | tests/emu/bugs) continue ;;
	esac
	n=$((n + 1))
	echo "skipped: $program: no NVIDIA GPU here (/dev/nvidiactl is missing)"
done
echo "gpu: 0 passed, 0 failed, $n skipped"
