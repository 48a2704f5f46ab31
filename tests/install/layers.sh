#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Arrows point down only: tools, bindings -> include -> lib/api -> lib/chat, lib/session -> lib/model -> lib/block,
# lib/source, lib/text -> lib/base;
# lib/jinja knows lib/base alone, and only lib/chat knows lib/jinja; engines know lib/engine.h, lib/block and lib/base,
# and nobody knows an engine. No lower layer calls a public function.
. "$top_srcdir/tests/install/tap.sh"
cd "$top_srcdir" || exit 99

# includes FOLDER: "file: path" of each quoted include in a folder's sources.
includes() {
	grep -rn '^ *# *include *"' --include='*.[ch]' "$1" 2>/dev/null |
		sed 's/^\([^:]*:[0-9]*\):.*"\(.*\)".*/\1: \2/'
}

# only FOLDER ALLOWED: quoted includes of a folder match one of the patterns, or lie beside the file.
only() {
	includes "$1" | grep -Ev ": ($2)\$" | while IFS= read -r line; do
		file=${line%%:*} path=${line##*: }
		[ -e "$(dirname "$file")/$path" ] && case $path in */*) false ;; esac || echo "$line"
	done >"$work/found"
	empty "$1 includes only what is below it" "$work/found"
}

ok "there are sources" test -n "$(includes lib)"

# The table: a room, and what its files may include beside the files of their own folder.
cat >"$work/table" <<'TABLE'
lib/base     krait\.h
lib/block    base/[a-z0-9_]+\.h|engine\.h
lib/jinja    base/(memory|quote|size|utf8)\.h
lib/source   base/[a-z0-9_]+\.h|krait\.h
lib/text     base/[a-z0-9_]+\.h|krait\.h
lib/model    (base|block|source)/[a-z0-9_]+\.h|text/tokenizer\.h|engine\.h|krait\.h
lib/session  (base|model)/[a-z0-9_]+\.h|text/tokenizer\.h|engine\.h|krait\.h
lib/chat     (base|model|session)/[a-z0-9_]+\.h|text/tokenizer\.h|jinja/jinja\.h|krait\.h
lib/api      (base|model|session|chat)/[a-z0-9_]+\.h|text/tokenizer(_parts)?\.h|engine\.h|krait(_experimental)?\.h
kernels/cpu  (base|block)/[a-z0-9_]+\.h|kernels/spans\.h|engine\.h|krait\.h
kernels/cuda (base|block)/[a-z0-9_]+\.h|kernels/spans\.h|engine\.h|krait\.h
TABLE
while read -r room allowed; do
	only "$room" "config\.h|${room#lib/}/([a-z]+/)?[a-z0-9_]+\.h|$allowed"
done <"$work/table"
includes lib | grep '^lib/[^/]*: ' | grep -v ': \(base/[a-z0-9_]*\|krait\)\.h$' >"$work/found"
empty "lib/engine.h includes only lib/base" "$work/found"
ls -d lib/*/ kernels/*/ | sed 's,/$,,' | sort >"$work/rooms"
sed 's/ .*//' "$work/table" | sort | comm -3 - "$work/rooms" >"$work/found"
empty "each room has its line in the table, and each line its room" "$work/found"
includes include | grep -v '^include/krait_experimental\.h:[0-9]*: krait\.h$' >"$work/found"
empty "public headers include only each other" "$work/found"
headers=$(cd tools && find . -name "*.h" | sed "s,^\./,,; s,\.,[.],g" | tr "\n" "|")
only tools "$headers"'config\.h|krait(_experimental)?\.h'
grep -rnE '^[#%] *(include|import)' --include='*.i' --include='*.[ch]' bindings |
	grep -E '[<"](base|model|session|text|chat|jinja|api|kernels|tools|lib)/|engine\.h' >"$work/found"
empty "bindings include public headers alone" "$work/found"

# A public function is for the host: it checks what a caller may get wrong, and its name is bound to what is exported.
sed -n 's/^\t\(krait_[a-z0-9_]*\);$/\1/p' lib/libkrait.map >"$work/public"
ok "there are public functions" test -s "$work/public"
find lib/*/ kernels -name '*.[ch]' ! -path 'lib/api/*' | sort | while IFS= read -r file; do
	sed 's/"[^"]*"//g; s,/\*.*\*/,,; s,^ \*.*,,; s,^/\*.*,,' "$file" |
		grep -noE '\bkrait_[a-z0-9_]+ *\(' | tr -d ' (' | sed "s,^[0-9]*:,&$file ," |
		while IFS=': ' read -r line where name; do
			! grep -qx "$name" "$work/public" || echo "$where:$line: $name"
		done
done >"$work/found"
empty "no lower layer calls a public function" "$work/found"

grep -rnE '"[^"]*%[-+#0-9.*]*l?[aefgAEFG]' --include='*.[ch]' lib kernels | grep -v '{%\|^lib/\(base/json_number\|jinja/value/print\)\.c:' >"$work/found"
empty "base/json_number.h prints numbers with a fraction, whatever the host's locale is" "$work/found"
grep -rn 'include *[<"]jansson' --include='*.[ch]' lib kernels >"$work/found"
empty "JSON is read by base/json_tree.h alone" "$work/found"
grep -rn 'include *[<"]\(pcre2\|utf8proc\)' --include='*.[ch]' lib kernels | grep -v '^lib/\(text\|jinja\)/' >"$work/found"
empty "patterns and Unicode stay in lib/text and lib/jinja" "$work/found"
grep -rnwE 'krait_status|KRAIT_[A-Z_]+|json_t' --include='*.[ch]' lib/jinja | grep -v 'KRAIT_JINJA_[A-Z]*_H' >"$work/found"
empty "the template language knows nothing of krait" "$work/found"
grep -n 'include' include/krait.h | grep -v '<stddef.h>\|<stdint.h>' | grep '# *include' >"$work/found"
empty "krait.h needs only stddef.h and stdint.h" "$work/found"
grep -rnE '\b(malloc|calloc|realloc|strdup|strndup|aligned_alloc|posix_memalign)\(' --include='*.[ch]' lib kernels |
	grep -v '^lib/base/memory\.[ch]:' | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)' >"$work/found"
empty "memory comes from base/memory.h alone" "$work/found"
grep -rnE '(^|[^a-z_>.])(fopen|open|openat|mmap|munmap|fsync|rename|unlink|pread|pwrite|fread|fwrite|opendir)\(' --include='*.[ch]' lib kernels |
	grep -v '^lib/base/file\.[ch]:' | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)' >"$work/found"
empty "files are reached through base/file.h alone" "$work/found"
done_testing
