#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Dependencies point downwards only: tools -> include -> lib/api -> lib/{session,text,model}
# -> lib/block -> lib/engine.h <- kernels, which read lib/block too, and lib/base under all.
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
only lib/base 'config\.h|base/[a-z0-9_]+\.h|krait\.h'
only lib/block 'config\.h|(base|block)/[a-z0-9_]+\.h|engine\.h'
only lib/model 'config\.h|(base|block|model)/[a-z0-9_]+\.h|engine\.h|krait(_experimental)?\.h|text/tokenizer\.h|kernels/cpu/cpu\.h'
only lib/jinja 'config\.h|base/(memory|quote|size|utf8)\.h|jinja/([a-z]+/)?[a-z0-9_]+\.h'
only lib/chat 'config\.h|(base|model|session|text|chat)/[a-z0-9_]+\.h|jinja/jinja\.h|krait(_experimental)?\.h'
only lib/text 'config\.h|(base|text)/[a-z0-9_]+\.h|krait(_experimental)?\.h'
only lib/session 'config\.h|(base|model|session|text)/[a-z0-9_]+\.h|engine\.h|krait(_experimental)?\.h'
only lib/api 'config\.h|(base|model|session|text|chat|api)/[a-z0-9_]+\.h|engine\.h|krait(_experimental)?\.h|kernels/cpu/cpu\.h'
only kernels 'config\.h|(base|block|kernels/cpu|kernels/cuda)/[a-z0-9_]+\.h|cpu/[a-z0-9_]+\.h|engine\.h|krait\.h'
headers=$(cd tools && find . -name "*.h" | sed "s,^\./,,; s,\.,[.],g" | tr "\n" "|")
only tools "$headers"'config\.h|krait(_experimental)?\.h'
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
