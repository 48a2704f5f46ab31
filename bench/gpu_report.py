# SPDX-License-Identifier: Apache-2.0
"""gpu_report.py WORK OUT VERSION SECONDS - puts what gpu.sh measured into one JSON file, beside the goals, and prints those."""
import datetime
import json
import pathlib
import sys


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def find(rows, **wanted):
    """The first row of that kind; an empty one where nothing was measured."""
    for row in rows:
        if all(row.get(name) == value for name, value in wanted.items()):
            return row
    return {}


def slowest(rows, works, **wanted):
    """The row of these works that took longest; an empty one unless all were measured."""
    found = [find(rows, work=work, **wanted) for work in works]
    return max(found, key=lambda row: row["seconds"]) if all(found) else {}


def ratio(transformer):
    best = {row["model"]: 0 for row in transformer}
    for row in transformer:
        best[row["model"]] = max(best[row["model"]], row.get("tokens_per_second", 0))
    return {"ratio": best["mamba"] / best["transformer"]} if best.get("mamba") and best.get("transformer") else {}


def goals(rows, transformer):
    """What is asked of one H200: a name, the row that says, its key, what is asked, whether more is better."""
    large = {"shape": "mamba-2.8b"}
    bf16 = {**large, "weights": "bf16"}
    one = find(rows, work="decode", batch=1, **bf16)
    rate = "tokens_per_second"
    return [
        ("mamba-2.8b bf16, batch 1: share of the byte limit", one, "share_of_limit", 0.85, True),
        ("mamba-2.8b bf16, batch 1: tokens/s", one, rate, 650, True),
        ("mamba-130m bf16, batch 1: tokens/s", find(rows, work="decode", batch=1, shape="mamba-130m", weights="bf16"), rate, 6000, True),
        ("mamba-2.8b bf16, batch 256: tokens/s", find(rows, work="decode", batch=256, **bf16), rate, 48000, True),
        ("mamba-2.8b bf16, prompt of 2048: tokens/s", find(rows, work="prefill", n_tokens=2048, **bf16), rate, 85000, True),
        ("mamba-2.8b bf16, a million tokens: seconds", find(rows, work="prefill", n_tokens=1000000, **bf16), "seconds", 12, False),
        ("mamba-2.8b int4, batch 1: tokens/s", find(rows, work="decode", batch=1, weights="int4", **large), rate, 1500, True),
        ("mamba-2.8b bf16, snapshot, restore, fork: seconds", slowest(rows, ("snapshot", "restore", "fork"), **bf16), "seconds", 0.01, False),
        ("times the Transformer's tokens/s, each at its best batch", ratio(transformer), "ratio", 5, True),
    ]


def judged(name, row, key, goal, more):
    value = row.get(key)
    met = None if value is None else value >= goal if more else value <= goal
    return {"goal": name, "measured": value, "asked": goal, "met": met, "share_of_limit": row.get("share_of_limit")}


def main(work, out, version, seconds):
    work = pathlib.Path(work)
    rows, transformer = lines(work / "rows"), lines(work / "transformer")
    keys = ("step", "status", "seconds", "said", "passed", "failed")
    steps = [dict(zip(keys, line.split("\t"))) for line in (work / "steps").read_text().splitlines()]
    for step in steps:
        step.update({key: int(step[key]) for key in keys if key not in ("step", "said")})
    table = [judged(*goal) for goal in goals(rows, transformer)]
    report = {
        "krait": version, "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "seconds": int(seconds),
        "devices": json.loads((work / "devices").read_text()), "nvidia_smi": (work / "smi").read_text().splitlines(),
        "toolkit": (work / "toolkit").read_text().splitlines(), "missing": (work / "missing").read_text().splitlines(),
        "goals": table, "steps": steps, "rows": rows, "transformer": transformer,
    }
    pathlib.Path(out).write_text(json.dumps(report, indent=1) + "\n")
    for line in table:
        value = "not measured" if line["measured"] is None else f"{line['measured']:.4g}"
        share = "" if line["share_of_limit"] is None else f", {100 * line['share_of_limit']:.0f} % of the limit"
        print(f"{line['goal']:<56} {value:>13}, asked {line['asked']:g}{'' if line['met'] is None else ': met' if line['met'] else ': missed'}{share}")
    for step in steps:
        if step["status"]:
            print(f"{step['step']}: ended with {step['status']} after {step['seconds']} s: {step['said']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
