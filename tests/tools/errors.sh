#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# errors.sh - exit statuses, and failures told in one line.
. "$(dirname "$0")/tap.sh"

exits 0 "--version" "$KRAIT" --version
ok "names a version" grep -Eqx 'krait [0-9]+\.[0-9]+\.[0-9]+' "$work/out"
for word in version -V -v; do
	"$KRAIT" --version >"$work/version"
	exits 0 "$word" "$KRAIT" $word
	ok "is --version" cmp "$work/out" "$work/version"
done
exits 2 "help of an unknown verb" "$KRAIT" help levitate
exits 0 "an option that makes no difference is taken all the same" "$KRAIT" list --device cpu -t 2 --weights f16
exits 0 "--help" "$KRAIT" --help
for verb in run chat tokenize score embed info pull list rm bench; do
	ok "--help names $verb" grep -q "^  $verb " "$work/out"
done
for verb in run chat tokenize score embed info pull list rm bench; do
	exits 0 "$verb --help" "$KRAIT" $verb --help
	ok "it is on stdout and names --json" sh -c "grep -q -e --json '$work/out' && ! test -s '$work/err'"
	cp "$work/out" "$work/help"
	exits 0 "help $verb" "$KRAIT" help $verb
	ok "says the same" cmp "$work/out" "$work/help"
	case $verb in
	list | pull | rm) ok "$verb --help names no option that makes no difference" sh -c "! grep -qE -e '--(model|device|weights|tokenizer)' '$work/help'" ;;
	tokenize) ok "$verb --help names --model, and no option that makes no difference" sh -c "grep -q -e --model '$work/help' && ! grep -qE -e '--(device|weights)' '$work/help'" ;;
	*) ok "$verb --help names --model and --device" sh -c "grep -q -e --model '$work/help' && grep -q -e --device '$work/help'" ;;
	esac
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
usage "a pooling that there is not" embed demo --pooling middle
usage "a device that does not exist" run --device abacus x
usage "an unknown type of weights" run --weights f13 x

# asks WORD...: the last words are asked for, and the first is what is proposed.
asks() {
	wanted=$1
	shift
	exits 2 "$*" "$KRAIT" "$@"
	ok "did you mean $wanted" grep -q "did you mean '*$wanted'*?" "$work/err"
}
asks run rnu
asks tokenize tokenise x
asks --temp run --tmp 1 x
asks --temp run --temperature=1 x
asks --repeat-penalty run --repetition-penalty 1.1 x
asks --tokens run --max-new-tokens 5 x
asks --template chat --tempalte chatml
exits 2 "a word that is near to nothing" "$KRAIT" run --zzz x
ok "is not guessed" sh -c "! grep -q 'did you mean' '$work/err'"
usage "no penalty below 0 or of 0" run --repeat-penalty 0 x
ok "is said in words" grep -q "a number above 0" "$work/err"
usage "too many threads" run --threads 2000 x
ok "the bound is that of the library" grep -q "from 0 to 1024" "$work/err"
usage "kernels are timed on a GPU" bench --device cpu --profile
ok "and nothing was written" test ! -s "$work/out"

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
cp -r "$KRAIT_TEST_DATA/golden/mamba1-bin-f16" "$work/untold"
chmod -R u+w "$work/untold"
rm -f "$work/untold"/tokenizer*
fails "text for a model without a tokenizer" run -m "$work/untold" x
ok "--tokenizer is named" grep -q -e --tokenizer "$work/err"
fails "a chat with a model without a tokenizer" chat -m "$work/untold"
ok "and it is the tokenizer that is missing" grep -q -e --tokenizer "$work/err"
exits 1 "a place that cannot be saved to is found first" "$KRAIT" run -n -1 --save "$work/no/such/folder.krait" x
ok "before anything is written" test ! -s "$work/out"
fails "a state cannot be saved over a folder" run -n 1 --save "$work/empty" x
fails "a name with a line break stays one line" run -m "two
lines" x
fails "a bench shape that does not exist" bench --shape mamba-13p

if [ -c /dev/full ]; then
	"$KRAIT" info >/dev/full 2>"$work/err"
	ok "a full disk is an error" test $? -eq 1
	ok "a full disk: one line" one_line
else
	skip "a full disk is an error" "no /dev/full"
fi
"$KRAIT" run -n 2000 --seed 1 "Once" 2>"$work/err" | head -c 10 >/dev/null
ok "a closed pipe says nothing" test ! -s "$work/err"
{ "$KRAIT" run -n 2000 --seed 1 "Once"; echo $? >"$work/status"; } | head -c 10 >/dev/null
ok "and ends the command as it ends others, by SIGPIPE" test "$(cat "$work/status")" -eq 141

exits 1 "a failure with --json" "$KRAIT" run --json -m "$work/nothing" x
ok "is an object on stderr" grep -q '^{"error":".*nothing.*","status":1}$' "$work/err"
ok "and nothing on stdout" test ! -s "$work/out"
exits 2 "an unknown option with --json" "$KRAIT" run --json --no-such-option x
ok "is one too" grep -q '^{"error":".*no-such-option.*","status":2}$' "$work/err"
done_testing
