# SPDX-License-Identifier: Apache-2.0
"""first_hour.py FOLDER PREDICTIONS VERSION SECONDS - what first-hour.sh measured, beside what was predicted: one JSON file, and a
page that begins with what to look at first."""
import json
import pathlib
import sys


def rows_of(path):
    """The measurements in a step's output; notes and errors are JSON there, too."""
    rows = []
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if "work" in row:
                rows.append(row)
    return rows


def measured(prediction, rows):
    """The value that a prediction is about, or None where no row has it."""
    for row in rows:
        if any(row.get(key) != value for key, value in prediction["where"].items()):
            continue
        value = row.get(prediction["key"])
        if value is None:
            continue
        return value / row[prediction["per"]] if "per" in prediction else value
    return None


def compare(prediction, rows):
    value = measured(prediction, rows)
    ratio = value / prediction["predicted"] if value else None
    better = prediction.get("more_is_better", True)
    worse = ratio is not None and (ratio < 1 - prediction["within"] if better else ratio > 1 + prediction["within"])
    return {**prediction, "measured": value, "ratio": ratio, "worse": worse, "how_far": abs(1 - ratio) if ratio else 0}


def steps_of(folder):
    steps = []
    for line in (folder / "steps").read_text().splitlines():
        name, status, seconds = line.split("\t")
        text = (folder / f"{name}.txt").read_text(errors="replace")
        steps.append({"step": name, "status": int(status), "seconds": int(seconds), "failed": text.count("\nnot ok "),
                      "last": text.strip().splitlines()[-1][:200] if text.strip() else ""})
    return steps


def draws(steps):
    """How much longer a token takes that is drawn from the likeliest 95 %."""
    seconds = {step["step"]: step["seconds"] for step in steps if step["status"] == 0}
    return [{"work": "draw", "extra_seconds": seconds["draw-top-p"] - seconds["draw-likeliest"]}] \
        if {"draw-top-p", "draw-likeliest"} <= set(seconds) else []


def page(steps, results, missing, seconds):
    yield f"The first hour: {len(steps)} steps in {seconds} s."
    yield ""
    yield "What to look at first"
    wrong = [s for s in steps if s["status"] not in (0, 77)]
    for step in wrong:
        yield f"  {step['step']} failed ({step['status']}): {step['last']}"
    for result in sorted((r for r in results if r["worse"]), key=lambda r: -r["how_far"]):
        yield f"  {result['what']}: {result['measured']:.4g}, predicted {result['predicted']:.4g}. {result['if_worse']}"
    if not wrong and not any(r["worse"] for r in results):
        yield "  nothing failed, and nothing that was measured is worse than predicted"
    yield ""
    yield f"{'':58} predicted   measured  ratio"
    for r in results:
        tail = f"{r['measured']:10.4g} {r['ratio']:6.2f}" if r["ratio"] else "not measured"
        yield f"{r['what']:58} {r['predicted']:9.4g} {tail}"
    yield ""
    for step in steps:
        yield f"{step['step']:20} {'left out' if step['status'] == 77 else 'status ' + str(step['status']):10} {step['seconds']:4} s  {step['last'][:90]}"
    if missing:
        yield "missing: " + ", ".join(missing)


def main(folder, predictions, version, seconds):
    folder = pathlib.Path(folder)
    steps = steps_of(folder)
    rows = [row for step in steps for row in rows_of(folder / f"{step['step']}.txt")] + draws(steps)
    results = [compare(p, rows) for p in json.loads(pathlib.Path(predictions).read_text())]
    missing = sorted(set((folder / "missing").read_text().splitlines()))
    transformer = folder / "transformer.jsonl"
    report = {"version": version, "seconds": int(seconds), "devices": json.loads((folder / "devices.json").read_text()), "steps": steps,
              "missing": missing, "predictions": results, "rows": rows, "transformer": rows_of(transformer) if transformer.exists() else []}
    (folder / "first-hour.json").write_text(json.dumps(report, indent=1) + "\n")
    (folder / "first-hour.txt").write_text("\n".join(page(steps, results, missing, seconds)) + "\n")


main(*sys.argv[1:])
