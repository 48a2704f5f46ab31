#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# summary.sh WORD LOG... - adds up the TAP results of the test logs: one line for each
# suite, the names of what failed, and a closing line "N passed, N failed[, N skipped]",
# after "WORD: " when WORD is not empty. Fails when a test did.
# A skip whose name or reason, the suite's path aside, has a word of $KRAIT_REQUIRE (a,b,c) is a failure.
word=${1:+$1: }
shift
LC_ALL=C exec awk -v word="$word" -v require="${KRAIT_REQUIRE-}" '
function wanted(text,    i) {
	for (i = 1; i <= n_words; i++)
		if (words[i] != "" && index(" " tolower(text) " ", " " tolower(words[i]) " "))
			return 1
	return 0
}
function fail(text) {
	failed++
	suite_failed++
	failures[failed] = text
}
function close_suite() {
	if (suite == "")
		return
	if (!seen)
		fail(suite ": no result at all")
	printf "%-40s %5d passed", suite, suite_passed
	if (suite_failed) printf ", %d failed", suite_failed
	if (suite_skipped) printf ", %d skipped", suite_skipped
	printf "%s\n", seconds == "" ? "" : "  (" seconds " s)"
}
BEGIN {
	n_words = split(require, words, ",")
	for (i = 1; i < ARGC; i++) {
		suite = ARGV[i]
		sub(/^\.\//, "", suite)
		sub(/\.log$/, "", suite)
		suite_passed = suite_failed = suite_skipped = seen = 0
		seconds = ""
		while ((got = (getline line < ARGV[i])) > 0) {
			if (line ~ /^# seconds: /) {
				seconds = substr(line, 12)
				continue
			}
			if (line !~ /^(PASS|FAIL|XPASS|XFAIL|SKIP|ERROR): /)
				continue
			seen = 1
			text = line
			sub(/^[A-Z]*: /, "", text)
			if (line ~ /^(PASS|XFAIL)/) {
				passed++
				suite_passed++
			} else if (line ~ /^SKIP/) {
				plain = text
				sub(/^[^ ]* /, "", plain)
				gsub(/[^A-Za-z0-9_+.-]/, " ", plain)
				if (wanted(plain)) {
					fail(text " (required)")
				} else {
					skipped++
					suite_skipped++
					skips[skipped] = text
				}
			} else {
				fail(text)
			}
		}
		close(ARGV[i])
		close_suite()
	}
	for (i = 1; i <= skipped; i++) print "skipped: " skips[i]
	for (i = 1; i <= failed; i++) print "failed: " failures[i]
	printf "%s%d passed, %d failed", word, passed, failed
	if (skipped) printf ", %d skipped", skipped
	print ""
	exit failed > 0 || passed == 0
}' "$@"
