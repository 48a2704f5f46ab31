#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh - krait run: the text, reproducible, continued from a saved state, as JSON.
. "$(dirname "$0")/tap.sh"
prompt="Once upon a time there was a king who had a"

exits 0 "greedy runs" "$KRAIT" run --greedy -n 64 "$prompt"
ok "greedy text is that of the float64 oracle" cmp "$work/out" "$here/greedy.txt"
ok "nothing on stderr" test ! -s "$work/err"

"$KRAIT" run --greedy -n 64 -t 1 "$prompt" >"$work/one"
ok "one thread writes the same" cmp "$work/one" "$here/greedy.txt"
printf '%s\n' "$prompt" | "$KRAIT" run --greedy -n 64 - >"$work/stdin"
ok "the prompt from standard input" cmp "$work/stdin" "$here/greedy.txt"
printf '%s\n' "$prompt" | "$KRAIT" run --greedy -n 64 >"$work/piped"
ok "or from a pipe, without '-'" cmp "$work/piped" "$here/greedy.txt"
printf 'something else' | "$KRAIT" run --greedy -n 64 "$prompt" >"$work/both"
ok "but not where one is given" cmp "$work/both" "$here/greedy.txt"
"$KRAIT" run -n 1 "$(printf 'caf\351 and more')" >"$work/out" 2>"$work/err"
ok "a prompt that is no UTF-8 is read" test $? -eq 0
ok "and where it is none is said" sh -c "grep -q 'no UTF-8 from byte 4 on' '$work/err' && test \"\$(wc -l <'$work/err')\" -eq 1"
"$KRAIT" run -n 1 "$(printf 'caf\303\251')" >"$work/out" 2>"$work/err"
ok "UTF-8 is no matter" test ! -s "$work/err"
"$KRAIT" run --greedy -n 64 -v "$prompt" >"$work/out" 2>&1
ok "-v: the figures have a line of their own" grep -q '^krait: read 11 tokens in .*, wrote 64 in .* tokens/s); ended by limit; seed' "$work/out"
"$KRAIT" run --greedy -n 64 -v "$prompt" 2>"$work/err" >"$work/out"
ok "and there is nothing but lines where they go elsewhere" sh -c "! grep -q '^$' '$work/err'"
"$KRAIT" run --greedy -n 64 --echo "$prompt" >"$work/echo"
{ printf %s "$prompt"; cat "$here/greedy.txt"; } >"$work/expected"
ok "--echo writes the prompt first" cmp "$work/echo" "$work/expected"

"$KRAIT" run --seed 7 -n 60 "$prompt" >"$work/seven"
"$KRAIT" run --seed 7 -n 60 "$prompt" >"$work/again"
"$KRAIT" run --seed 8 -n 60 "$prompt" >"$work/eight"
ok "one seed, one text" cmp "$work/seven" "$work/again"
ok "another seed, another text" sh -c "! cmp -s '$work/seven' '$work/eight'"
"$KRAIT" run --seed 7 -n 60 --temp 0.8 --top-p 0.9 "$prompt" >"$work/given"
ok "without flags the settings are those of generation_config" cmp "$work/seven" "$work/given"

cp -r "$here/../../models/demo" "$work/odd"
chmod -R u+w "$work/odd"
printf '{"temperature": 0.8, "top_p": 1.5, "top_k": null, "min_p": "some"}' >"$work/odd/generation_config.json"
"$KRAIT" run --seed 7 -n 60 -m "$work/odd" "$prompt" >"$work/out" 2>"$work/err"
"$KRAIT" run --seed 7 -n 60 --temp 0.8 --top-p 0.95 "$prompt" >"$work/given"
ok "what makes no sense in generation_config stops nobody" cmp "$work/out" "$work/given"

# Two runs with a save between write what one writes.
set -- --seed 3 --temp 1.1 --top-k 60 --min-p 0.01 --repeat-penalty 1.1 --presence-penalty 0.2 --frequency-penalty 0.1
"$KRAIT" run "$@" -n 70 "$prompt" >"$work/whole"
for cut in 1 13 50; do
	"$KRAIT" run "$@" -n $cut --save "$work/state.krait" "$prompt" >"$work/first"
	"$KRAIT" run -n $((70 - cut)) --load "$work/state.krait" >"$work/second"
	cat "$work/first" "$work/second" >"$work/both"
	ok "saved after $cut tokens and loaded, the text goes on as in one run" cmp "$work/both" "$work/whole"
done
"$KRAIT" run --greedy -n 0 --save "$work/prompt.krait" "$prompt" >"$work/none"
ok "-n 0 writes nothing" test ! -s "$work/none"
"$KRAIT" run -n 64 --load "$work/prompt.krait" >"$work/later"
ok "a prompt that was only read and saved" cmp "$work/later" "$here/greedy.txt"

exits 0 "--stop ends before a text" "$KRAIT" run --greedy -n 64 --stop '"I will,' "$prompt"
ok "and nothing of the stop text is written" sh -c "! grep -q 'I will,' '$work/out' && grep -q 'my daughter' '$work/out'"

exits 0 "--json" "$KRAIT" run --greedy -n 64 --json "$prompt"
if [ -n "$PYTHON3" ]; then
	ok "each line is JSON, the pieces are the text, the ids are right" "$PYTHON3" -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
text = open(sys.argv[2]).read()
ids = [int(i) for i in open(sys.argv[3]).read().split()]
assert "".join(line["text"] for line in lines[:-1]) == text
assert [line["token"] for line in lines[:-1] if line["token"] is not None] == ids
assert all(set(line) == {"token", "text"} for line in lines[:-1])
last = lines[-1]
assert last["done"] is True and last["text"] == text and last["n_tokens"] == 64 and last["reason"] == "limit"
assert last["n_prompt_tokens"] == 11 and last["position"] == 75
' "$work/out" "$here/greedy.txt" "$here/greedy.ids"
else
	skip "each line is JSON" "no python3"
fi
done_testing
