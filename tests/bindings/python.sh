#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Python binding: its own tests, which print TAP.
. "$top_srcdir/tests/install/tap.sh"
. "$top_srcdir/tests/bindings/kit.sh"
need python "$MISSING_PYTHON"
lay_out_python
PYTHONPATH=$work/py:$top_srcdir/tests/bindings/python "$PYTHON" -B -W error::ResourceWarning \
	"$top_srcdir/tests/bindings/python/kit.py" test_api test_golden test_session test_text test_threads test_signals
