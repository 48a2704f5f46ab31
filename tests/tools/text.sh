#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# text.sh - krait tokenize, score, info and list.
. "$(dirname "$0")/tap.sh"

exits 0 "tokenize" "$KRAIT" tokenize "Once upon a time there was a king who had a"
ok "ids of the demo model" test "$(cat "$work/out")" = "2727 785 262 540 451 312 262 821 457 341 262"
exits 0 "tokenize -d" "$KRAIT" tokenize -d $(cat "$here/greedy.ids")
{ cat "$here/greedy.txt"; echo; } >"$work/expected"
ok "ids to text" cmp "$work/out" "$work/expected"
exits 0 "tokenize --json" "$KRAIT" tokenize --json "a king"
ok "the keys of --json" grep -q '"n_tokens":.*"ids":\[' "$work/out"
printf 'caf\303\251 \342\202\254 \360\237\246\213 \tx\n\n  y' >"$work/text"
"$KRAIT" tokenize <"$work/text" >"$work/ids"
"$KRAIT" tokenize -d <"$work/ids" >"$work/back"
echo >>"$work/text"
ok "there and back" cmp "$work/back" "$work/text"
ok "special tokens are text" test "$("$KRAIT" tokenize '<|endoftext|>' | wc -w)" -gt 1
ok "unless asked for" test "$("$KRAIT" tokenize --special '<|endoftext|>')" = 0

# 27 is ESC; its escape sequence must not reach a terminal.
printf 'red \033[31m and \302\233 done' | "$KRAIT" tokenize >"$work/ids"
"$KRAIT" tokenize -d <"$work/ids" >"$work/out"
ok "terminal escapes are left out" sh -c "test \"\$(cat '$work/out')\" = 'red [31m and  done'"
"$KRAIT" tokenize -d --raw <"$work/ids" >"$work/out"
printf 'red \033[31m and \302\233 done\n' >"$work/expected"
ok "unless --raw" cmp "$work/out" "$work/expected"

# What PyTorch computed for this text in float64 and float32 stands in scores.json.
if [ -n "${SANITIZE-}" ]; then
	skip "the score is that of scores.json within 0.1 %" "minutes in a build with sanitizers"
elif command -v xz >/dev/null && [ -n "$PYTHON3" ]; then
	xz -dc "$KRAIT_TEST_DATA/text/valid.txt.xz" >"$work/valid.txt"
	exits 0 "score --json" "$KRAIT" score --json "$work/valid.txt"
	ok "the score is that of scores.json within 0.1 %" "$PYTHON3" -c '
import json, sys
got, right = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))["stories/valid.txt"]
assert set(got) == set(right), got
assert got["tokens"] == right["tokens"] and got["bytes"] == right["bytes"], got
for key in ("nats_per_token", "perplexity", "bits_per_byte"):
    assert abs(got[key] / right[key] - 1) < 1e-3, (key, got, right)
' "$work/out" "$KRAIT_TEST_DATA/demo/scores.json"
else
	skip "the score is that of scores.json within 0.1 %" "no xz or no python3"
fi
exits 0 "score of a small text" "$KRAIT" score "$here/greedy.txt"
ok "a table" grep -q '^bits per byte' "$work/out"

exits 0 "info --json" "$KRAIT" info --json
for key in family n_parameters vocab_size d_model n_layers weights memory_bytes state_bytes tokenizer chat_template fingerprint; do
	ok "info has $key" grep -q "\"$key\":" "$work/out"
done
exits 0 "info" "$KRAIT" info
ok "info names the family" grep -Eq '^family +mamba$' "$work/out"
exits 0 "info MODEL" "$KRAIT" info "$KRAIT_TEST_DATA/golden/mamba2-hf-f32"
ok "info names that family" grep -Eq '^family +mamba2$' "$work/out"
ok "nothing that is no news" sh -c "! grep -qE '^(engine|inspected)' '$work/out'"
ok "and nothing nested" sh -c "! grep -q '[{[]' '$work/out'"
exits 0 "info of a model with something odd about it" "$KRAIT" info "$KRAIT_TEST_DATA/golden/mamba1-bin-f16"
ok "says what" grep -Eq '^note  *there is no tokenizer' "$work/out"
ok "once" test ! -s "$work/err"

# A saved state tells of itself, without its model.
"$KRAIT" run --seed 42 --temp 0.7 -n 5 --save "$work/saved.state" "Once upon a time" >/dev/null
exits 0 "info STATE" env KRAIT_MODEL_PATH= "$KRAIT" info "$work/saved.state"
ok "where it stands" grep -Eq '^position  *9$' "$work/out"
ok "its settings" grep -Eq '^settings  *temperature 0.7, .*seed 42$' "$work/out"
ok "whose it is" grep -Eq "^fingerprint  *$("$KRAIT" info | sed -n 's/^fingerprint *//p')\$" "$work/out"
exits 0 "info STATE --json" "$KRAIT" info -m demo --json "$work/saved.state"
ok "as JSON, with the model" grep -q '"position":9,.*"file_bytes":.*"of_this_model":true}' "$work/out"
exits 0 "info STATE of another model" "$KRAIT" info -m "$KRAIT_TEST_DATA/golden/mamba2-hf-f32" "$work/saved.state"
ok "says that it is" grep -Eq '^of_this_model  *no$' "$work/out"
head -c 1000 "$work/saved.state" >"$work/short.state"
exits 1 "info of half a state" "$KRAIT" info "$work/short.state"
ok "says so" grep -q 'short.state: a damaged state' "$work/err"
head -c 20 "$work/saved.state" >"$work/short.state"
exits 1 "info of a header that is cut" "$KRAIT" info "$work/short.state"
ok "says so in one line" one_line
printf 'Hello.\n/save %s\n' "$work/talk.state" | "$KRAIT" chat -n 3 >/dev/null 2>&1
exits 0 "info of a saved conversation" "$KRAIT" info "$work/talk.state"
ok "tells how many messages there are" grep -Eq '^messages  *2$' "$work/out"

exits 0 "info --devices" "$KRAIT" info --devices
ok "there is a cpu" grep -q '^cpu' "$work/out"
exits 0 "info --devices without a CUDA engine" env KRAIT_CUDA_PLUGIN=/nowhere/krait-cuda.so "$KRAIT" info --devices
ok "says why there is no GPU, and what to do" grep -q '^cuda  *cannot be used: the CUDA engine is not installed: .*/nowhere/krait-cuda.so.*install the package' "$work/out"
exits 0 "info --devices --json" "$KRAIT" info --devices --json
ok "as JSON too" grep -q '"name":"cpu"' "$work/out"

hub=$work/hub/models--some--model
commit=0123456789abcdef0123456789abcdef01234567
mkdir -p "$hub/refs" "$hub/snapshots/$commit"
printf %s $commit >"$hub/refs/main"
cp "$KRAIT_TEST_DATA"/golden/mamba1-hf-bf16/* "$hub/snapshots/$commit/"
exits 0 "list" "$KRAIT" list
ok "the demo model is listed" grep -q '^demo ' "$work/out"
ok "and one of the hub's cache" grep -q '^some/model ' "$work/out"
exits 0 "which opens by that name" "$KRAIT" info -m some/model
exits 0 "list --json" "$KRAIT" list --json
ok "with the keys" grep -q '"name": "some/model".*"source": "hub", "whole": true' "$work/out"
done_testing
