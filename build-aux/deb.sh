#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# deb.sh tools                 installs what building and testing Debian packages needs
# deb.sh build TARBALL FOLDER  builds the packages of a tarball in FOLDER, which is emptied
#
# "make deb" and "make check-deb" come here; docs/packaging.md tells of them. What else
# goes into a build is up to DEB_BUILD_OPTIONS, DEB_BUILD_PROFILES and CUDA_HOME.
set -eu

fail() {
	echo "deb.sh: $*" >&2
	exit 1
}

# Beside what debian/control names under Build-Depends: a package, and why.
needs='
dpkg-dev     builds packages
lintian      finds mistakes in them
mmdebstrap   makes a clean Debian in a folder
autopkgtest  runs debian/tests there
piuparts     installs and purges there, and looks at what is left
'

tools() {
	command -v apt-get >/dev/null || fail "no apt-get here: Debian packages are built on Debian"
	[ "$(id -u)" -eq 0 ] || fail "tools: not root. Try: sudo $0 tools"
	echo "Installing with apt-get what is missing of debian/control's Build-Depends, and of:"
	printf '%s' "$needs" | sed '/^$/d; s/^/  /'
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	# shellcheck disable=SC2046  # a list of words
	apt-get install -q -y --no-install-recommends $(printf '%s' "$needs" | sed 's/ .*//')
	apt-get build-dep -q -y --no-install-recommends -P "${DEB_BUILD_PROFILES-}" "$(cd "$(dirname "$0")/.." && pwd)"
}

# Nothing of the caller's make, compiler or PATH may reach the packages.
clean() {
	env -i HOME=/nonexistent PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC \
		DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-}" DEB_BUILD_PROFILES="${DEB_BUILD_PROFILES-}" \
		CUDA_HOME="${CUDA_HOME-}" "$@"
}

build() {
	tarball=$1
	folder=$2
	command -v dpkg-buildpackage >/dev/null || fail "dpkg-buildpackage is not here. As root: $0 tools"
	rm -rf "$folder"
	mkdir -p "$folder"
	tar -xf "$tarball" -C "$folder"
	cd "$folder"/krait-*/ || exit 1
	clean dpkg-buildpackage -us -uc --sanitize-env
}

case ${1-} in
tools) tools ;;
build) [ $# -eq 3 ] || fail "build TARBALL FOLDER"; build "$2" "$3" ;;
*) fail "tools, or build TARBALL FOLDER" ;;
esac
