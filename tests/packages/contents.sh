#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What "make deb" built: its version, what it needs, where its files are. Sizes are printed.
. "$top_srcdir/tests/install/tap.sh"
have dpkg-deb || skip_all "deb: dpkg-deb is not here"
cd "$top_builddir/deb" || exit 99
version=$(sh "$top_srcdir/build-aux/version.sh")
field() { dpkg-deb -f "$1" "$2"; }

sed -n 's/^Package: //p' "$top_srcdir/debian/control" | sort >"$work/named"
sed -n '/^Package:/h; /^Build-Profiles:.*pkg\.krait\.cuda/{ x; s/^Package: //p; }' "$top_srcdir/debian/control" >"$work/cuda"
case " ${DEB_BUILD_PROFILES-} " in
*" pkg.krait.cuda "*) cp "$work/named" "$work/wanted" ;;
*) grep -vxFf "$work/cuda" "$work/named" >"$work/wanted" ;;
esac
for file in *.deb; do echo "${file%%_*}"; done | grep -v -e '-dbgsym$' | sort >"$work/built"
ok "each package of debian/control was built" diff "$work/wanted" "$work/built"

for file in *.deb; do
	[ "$(field "$file" Version)" = "$version" ] || echo "$file: $(field "$file" Version)"
done >"$work/found"
empty "the version is the header's, $version" "$work/found"

for file in *.deb; do
	case $file in *-cuda*) ;; *) field "$file" Depends | grep -i 'cuda\|nvidia\|cublas' | sed "s/^/$file: /" ;; esac
done >"$work/found"
empty "nothing but the CUDA package needs CUDA" "$work/found"

field libkrait0_*.deb Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' | sort -u | grep -vx libc6 >"$work/needs"
ok "libkrait0 needs at most three libraries beside libc" test "$(wc -l <"$work/needs")" -le 3

triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null)
for file in *.deb; do
	dpkg-deb -c "$file" | awk '$1 !~ /^d/ { print substr($6, 2) }' >"$work/files"
	sed "s/^/${file%%_*} /" "$work/files" >>"$work/all"
	grep '\.la$' "$work/files"
	[ "$(field "$file" Multi-Arch)" != same ] || grep '^/usr/\(lib\|bin\|share/krait\)/' "$work/files" |
		grep -v "^/usr/lib/$triplet/\|^/usr/lib/debug/"
done >"$work/found"
empty "packages for several architectures stand beside each other" "$work/found"
awk '{ print $2 }' "$work/all" | sort | uniq -d >"$work/found"
empty "no file is in two packages" "$work/found"

# What a user looks for in each: a package, and an expression for a file.
cat >"$work/looked_for" <<-END
	libkrait0 /usr/lib/$triplet/libkrait\.so\.0
	libkrait-dev /usr/lib/$triplet/libkrait\.so
	libkrait-dev /usr/lib/$triplet/libkrait\.a
	libkrait-dev /usr/lib/$triplet/pkgconfig/krait\.pc
	libkrait-dev /usr/include/krait\.h
	libkrait-dev /usr/include/krait_experimental\.h
	libkrait-dev /usr/share/doc/libkrait-dev/README\.md\(\.gz\)\?
	libkrait-dev /usr/share/doc/libkrait-dev/examples/app\.c
	libkrait-dev /usr/share/doc-base/libkrait-dev.*
	krait-tools /usr/bin/krait
	krait-tools /usr/share/man/man1/krait\.1\.gz
	krait-tools /usr/share/man/man5/krait-state\.5\.gz
	krait-tools /usr/share/man/man7/krait\.7\.gz
	krait-tools /usr/share/bash-completion/completions/krait
	krait-tools /usr/share/zsh/vendor-completions/_krait
	krait-tools /usr/share/fish/vendor_completions\.d/krait\.fish
	golang-krait-dev /usr/share/gocode/src/krait/internal/raw/krait_wrap\.c
	golang-krait-dev /usr/share/doc/golang-krait-dev/examples/hello\.go
	golang-krait-dev /usr/share/doc/golang-krait-dev/go\.md\(\.gz\)\?
	librust-krait-dev /usr/share/doc/librust-krait-dev/examples/hello\.rs
	librust-krait-dev /usr/share/doc/librust-krait-dev/rust\.md\(\.gz\)\?
	lua-krait /usr/share/lua/5\.4/krait\.lua
	lua-krait /usr/lib/$triplet/lua/5\.4/krait/core\.so
	lua-krait /usr/share/doc/lua-krait/examples/hello\.lua
	lua-krait /usr/share/doc/lua-krait/lua\.md\(\.gz\)\?
	python3-krait /usr/lib/python3/dist-packages/krait/_krait\..*\.so
	python3-krait /usr/share/doc/python3-krait/examples/hello\.py
	python3-krait /usr/share/doc/python3-krait/python\.md\(\.gz\)\?
END
# put PACKAGE FOLDER FILE...: each of these, by its name, in the folder.
put() {
	package=$1 folder=$2
	shift 2
	for file in "$@"; do echo "$package $folder/$(basename "$file" | sed 's/\./\\./g')"; done
}
{
	put krait-demo-model /usr/share/krait/models/demo "$top_srcdir"/models/demo/*.json "$top_srcdir"/models/demo/*.bin
	put golang-krait-dev /usr/share/gocode/src/krait "$top_srcdir"/bindings/go/go.mod $(ls "$top_srcdir"/bindings/go/*.go | grep -v _test)
	for crate in krait krait-sys; do
		put librust-krait-dev "/usr/share/cargo/registry/$crate-$version/src" "$top_srcdir/bindings/rust/$crate/src"/*
	done
	put python3-krait /usr/lib/python3/dist-packages/krait "$top_srcdir"/bindings/python/krait/*
	put libkrait-dev /usr/share/doc/libkrait-dev/reference krait-*/docs/html/*
	# Each public function has its page in section 3.
	for name in $(sed -n 's/^KRAIT_API [^(]*[ *]\(krait_[a-z0-9_]*\)(.*/\1/p' "$top_srcdir"/include/*.h); do
		echo "libkrait-dev /usr/share/man/man3/$name\.3\.gz"
	done
} >>"$work/looked_for"
while read -r package expression; do
	grep -qx "$package $expression" "$work/all" || echo "$package: $expression"
done <"$work/looked_for" >"$work/found"
ok "all that a user looks for is known: $(wc -l <"$work/looked_for") files" test "$(wc -l <"$work/looked_for")" -gt 180
empty "each is in its package" "$work/found"

dpkg-deb -x libkrait0_*.deb "$work/root"
readelf -dW "$work/root/usr/lib/$triplet/libkrait.so.0" >"$work/dynamic"
ok "libkrait.so.0 is where the linker looks" test -s "$work/dynamic"
ok "it has no path of its own" sh -c '! grep "R.*PATH" "$1"' sh "$work/dynamic"
ok "it lists its symbols" test "$(dpkg-deb -I libkrait0_*.deb symbols | grep -c '^ krait_')" -ge 110

cuda=$(ls libkrait0-cuda_*.deb 2>/dev/null)
if [ -n "$cuda" ]; then
	ok "the CUDA package is the plugin alone" test "$(awk '$1 == "libkrait0-cuda" && $2 !~ "^/usr/share/(doc|lintian)/" { print $2 }' "$work/all")" = \
		"/usr/lib/$triplet/krait/krait-cuda.so"
	dpkg-deb -x "$cuda" "$work/root"
	readelf -dW "$work/root/usr/lib/$triplet/krait/krait-cuda.so" >"$work/dynamic_cuda"
	ok "it has no path of its own either" sh -c 'test -s "$1" && ! grep "R.*PATH" "$1"' sh "$work/dynamic_cuda"
	ok "it is of contrib" test "$(field "$cuda" Section)" = contrib/science
	field "$cuda" Depends >"$work/needs"
	ok "it is for libkrait0 of its own version" grep -q "libkrait0 (= $version)" "$work/needs"
fi
for file in *.deb; do echo "# ${file%%_*}: $(wc -c <"$file") bytes, installed $(field "$file" Installed-Size) KiB"; done
sed -n 's/.*(NEEDED).*\[\(.*\)\]/# libkrait.so.0 needs \1/p' "$work/dynamic"
done_testing
