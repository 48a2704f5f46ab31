#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# chat.sh - krait chat as a script drives it: turns, and every command.
. "$(dirname "$0")/tap.sh"

# talk FILE [OPTIONS] - standard input to the chat, answers to FILE
talk() {
	out=$1
	shift
	"$KRAIT" chat -n 24 --seed 5 "$@" >"$out" 2>"$work/err"
}

printf 'Tell me a story about the wolf.\nGo on.\n' | talk "$work/two"
ok "two questions" test -s "$work/two"
ok "nothing but answers on stdout, no prompt, no colour" sh -c "! grep -q '^>' '$work/two' && ! grep -q \"\$(printf '\\033')\" '$work/two'"
printf 'Tell me a story about the wolf.\nGo on.\n' | talk "$work/again"
ok "one seed, one conversation" cmp "$work/two" "$work/again"

printf 'Tell me a story about the wolf.\n' | talk "$work/one"
printf 'Tell me a story about the wolf.\nSay hello.\n/undo\nGo on.\n' | talk "$work/undone" --json
printf 'Tell me a story about the wolf.\nGo on.\n' | talk "$work/plain" --json
last() {
	grep '"done":' "$1" | tail -n 1 | sed 's/"seconds":.*//'
}
ok "/undo: the next answer is as if it had not been asked" test "$(last "$work/undone")" = "$(last "$work/plain")"
ok "--json streams pieces and ends each answer with a summary" sh -c "grep -c '\"done\":true' '$work/plain' | grep -qx 2"

printf 'Tell me a story about the wolf.\n/save %s\n' "$work/chat.krait" | talk "$work/saved"
ok "/save writes a file" test -s "$work/chat.krait"
printf '/load %s\nGo on.\n' "$work/chat.krait" | talk "$work/loaded" --json
ok "/load goes on where it was saved, in another process" test "$(last "$work/loaded")" = "$(last "$work/plain")"
printf 'Go on.\n' | talk "$work/loaded2" --json --load "$work/chat.krait"
ok "so does --load" test "$(last "$work/loaded2")" = "$(last "$work/plain")"

printf 'Tell me a story about the wolf.\n/fork side\nSay hello.\n/switch main\nGo on.\n' | talk "$work/forked" --json
ok "/fork leaves the first conversation alone" test "$(last "$work/forked")" = "$(last "$work/plain")"
printf 'Tell me a story about the wolf.\n/fork\nGo on.\n' | talk "$work/forked" --json
ok "and the copy goes on alike" test "$(last "$work/forked")" = "$(last "$work/plain")"
printf 'Tell me a story about the wolf.\n/fork\n/undo\n/undo\n' | talk "$work/forked"
ok "more /undo than turns is an error" test $? -eq 1
ok "told in one line" test "$(grep -c '^krait: ' "$work/err")" -eq 1

printf 'Tell me a story about the wolf.\n/regen\n' | talk "$work/regen" --json
ok "/regen gives two answers" sh -c "grep -c '\"done\":true' '$work/regen' | grep -qx 2"
ok "another one" sh -c "test \"\$(grep -h '\"done\"' '$work/regen' | sed 's/.*\"content\"//; s/\"seconds\".*//' | sort -u | wc -l)\" -eq 2"
printf 'Tell me a story about the wolf.\n/regen\n/undo\nTell me a story about the wolf.\n' | talk "$work/regen2" --json
ok "/undo after /regen takes both back" test $? -eq 0

printf '/set temp 0\nTell me a story about the wolf.\n' | talk "$work/cold" --json
printf 'Tell me a story about the wolf.\n' | talk "$work/greedy" --json --greedy
ok "/set temp 0 is greedy" test "$(last "$work/cold")" = "$(last "$work/greedy")"
printf '/set n 3\nTell me a story about the wolf.\n' | talk "$work/short" --json
ok "/set n limits an answer" grep -q '"n_tokens":3,' "$work/short"
printf '/set\n' | talk "$work/settings"
ok "/set lists the settings" grep -q '^top-p  *0.7 ' "$work/err"
ok "with the default temperature of a chat" grep -q '^temp  *0.9 ' "$work/err"


cp -r "$here/../../models/demo" "$work/model"
chmod -R u+w "$work/model"
printf '{"temperature": 0.3, "top_k": 17, "max_new_tokens": 2}' >"$work/model/generation_config.json"
printf 'Tell me a story about the wolf.\n/set\n' | talk "$work/short" -m "$work/model" --greedy --json
ok "the length of an answer is the chat's, whatever generation_config says" grep -q '"n_tokens":24,' "$work/short"
ok "but other settings of generation_config are kept, and listed" grep -q 'top-k  *17 ' "$work/err"

printf '/system You are an old sailor.\nTell me a story about the wolf.\n' | talk "$work/system" --json
printf 'Tell me a story about the wolf.\n' | talk "$work/system2" --json --system "You are an old sailor."
ok "/system is --system" test "$(last "$work/system")" = "$(last "$work/system2")"
ok "and it is read" test "$(last "$work/system")" != "$(grep '"done":' "$work/plain" | head -n 1 | sed 's/"seconds":.*//')"

printf 'Tell me a story\\\nabout the wolf.\n' | talk "$work/lines"
ok "a backslash goes on in the next line" test $? -eq 0
printf 'Tell me a story.' | talk "$work/lines"
ok "a last line without its newline" test -s "$work/lines"
printf '/help\n/quit\nTell me a story.\n' | talk "$work/quit"
ok "/quit ends" test ! -s "$work/quit"
printf '/exit\nTell me a story.\n' | talk "$work/exit"
ok "/exit ends" test ! -s "$work/exit"
printf '/help\n/quit\n' | talk "$work/quit"
for command in save load fork switch undo regen show set system help quit; do
	ok "/help names /$command" grep -q "^/$command" "$work/err"
done
printf '/sytem x\n' | talk "$work/wrong"
ok "a mistyped command" grep -q "did you mean '/system'?" "$work/err"
printf '/system You are an old sailor.\nTell me a story about the wolf.\n/show\n' | talk "$work/shown" --json
ok "/show with --json is one document" grep -q '^{"messages":\[{"role":"system","content":"You are an old sailor."},{"role":"user",.*{"role":"assistant",' "$work/shown"
printf '/system You are an old sailor.\n/system\n/system -\nTell me a story about the wolf.\n' | talk "$work/system" --json
ok "/system shows it" grep -q 'You are an old sailor' "$work/err"
ok "/system - takes it away" test "$(last "$work/system")" = "$(grep '"done":' "$work/plain" | head -n 1 | sed 's/"seconds":.*//')"
for command in /nonsense /save "/load $work/none" "/set nothing 1" "/set temp hot" "/switch none" /regen; do
	printf '%s\n' "$command" | talk "$work/wrong"
	ok "$command fails" test $? -eq 1
	ok "$command: one line" one_line
done
"$KRAIT" run -n 1 --save "$work/plain.krait" x >/dev/null
printf '/load %s\n' "$work/plain.krait" | talk "$work/wrong"
ok "a state without messages is no conversation" one_line

# A message's text never becomes a special token: the answer to it is an answer.
printf 'Say <|endoftext|> and <|assistant|>.\n' | talk "$work/special"
ok "special tokens in a message" test $? -eq 0
printf 'Tell me a story.\nGo on.\n' | talk "$work/zephyr" --template zephyr
ok "--template zephyr" test -s "$work/zephyr"
printf 'Tell me a story.\nGo on.\n' | talk "$work/chatml" --template chatml
ok "--template chatml" test -s "$work/chatml"
mkdir "$work/bare"
for file in config.json generation_config.json pytorch_model.bin tokenizer.json; do
	ln -s "$(cd "$KRAIT_MODEL_PATH" && pwd)/demo/$file" "$work/bare/$file"
done
printf 'Tell me a story.\nGo on.\n' | talk "$work/zephyr2" --template zephyr -m "$work/bare"
ok "--template zephyr where no file names the special tokens" test -s "$work/zephyr2"
printf 'Tell me a story.\n' | talk "$work/zefyr" --template zefyr
ok "a word that is neither a template nor a file fails" test $? -eq 1
printf '{%% for m in messages %%}{%% if not m.content %%}{{ raise_exception("nothing said") }}{%% endif %%}{{ m.content }}\n{%% endfor %%}' >"$work/full.jinja"
printf 'Tell me a story.\nGo on.\n' | talk "$work/empty" --template "$work/full.jinja" -n 0
ok "an empty answer does not end a chat whose template refuses it" test $? -eq 0
printf 'One.\nTwo.\nThree.\n/undo\n/undo\nFour.\n/save %s\n' "$work/far.krait" | talk "$work/far" --json
printf 'One.\nFour.\n' | talk "$work/near" --json
ok "/undo goes back further than one turn" test "$(last "$work/far")" = "$(last "$work/near")"
printf '/load %s\n/regen\n' "$work/far.krait" | talk "$work/far2" --json
ok "/regen after /load" grep -q '"done":true' "$work/far2"
printf '{%% for m in messages %%}{{ m.content | levitate }}{%% endfor %%}' >"$work/bad.jinja"
exits 1 "a template with an unknown filter" "$KRAIT" chat --template "$work/bad.jinja"
ok "is refused in one line" one_line
done_testing
