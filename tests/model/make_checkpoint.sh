#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_checkpoint.sh - the same weights have the same fingerprint in every layout that they are published in.
: "${KRAIT:?the krait command to test}"
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON3:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
	echo "1..0 # SKIP no Python 3.9"
	exit 0
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
HOME=$work
export HOME

fingerprint() {
	"$KRAIT" info --json "$1" 2>/dev/null | sed -n 's/.*"fingerprint": *"\([0-9a-f]*\)".*/\1/p'
}

n=0
for type in f32 f16 bf16; do
	n=$((n + 1))
	"$python" "$here/make_checkpoint.py" "$work/$type" --dtype $type --width 32 --layers 2 --vocab 50 --shards 2
	original=$(fingerprint "$work/$type/original")
	hub=$(fingerprint "$work/$type/hub")
	if [ ${#original} -eq 32 ] && [ "$original" = "$hub" ]; then
		echo "ok $n - $type: pytorch_model.bin and safetensors in two shards"
	else
		echo "not ok $n - $type: pytorch_model.bin ($original) and safetensors in two shards ($hub)"
	fi
done
echo "1..$n"
