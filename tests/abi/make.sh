#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make.sh BUILD FOLDER - makes what is kept of a release: FOLDER/program.c, compiled against the library
# in BUILD, what it prints, and state files with what follows them. Run once for a release, in a
# checkout of it, on Debian 12 on amd64; FOLDER is tests/abi/<release>. README.md says more.
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"
cd "$2"
gcc -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror "-I$here/../../include" program.c \
	"-L$build/.libs" -lkrait -o program-amd64
strip --remove-section=.note.gnu.build-id program-amd64
export LD_LIBRARY_PATH="$build/.libs" KRAIT_MODEL_PATH="$here/../../models"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
./program-amd64 all demo "$work" >all.txt
for model in demo mamba1-hf-bf16 mamba2-groups-f32; do
	path=$here/../data/golden/$model
	[ -e "$path" ] || path=$model
	./program-amd64 save "$path" "$model.krait"
	./program-amd64 follow "$path" "$model.krait" >"$model.txt"
done
