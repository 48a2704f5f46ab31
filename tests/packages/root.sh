#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In a clean Debian, made in a folder from the sources that apt has here: the packages install, are
# removed and purged and leave nothing (piuparts), and debian/tests pass (autopkgtest).
. "$top_srcdir/tests/install/tap.sh"
[ "$(id -u)" -eq 0 ] || skip_all "deb: a root of our own takes the user root"
for tool in mmdebstrap piuparts autopkgtest; do
	have $tool || skip_all "deb: $tool is not here"
done
suite=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
	'Created-By: Packages' 'Origin: Debian' 2>/dev/null | sort -u >"$work/sources"
[ -s "$work/sources" ] || skip_all "deb: apt knows no source of Debian packages (apt-get update?)"

# The tools of this build (CC, RUSTC, MAKEFLAGS and so on) are none of the clean root's.
alone() { env -i HOME="$work" PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }

# How apt gets there, when not directly.
apt-config dump --format '%f "%v";%n' Acquire | grep -i '::proxy\|^Acquire::Check-' >"$work/apt.conf"
root=$work/root
alone mmdebstrap --quiet --variant=minbase --skip=cleanup/apt/lists --aptopt="$work/apt.conf" \
	"$suite" "$root" - <"$work/sources" >"$work/log" 2>&1
result "a clean $suite" $? "$work/log"
[ -d "$root/usr" ] || { done_testing; exit 0; }

set --
for file in "$top_builddir"/deb/*.deb; do
	case $file in *-dbgsym_*) ;; *) set -- "$@" "$file" ;; esac
done
alone piuparts --existing-chroot="$root" --distribution="$suite" --keep-sources-list --no-upgrade-test \
	--no-eatmydata "$@" >"$work/piuparts" 2>&1
status=$?
{ grep -A 20 'ERROR\|FAIL' "$work/piuparts" || tail -n 40 "$work/piuparts"; } >"$work/log"
result "installed, removed, purged: nothing is left (piuparts)" $status "$work/log"

# Each test of debian/tests, with what autopkgtest says of it. Compilers look for themselves in /proc.
trap 'umount -l "$root/proc" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
mount -t proc proc "$root/proc" || skip "/proc in the clean root" "deb: it cannot be mounted"
alone autopkgtest --output-dir="$work/tests" "$@" "$top_builddir"/deb/krait-*/ -- chroot "$root" >"$work/autopkgtest" 2>&1
sed -n 's/^Tests: //p' "$top_srcdir/debian/tests/control" >"$work/names"
while read -r name; do
	{ cat "$work/tests/$name-stdout" "$work/tests/$name-stderr" || tail -n 40 "$work/autopkgtest"; } >"$work/log" 2>/dev/null
	grep -q "^$name  *PASS" "$work/tests/summary"
	result "debian/tests/$name" $? "$work/log"
done <"$work/names"
done_testing
