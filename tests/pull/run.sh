# SPDX-License-Identifier: Apache-2.0
# run.sh - sourced by the tests of krait pull: each is a Python program beside it, of the same name.
: "${KRAIT:?the krait command to test}"
here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$0" .sh)
python=${PYTHON3:-python3}
command -v "$python" >/dev/null 2>&1 || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
"$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.2", 0))' 2>/dev/null || { echo "1..0 # SKIP this machine has no 127.0.0.2"; exit 0; }
HF_HUB_OFFLINE=1 "$KRAIT" pull some/model 2>&1 | grep -q 'built without libcurl' && { echo "1..0 # SKIP this krait is built without curl"; exit 0; }
exec "$python" -B "$here/$name.py"
