# SPDX-License-Identifier: Apache-2.0
"""kit.py - what the tests of the Python binding share: the answers, and a runner that prints TAP."""
import array
import json
import math
import os
import struct
import sys
import tempfile
import traceback
import unittest

import krait

DATA = os.environ["KRAIT_TEST_DATA"]
SOURCE = os.environ["top_srcdir"]
CASES = ["mamba1-bin-f16", "mamba1-hf-bf16", "mamba1-hf-sharded-f32", "mamba1-layernorm-f32", "mamba2-bin-bf16",
         "mamba2-dssm-f32", "mamba2-groups-f32", "mamba2-hf-f32", "mamba2-nonorm-f32"]
TINY = os.path.join(DATA, "golden", "mamba2-hf-f32")
_demo = []


def demo():
    """The demo model, opened once."""
    if not _demo:
        _demo.append(krait.Model(os.path.join(SOURCE, "models", "demo")))
    return _demo[0]


def read_json(*names):
    with open(os.path.join(DATA, *names), encoding="utf-8") as file:
        return json.load(file)


def read_lines(*names):
    with open(os.path.join(DATA, *names), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def safetensors(path):
    """The tensors of a file: name to array, of i32, f32 or f64."""
    with open(path, "rb") as file:
        data = file.read()
    size, = struct.unpack_from("<Q", data)
    kinds = {"F64": "d", "F32": "f", "I32": "i"}
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__" and entry["dtype"] in kinds:
            begin, end = entry["data_offsets"]
            tensors[name] = array.array(kinds[entry["dtype"]], data[8 + size + begin:8 + size + end])
    return tensors


def golden(case):
    return safetensors(os.path.join(DATA, "golden", case, "golden.safetensors"))


def flat(view):
    """All numbers of a memoryview of any shape."""
    return array.array("f", bytes(memoryview(view).cast("B")))


def distance(a, b):
    """The relative L2 distance of a from b."""
    a, b = list(a), list(b)
    assert len(a) == len(b), (len(a), len(b))
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b)) / sum(y * y for y in b))


class TestCase(unittest.TestCase):
    def folder(self):
        made = tempfile.TemporaryDirectory(dir=os.environ["work"])
        self.addCleanup(made.cleanup)
        return made.name


class _Tap(unittest.TestResult):
    n = 0

    def say(self, test, good, more=""):
        _Tap.n += 1
        name = test.id().removeprefix("__main__.")
        print("%s %d - %s%s" % ("ok" if good else "not ok", _Tap.n, name, more), flush=True)

    def trouble(self, test, error):
        self.say(test, False)
        for line in "".join(traceback.format_exception(*error)).splitlines():
            print("#", line)

    def addSuccess(self, test):
        self.say(test, True)

    def addSkip(self, test, reason):
        self.say(test, True, " # SKIP " + reason)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.trouble(test, error)

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        if error is not None:
            super().addFailure(subtest, error)
            self.trouble(subtest, error)


def main(*names):
    """Runs the tests of these modules."""
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = _Tap()
    suite.run(result)
    print("1..%d" % _Tap.n)
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    sys.modules["kit"] = sys.modules["__main__"]
    main(*sys.argv[1:])
