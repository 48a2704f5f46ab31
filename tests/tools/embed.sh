#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed.sh - krait embed: a vector for each line; and what a model without a head is good for.
. "$(dirname "$0")/tap.sh"

printf 'Once upon a time\nthere was a king\nwho had a daughter' >"$work/lines"
exits 0 "embed" "$KRAIT" embed demo "$work/lines"
cp "$work/out" "$work/last"
ok "a line for each line" sh -c "test \"\$(wc -l <'$work/last')\" -eq 3"
width=$("$KRAIT" info --json | grep -o '"d_model":[0-9]*' | tr -dc 0-9)
ok "of as many numbers as the model is wide" sh -c "awk -v n=$width 'NF != n { exit 1 }' '$work/last'"
ok "nothing on stderr" test ! -s "$work/err"
"$KRAIT" embed <"$work/lines" >"$work/piped"
ok "without arguments: demo, and standard input" cmp "$work/last" "$work/piped"
"$KRAIT" embed -m demo "$work/lines" >"$work/named"
ok "-m names the model: all arguments are files" cmp "$work/last" "$work/named"
"$KRAIT" embed demo "$work/lines" - <"$work/lines" >"$work/twice"
ok "several files, standard input among them" sh -c "cat '$work/last' '$work/last' | cmp - '$work/twice'"
sed -n 2p "$work/lines" | tr '\n' '\r' >"$work/second"
printf '\n' >>"$work/second"
"$KRAIT" embed demo "$work/second" >"$work/out"
ok "a line alone has the vector that it has among others, whatever ends it" sh -c "sed -n 2p '$work/last' | cmp - '$work/out'"
awk '{ l[NR] = $0 } END { for (i = 0; i < 50; i++) for (k = 1; k <= NR; k++) print l[k] }' "$work/lines" >"$work/many"
awk '{ l[NR] = $0 } END { for (i = 0; i < 50; i++) for (k = 1; k <= NR; k++) print l[k] }' "$work/last" >"$work/expected"
"$KRAIT" embed demo "$work/many" >"$work/out"
ok "many lines" cmp "$work/out" "$work/expected"
"$KRAIT" embed demo --pooling last "$work/lines" >"$work/out"
ok "--pooling last is the default" cmp "$work/last" "$work/out"
"$KRAIT" embed demo --pooling mean "$work/lines" >"$work/mean"
ok "--pooling mean is another vector" sh -c "! cmp -s '$work/mean' '$work/last'"
"$KRAIT" embed demo --pooling mean --normalise "$work/lines" >"$work/out"
ok "--normalise: the length is 1" awk '{ s = 0; for (i = 1; i <= NF; i++) s += $i * $i; if (s < 0.99999 || s > 1.00001) exit 1 }' "$work/out"
exits 0 "embed --json" "$KRAIT" embed demo --json "$work/lines"
ok "an object a line" sh -c "test \"\$(grep -c '^{\"text\":\"[^\"]*\",\"tokens\":[0-9]*,\"vector\":\[[-0-9.,e]*\]}$' '$work/out')\" -eq 3"
ok "with the text" grep -q '^{"text":"there was a king",' "$work/out"

printf 'one\n\ntwo\n' >"$work/gap"
exits 1 "a line without tokens" "$KRAIT" embed demo "$work/gap"
ok "is named" grep -q 'line 2 has no tokens' "$work/err"
ok "and nothing was written" test ! -s "$work/out"
exits 0 "an empty file" "$KRAIT" embed demo /dev/null
ok "has no vectors" test ! -s "$work/out"
exits 1 "a file that does not exist" "$KRAIT" embed demo "$work/nothing"
ok "one line" one_line

# A golden model as what is below its head: it ties head and embedding, so there is no tensor to take away.
mkdir "$work/headless"
cp "$KRAIT_TEST_DATA"/golden/mamba1-hf-bf16/model.safetensors "$work/headless"
sed 's/ForCausalLM/Model/' "$KRAIT_TEST_DATA/golden/mamba1-hf-bf16/config.json" >"$work/headless/config.json"
exits 0 "info tells of a model without a head" "$KRAIT" info "$work/headless"
ok "that there is none" grep -Eq '^has_head +no$' "$work/out"
for verb in "run -n 1 x" "chat" "score $work/lines"; do
	exits 1 "${verb%% *} is refused" "$KRAIT" $verb -m "$work/headless"
	ok "by name" grep -q 'this model has no head: it gives hidden vectors, not logits' "$work/err"
	ok "in one line" one_line
done
printf 'ACGT\nGATTACA\n' >"$work/letters"
exits 0 "a model without a head embeds" "$KRAIT" embed --tokenizer "$KRAIT_TEST_DATA/tokenizer/dna" "$work/headless" "$work/letters"
cp "$work/out" "$work/below"
"$KRAIT" embed --tokenizer "$KRAIT_TEST_DATA/tokenizer/dna" "$KRAIT_TEST_DATA/golden/mamba1-hf-bf16" "$work/letters" >"$work/out"
ok "as the language model does" cmp "$work/below" "$work/out"
ok "two lines" sh -c "test \"\$(wc -l <'$work/below')\" -eq 2"
done_testing
