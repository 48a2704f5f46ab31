#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# errors.sh - exit statuses, and failures told in one line.
. "$(dirname "$0")/tap.sh"

exits 0 "--version" "$KRAIT" --version
ok "names a version" grep -Eqx 'krait [0-9]+\.[0-9]+\.[0-9]+' "$work/out"
exits 0 "--help" "$KRAIT" --help
for verb in run chat tokenize score info list bench; do
	ok "--help names $verb" grep -q "^  $verb " "$work/out"
done
for verb in run chat tokenize score info list bench; do
	exits 0 "$verb --help" "$KRAIT" $verb --help
	ok "it is on stdout and names --model and --json" sh -c "grep -q -e --model '$work/out' && grep -q -e --json '$work/out' && ! test -s '$work/err'"
	exits 2 "$verb with an unknown option" "$KRAIT" $verb --no-such-option
	ok "one line" one_line
	cp "$work/err" "$work/err.$verb"
	ok "it names the option" grep -q -e --no-such-option "$work/err.$verb"
done

usage() {
	name=$1
	shift
	exits 2 "$name" "$KRAIT" "$@"
	ok "$name: one line" one_line
}
usage "no verb"
usage "an unknown verb" levitate
usage "run without a prompt" run
usage "run with two prompts" run once upon
usage "a number that is none" run -n many x
usage "a number out of range" run --top-p 1.5 x
usage "an option without its value" run x --seed
usage "a value for a flag" run --greedy=yes x
usage "score without a file" score
usage "a device that does not exist" run --device abacus x
usage "an unknown type of weights" run --weights f13 x

fails() {
	name=$1
	shift
	exits 1 "$name" "$KRAIT" "$@"
	ok "$name: one line" one_line
}
fails "a model that does not exist" run -m "$work/nothing" x
ok "the line names it" grep -q nothing "$work/err"
mkdir "$work/empty"
fails "a folder without a configuration" info -m "$work/empty"
fails "a file that is no model" info -m "$here/greedy.txt"
fails "a file to score that does not exist" score "$work/nothing"
ok "the line names it" grep -q nothing "$work/err"
printf x >"$work/x"
fails "too little to score" score "$work/x"
fails "an empty prompt" run ""
fails "a state that does not exist" run --load "$work/nothing.krait"
fails "a file that is no state" run --load "$here/greedy.txt"
fails "a state cannot be saved in a missing folder" run -n 1 --save "$work/no/such/folder.krait" x
fails "an id that does not exist" tokenize -d 4096000
fails "ids that are none" tokenize -d one two
fails "a name with a line break stays one line" run -m "two
lines" x
fails "a bench shape that does not exist" bench --shape mamba-13p

if [ -c /dev/full ]; then
	"$KRAIT" info --json >/dev/full 2>"$work/err"
	ok "a full disk is an error" test $? -eq 1
	ok "a full disk: one line" one_line
else
	skip "a full disk is an error" "no /dev/full"
fi
"$KRAIT" run -n 2000 --seed 1 "Once" 2>"$work/err" | head -c 10 >/dev/null
ok "a closed pipe says nothing" test ! -s "$work/err"
done_testing
