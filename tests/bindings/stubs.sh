#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stubs of the Python package say what the package is, and programs are checked with them: mypy.
. "$top_srcdir/tests/install/tap.sh"
. "$top_srcdir/tests/bindings/kit.sh"
need python "$MISSING_PYTHON"
"$PYTHON" -c 'import mypy.stubtest' 2>/dev/null || skip_all "mypy is not here"
lay_out_python
cd "$work" || exit 99
# The checker has the stubs alone, as what they say; the modules are how.
mkdir -p stubs/krait && cp py/krait/__init__.pyi py/krait/py.typed stubs/krait/ || exit 99
PYTHONPATH=$work/py MYPYPATH=$work/stubs MYPY_CACHE_DIR=$work/cache
export PYTHONPATH MYPYPATH MYPY_CACHE_DIR
ok "every name and argument is in the stubs as in the package" "$PYTHON" -B -m mypy.stubtest krait
ok "hello.py has no mistake that the stubs know of" "$PYTHON" -B -m mypy --strict "$top_srcdir/bindings/python/examples/hello.py"
awk '/^```python runnable/ { n++; inside = 1; next } /^```/ { inside = 0 } inside { print > ("example" n ".py") }' "$top_srcdir/docs/python.md"
ok "docs/python.md has examples" test -s example2.py
for example in example*.py; do
	ok "docs/python.md: $example has none either" "$PYTHON" -B -m mypy --strict "$example"
done

# What is wrong is seen.
printf '%s\n' 'import krait' 'krait.Model("demo").session().rewind("all")' >wrong.py
"$PYTHON" -B -m mypy --strict wrong.py >log 2>&1
ok "a text in place of a number is seen" test $? -eq 1
sed -i 's/^    def rewind(self, n_tokens: int)/    def rewind(self, steps: int)/' stubs/krait/__init__.pyi
"$PYTHON" -B -m mypy.stubtest krait >log 2>&1
ok "an argument that the package names otherwise is seen" grep -q rewind log
done_testing
