# SPDX-License-Identifier: Apache-2.0
# completion.zsh SCRIPT WORD... - what the completion offers after the words, the last of which is
# being written. What zsh itself offers in a completion is stood in for.
script=$1
shift
words=("$@") CURRENT=$#
cur=$words[-1]
compadd() {
	[[ $1 == -a ]] && print -rl -- ${(P)2} | grep "^$cur"
}
_describe() {
	print -rl -- ${(P)2} | sed -n "/^$cur/s/:.*//p"
}
_files() {
	local -a found=(${cur}*(N))
	(( $#found )) && print -rl -- $found
}
compset() {
	cur=${cur#*=}
}
set --
source $script
