#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py SOURCE [NAME...] - puts the mistakes of list.txt into a copy of the library, one at a time, and runs the tests
that must find each. A mistake that none finds is a hole in the tests, and fails.

Works in ./mutants of the build tree that it is called in: a copy of the sources, built once, then file by file. An entry
whose text is not there exactly once has been overtaken by the code and fails as well: write it anew or take it out."""
import os
import re
import shutil
import subprocess
import sys

KEPT = ("include", "lib", "kernels", "tests", "tools", "bindings", "bench", "build-aux", "m4", "man", "docs", "models", "debian",
        "fuzz")


def entries(path):
    """Blocks with an empty line between them: a first line "name: file: tests", then lines of "-" and of "+"."""
    with open(path, encoding="utf-8") as file:
        text = "".join(line for line in file if not line.startswith("#"))
    for block in re.split(r"\n\s*\n", text.strip()):
        head, *lines = block.split("\n")
        name, file, tests = [part.strip() for part in head.split(":")]
        old = "\n".join(line[1:] for line in lines if line.startswith("-"))
        new = "\n".join(line[1:] for line in lines if line.startswith("+"))
        yield name, file, tests.split(), old, new


def copy(source, folder):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if name in KEPT:
            shutil.copytree(path, os.path.join(folder, name), dirs_exist_ok=True, symlinks=True)
        elif os.path.isfile(path):
            shutil.copy2(path, folder)


def quietly(command, folder):
    return subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                          timeout=1800).returncode == 0


def prepare(source, folder):
    copy(source, folder)
    build = os.path.join(folder, "build")
    os.makedirs(build, exist_ok=True)
    if not os.path.exists(os.path.join(build, "config.status")):
        flags = ["--disable-cuda-engine", "--disable-bindings", "CFLAGS=-O1 -g0"]
        if not quietly([os.path.join("..", "configure"), "-q", *flags], build):
            sys.exit("mutants: configure failed in " + build)
    return build


def found(build, test, source):
    """Whether the test fails; one that cannot be built has not found anything."""
    if not quietly(["make", "-s", test], build):
        return None
    environment = dict(os.environ, KRAIT_TEST_DATA=os.path.join(source, "tests", "data"),
                       KRAIT_MODEL_PATH=os.path.join(source, "models"), CK_DEFAULT_TIMEOUT="120")
    try:
        done = subprocess.run([os.path.join(".", test)], cwd=build, env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=600)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def try_one(folder, build, entry):
    name, file, tests, old, new = entry
    path = os.path.join(folder, file)
    with open(path, encoding="utf-8") as opened:
        text = opened.read()
    if text.count(old) != 1:
        return "its text stands in %s %d times" % (file, text.count(old))
    try:
        with open(path, "w", encoding="utf-8") as opened:
            opened.write(text.replace(old, new))
        for test in tests:
            answer = found(build, test, folder)
            if answer is None:
                return "it does not compile"
            if answer:
                return ""
        return "survived " + " ".join(tests)
    finally:
        with open(path, "w", encoding="utf-8") as opened:
            opened.write(text)


def main():
    source, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    folder = os.path.abspath("mutants")
    build = prepare(source, folder)
    passed = failed = 0
    for entry in entries(os.path.join(source, "tests", "mutants", "list.txt")):
        if wanted and entry[0] not in wanted:
            continue
        why = try_one(folder, build, entry)
        passed, failed = passed + (not why), failed + bool(why)
        print("%s - %s%s" % ("not ok" if why else "ok", entry[0], ": " + why if why else ""), flush=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
