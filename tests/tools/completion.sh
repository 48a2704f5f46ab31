#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion offers what the command has, in each shell that is here.
. "${0%/*}/tap.sh"
[ -z "${SANITIZE-}" ] || { echo "1..0 # SKIP the same in a build without sanitizers"; exit 0; }
completion=$here/../../tools/completion
mkdir "$work/bin" "$work/files" "$work/models"
ln -s "$KRAIT" "$work/bin/krait"
PATH=$work/bin:$PATH
cp -r "$here/../../models/demo" "$work/models/tales"
chmod -R u+w "$work/models"
KRAIT_MODEL_PATH=$work/models
export PATH KRAIT_MODEL_PATH
cd "$work/files" || exit 99
touch story.state text.txt

# What the command has.
krait --help | awk '/^  [a-z]/ { print $1 }' >"$work/verbs"
has() {
	krait "$1" --help | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p'
}

# offers SHELL WORD...: what is offered, one a line.
offers() {
	case $1 in
	bash) shift; bash --norc "$here/completion.bash" "$completion/bash/krait" "$@" 2>&1 ;;
	zsh) shift; zsh -f "$here/completion.zsh" "$completion/_krait" "$@" 2>&1 ;;
	fish)
		shift
		fish --no-config -c "source '$completion/krait.fish'; complete -C '$*'" 2>&1 | sed 's/	.*//'
		;;
	esac | sort
}

# same NAME FILE COMMAND...: the lines of a file, in any order.
same() {
	same_name=$1 wanted=$2
	shift 2
	"$@" >"$work/offered"
	sort "$wanted" >"$work/wanted"
	ok "$same_name" diff "$work/wanted" "$work/offered"
}

# lines WORD...
lines() {
	printf '%s\n' "$@" >"$work/lines"
}

for shell in bash zsh fish; do
	if ! command -v $shell >/dev/null 2>&1; then
		skip "completion in $shell" "$shell is not here"
		continue
	fi
	cat "$work/verbs" >"$work/all"
	[ $shell = fish ] || printf '%s\n' --help --version >>"$work/all"
	same "$shell: the verbs" "$work/all" offers $shell krait ""
	while read -r verb; do
		has "$verb" >"$work/options"
		test -s "$work/options" || echo "$verb has no options"
		same "$shell: the options of $verb" "$work/options" offers $shell krait "$verb" --
	done <"$work/verbs"
	lines tales
	same "$shell: the installed models" "$work/lines" offers $shell krait run -m tal
	same "$shell: the installed models, with a long option" "$work/lines" offers $shell krait chat --model tal
	same "$shell: the installed models, as an argument" "$work/lines" offers $shell krait info tal
	lines exact fast
	same "$shell: values that the help lists" "$work/lines" offers $shell krait run --precision ""
	lines story.state
	same "$shell: files" "$work/lines" offers $shell krait run --load st
	lines text.txt
	same "$shell: files, as an argument" "$work/lines" offers $shell krait score te
	lines zephyr
	same "$shell: words or files" "$work/lines" offers $shell krait chat --template ze
	krait bench --shape list | grep '^mamba2-1' >"$work/lines"
	same "$shell: the shapes of bench" "$work/lines" offers $shell krait bench --shape mamba2-1
	: >"$work/lines"
	same "$shell: nothing where a number is needed" "$work/lines" offers $shell krait run -n ""
	case $shell in
	bash) lines bf16; same "bash: --option=value" "$work/lines" offers bash krait run --weights = b ;;
	zsh) lines bf16; same "zsh: --option=value" "$work/lines" offers zsh krait run --weights=b ;;
	fish) lines --weights=bf16; same "fish: --option=value" "$work/lines" offers fish krait run --weights=b ;;
	esac
done
done_testing
