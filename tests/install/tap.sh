# SPDX-License-Identifier: Apache-2.0
# tap.sh - sourced by the scripts here: TAP results and a folder to work in.
: "${top_srcdir:?the sources}" "${top_builddir:?the build}"
n_tests=0
work=$(mktemp -d "$top_builddir/test-tmp.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM

# result NAME STATUS [FILE]: one result; FILE says what went wrong.
result() {
	n_tests=$((n_tests + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $n_tests - $1"
	else
		echo "not ok $n_tests - $1"
		[ -z "${3-}" ] || head -n 40 "$3" | sed 's/^/# /'
	fi
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	ok_name=$1
	shift
	"$@" >"$work/ok.log" 2>&1
	result "$ok_name" $? "$work/ok.log"
}

# empty NAME FILE: nothing was found that may not be there.
empty() {
	if [ -s "$2" ]; then result "$1" 1 "$2"; else result "$1" 0; fi
}

skip() {
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

have() {
	command -v "$1" >/dev/null 2>&1
}

done_testing() {
	echo "1..$n_tests"
}
