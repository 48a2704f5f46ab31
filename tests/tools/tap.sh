# SPDX-License-Identifier: Apache-2.0
# tap.sh - sourced by the shell tests of the command: results as TAP, a folder to work in.
: "${KRAIT:?the krait command to test}"
: "${KRAIT_TEST_DATA:?tests/data}"
n_tests=0
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM

# Nothing of the user's own: no hub cache, no history, no colour.
HOME=$work XDG_STATE_HOME=$work/state HF_HUB_CACHE=$work/hub
export HOME XDG_STATE_HOME HF_HUB_CACHE

# ok NAME COMMAND... - the command succeeds
ok() {
	n_tests=$((n_tests + 1))
	name=$1
	shift
	if "$@" >"$work/ok.log" 2>&1; then
		echo "ok $n_tests - $name"
	else
		echo "not ok $n_tests - $name"
		sed 's/^/# /' "$work/ok.log"
	fi
}

# exits STATUS NAME COMMAND... - the command ends with that status; its output is in $work/out and $work/err
exits() {
	n_tests=$((n_tests + 1))
	expected=$1 name=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ "$status" -eq "$expected" ]; then
		echo "ok $n_tests - $name"
	else
		echo "not ok $n_tests - $name: exit status $status, not $expected"
		sed 's/^/# /' "$work/err"
	fi
}

# skip NAME WHY
skip() {
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1 # SKIP $2"
}

# The last command said one line on stderr that begins with "krait: ".
one_line() {
	[ "$(wc -l <"$work/err")" -eq 1 ] && grep -q '^krait: ' "$work/err"
}

done_testing() {
	echo "1..$n_tests"
}
