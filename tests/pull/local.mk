# krait pull, list and rm against a hub of our own on loopback, which ends with the test.
pull_tests = %D%/pull.sh %D%/faults.sh %D%/cached.sh %D%/mutate.sh
TESTS += $(pull_tests)
EXTRA_DIST += $(pull_tests) %D%/run.sh %D%/hub.py %D%/tap.py %D%/pull.py %D%/faults.py %D%/cached.py %D%/mutate.py
