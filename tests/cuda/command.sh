#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# command.sh - the krait command with a GPU, which is emulated: the plugin is loaded as a real one is.
. "$top_srcdir/tests/tools/tap.sh"
if [ -n "${SANITIZE-}" ]; then
	echo "1..0 # SKIP a plugin without sanitizers in a program with them"
	exit 0
fi
KRAIT_CUDA_PLUGIN=$top_builddir/tests/cuda/emulated.so
export KRAIT_CUDA_PLUGIN

exits 0 "info --devices" "$KRAIT" info --devices
ok "there is a GPU" grep -q '^cuda:0 .*compute capability' "$work/out"
exits 0 "a story by the GPU" "$KRAIT" run --device cuda --greedy -n 4 "Once upon a time there was a king who had a"
cp "$work/out" "$work/gpu"
exits 0 "and by the CPU" "$KRAIT" run --device cpu --greedy -n 4 "Once upon a time there was a king who had a"
ok "is the same" cmp "$work/gpu" "$work/out"
tiny=$KRAIT_TEST_DATA/golden/mamba1-hf-bf16
exits 0 "auto takes the GPU" "$KRAIT" info -m "$tiny" --json --device auto
cp "$work/out" "$work/info"
exits 1 "cuda:7 is refused" "$KRAIT" run --device cuda:7 -n 1 x
ok "by name" grep -q 'cuda:7' "$work/err"

exits 0 "bench on the GPU" "$KRAIT" bench -m "$tiny" --device cuda --tokens 2 --batch 1,3 --prompt 5,40 --profile --json
cp "$work/out" "$work/bench"
ok "ceilings, limits and kernels are there" "$PYTHON3" -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
of = lambda work: [r for r in rows if r["work"] == work]
ceilings, = of("ceilings")
assert ceilings["device"].startswith("cuda:0") and ceilings["buffer_bytes"] >= 1 << 20, ceilings
for key in ("read_bytes_per_second", "product_flops", "to_host_bytes_per_second"):
    assert ceilings[key] > 0, ceilings
assert [r["batch"] for r in of("decode")] == [1, 3]
assert [r["n_tokens"] for r in of("prefill")] == [5, 40]
for r in of("decode") + of("prefill"):
    assert r["device"].startswith("cuda:0"), r
    assert abs(r["tokens_per_second"] / r["limit_tokens_per_second"] / r["share_of_limit"] - 1) < 1e-6, r
assert {r["work"] for r in rows} >= {"open", "snapshot", "restore", "fork"}
profile = {(r["of"], r.get("batch", r.get("n_tokens")), r["kernel"]): r for r in of("profile")}
info = json.load(open(sys.argv[2]))
layers, tokens = info["n_layers"], 8
for batch in (1, 3):
    count = {k[2]: r["launches"] for k, r in profile.items() if k[:2] == ("decode", batch)}
    each = tokens * layers
    assert count == {"events": tokens, "head": tokens, "sample": tokens, "accept": tokens, "hidden": tokens,
        "in": each, "x_proj": each, "step": each, "out": each}, count
for n in (5, 40):
    names = {k[2] for k in profile if k[:2] == ("prefill", n)}
    assert names == {"events", "embed", "norm", "in_proj", "conv", "x_proj", "dt_proj", "scan", "out_proj", "hidden"}, names
one = sum(r["bytes"] for k, r in profile.items() if k[:2] == ("decode", 1)) / tokens
needed = info["weight_bytes"] + 2 * info["state_bytes"]
assert 0.9 < one / needed < 1.2, (one, needed)
assert profile["decode", 1, "events"]["bytes"] == 0
' "$work/bench" "$work/info"
exits 0 "the same as a table" "$KRAIT" bench -m "$tiny" --device cuda --tokens 2 --batch 1 --prompt 5 --profile
ok "kernels are listed" grep -q '^profile .*decode  *in  *[0-9]* launches' "$work/out"
exits 2 "the CPU has no profile" "$KRAIT" bench -m "$tiny" --device cpu --tokens 1 --batch 1 --prompt 5 --profile
ok "and says so" grep -q -- '--profile .*--device cuda' "$work/err"
exits 0 "bench with int4 weights" "$KRAIT" bench -m "$tiny" --device cuda --weights int4 --tokens 1 --batch 1 --prompt 5 --json
ok "they are read as such" grep -q '"weights": *"int4"' "$work/out"
# Too little memory for the first batch: it is said, and the rest goes on.
exits 0 "bench with a batch that does not fit" env EMU_MEMORY=64 "$KRAIT" bench -m "$tiny" --device cuda --tokens 1 --batch 4096,1 --prompt 5 --json
ok "names it" sh -c 'grep "\"batch\": *4096" "$1" | grep -q "\"error\": *\"out of device memory"' sh "$work/out"
ok "and measures the others" sh -c 'grep "\"work\": *\"decode\".*\"batch\": *1," "$1" | grep -q share_of_limit && grep -q "\"work\": *\"fork\"" "$1"' sh "$work/out"
exits 0 "bench early and late in a text" "$KRAIT" bench -m "$tiny" --device cuda --weights bf16 --lasting --late 2000 --tokens 1 --json
ok "in flat memory of the device" "$PYTHON3" -c '
import json, sys
early, late = [r for r in map(json.loads, open(sys.argv[1])) if r["work"] == "lasting"]
assert early["position"] == 1000 and late["position"] == 2000
assert early["device_bytes"] == late["device_bytes"] > 1 << 20, (early, late)
' "$work/out"
exits 0 "auto without a GPU" env KRAIT_CUDA_PLUGIN=/nowhere/krait-cuda.so "$KRAIT" run --device auto --greedy -n 4 "Once upon a time there was a king who had a"
ok "tells the same story" cmp "$work/gpu" "$work/out"
ok "and says once why not by a GPU" test "$(grep -c 'device auto is the CPU here' "$work/err")" = 1

if [ -e /dev/nvidiactl ]; then
	echo "ok $((n_tests += 1)) - make check-cuda without a GPU # SKIP there is a GPU"
else
	exits 0 "make check-cuda without a GPU" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL "${MAKE:-make}" --no-print-directory -C "$top_builddir" check-cuda
	ok "names what it leaves out and why" grep -qx 'skipped: tests/cuda/test_golden: no NVIDIA GPU here (/dev/nvidiactl is missing)' "$work/out"
	ok "and adds up" test "$(tail -n 1 "$work/out")" = "gpu: 0 passed, 0 failed, $(grep -c '^skipped: ' "$work/out") skipped"
fi

# A rehearsal of what is run when there is a GPU, and what it says when there is none.
gpu_here() {
	(unset KRAIT KRAIT_CUDA_PLUGIN && QUICK=1 MODEL=$tiny PATH=$work/bin:$PATH sh "$top_srcdir/bench/gpu.sh" "$@")
}
# A machine without NVIDIA's programs, and a folder in which nothing but the command and its engine is built.
mkdir "$work/bin" "$work/built"
printf '#!/bin/sh\nexit 9\n' >"$work/bin/nvidia-smi"
chmod +x "$work/bin/nvidia-smi"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$KRAIT" >"$work/built/krait"
chmod +x "$work/built/krait"
ln -s "$top_builddir/tests/cuda/emulated.so" "$work/built/krait-cuda.so"
cd "$work/built" || exit 99
exits 0 "bench/gpu.sh in a folder where krait was built" gpu_here "$work/gpu.json"
ok "lists the goals" grep -q 'tokens/s  *not measured, asked 650' "$work/out"
ok "leaves one file with everything" "$PYTHON3" -c '
import json, sys
report = json.load(open(sys.argv[1]))
steps = {s["step"]: s for s in report["steps"]}
assert len(steps) == 8 and len(report["goals"]) == 9, steps
for name, step in steps.items():
    assert step["status"] == (77 if name in ("early and late in a text", "against a Transformer", "golden answers") else 0), step
assert any("nvidia-smi" in m for m in report["missing"]) and any("check-cuda" in m for m in report["missing"]), report["missing"]
assert {r["work"] for r in report["rows"]} >= {"ceilings", "decode", "prefill", "profile", "fork"}
assert any(d["name"] == "cuda:0" for d in report["devices"]["devices"])
' "$work/gpu.json"
exits 0 "bench/gpu.sh without time" env LIMIT=0 QUICK=1 MODEL="$tiny" sh "$top_srcdir/bench/gpu.sh" "$work/late.json"
ok "leaves out what there is no time for" "$PYTHON3" -c '
import json, sys
report = json.load(open(sys.argv[1]))
assert all(s["status"] == 77 for s in report["steps"]) and not report["rows"], report["steps"]
assert all(g["met"] is None for g in report["goals"]), report["goals"]
' "$work/late.json"
exits 77 "bench/gpu.sh without a GPU" env KRAIT_CUDA_PLUGIN=/nowhere/krait-cuda.so KRAIT="$KRAIT" sh "$top_srcdir/bench/gpu.sh" "$work/none.json"
ok "says so in one line" sh -c 'test "$(wc -l <"$1")" = 1 && grep -q "no GPU to measure.*not installed" "$1"' sh "$work/err"
ok "and leaves no file" test ! -e "$work/none.json"
# The same for what is run in the first hour with a GPU: each step its file, predictions beside what was measured.
exits 0 "bench/first-hour.sh in that folder" sh -c 'unset KRAIT KRAIT_CUDA_PLUGIN; QUICK=1 MODEL=$2 PATH=$3:$PATH sh "$1/bench/first-hour.sh" "$4"' \
	sh "$top_srcdir" "$tiny" "$work/bin" "$work/hour"
ok "begins with what to look at" grep -q 'What to look at first' "$work/hour/first-hour.txt"
ok "and has every step and prediction" "$PYTHON3" -c '
import json, sys
report = json.load(open(sys.argv[1] + "/first-hour.json"))
steps = {s["step"]: s for s in report["steps"]}
assert len(steps) == 15 and len(report["predictions"]) == 16, steps
for name, step in steps.items():
    assert step["status"] == (77 if name in ("transformer",) else 127 if name in ("golden", "kernels") else 0), step
assert {r["work"] for r in report["rows"]} >= {"decode", "prefill", "profile", "draw", "fork"}
assert "nvidia-smi" in report["missing"]
' "$work/hour"
sed 's/"work": "decode", "shape": "mamba-2.8b", "weights": "bf16"/"work": "decode"/
	/mamba-2.8b bf16, batch 1: tokens/s/"predicted": [0-9.e+]*/"predicted": 1e12/' \
	"$top_srcdir/bench/predictions.json" >"$work/predictions"
"$PYTHON3" "$top_srcdir/bench/first_hour.py" "$work/hour" "$work/predictions" krait 1
ok "what is worse than predicted is named first" grep -q '^  mamba-2.8b bf16, batch 1: tokens/s.*See which kernel' "$work/hour/first-hour.txt"
exits 77 "bench/first-hour.sh without a GPU" env KRAIT_CUDA_PLUGIN=/nowhere/krait-cuda.so KRAIT="$KRAIT" sh "$top_srcdir/bench/first-hour.sh" "$work/none"
echo "1..$n_tests"
