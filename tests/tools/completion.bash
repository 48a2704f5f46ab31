# SPDX-License-Identifier: Apache-2.0
# completion.bash SCRIPT WORD... - what the completion offers after the words, the last of which is
# being written.
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_krait
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
