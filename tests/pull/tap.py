# SPDX-License-Identifier: Apache-2.0
"""Results as TAP, and the command in an environment where nothing of the user's own is seen."""
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

KRAIT = os.environ["KRAIT"]
DATA = os.environ["KRAIT_TEST_DATA"]
DEMO = os.path.join(os.environ["top_srcdir"], "models", "demo")
LIMIT = 120


class Box:
    """An empty home with a cache, and the command in it."""

    def __init__(self, hub=None):
        self.home = tempfile.mkdtemp(prefix="krait-pull-")
        self.cache = os.path.join(self.home, "hub")
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home, "HF_HUB_CACHE": self.cache, "HF_HUB_DOWNLOAD_TIMEOUT": "2", "TERM": "xterm",
            "TMPDIR": self.home, "LC_ALL": "C.UTF-8", "no_proxy": "*"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH", "KRAIT_CUDA_PLUGIN"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if hub:
            self.env["HF_ENDPOINT"] = hub.endpoint

    def run(self, *args, stdin="", before=None, **env):
        done = subprocess.run([KRAIT, *args], input=stdin, capture_output=True, text=True, timeout=LIMIT, env={**self.env, **env}, preexec_fn=before)
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *args, **env):
        return subprocess.Popen([KRAIT, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**self.env, **env})

    def terminal(self, *args, answer="", until=None, **env):
        """On a terminal; writes `answer` once `until` was seen. The status, and all that the screen got."""
        pid, fd = pty.fork()
        if not pid:
            os.execve(KRAIT, [KRAIT, *args], {**self.env, **env})
        screen, answered, ends = b"", not until, time.monotonic() + LIMIT
        while time.monotonic() < ends:
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            try:
                block = os.read(fd, 65536)
            except OSError:
                break
            if not block:
                break
            screen += block
            if not answered and until.encode() in screen:
                os.write(fd, answer.encode())
                answered = True
        os.close(fd)
        status = os.waitpid(pid, 0)[1]
        return Result(os.waitstatus_to_exitcode(status), screen.decode(errors="replace"), "")

    def model(self, name):
        return os.path.join(self.cache, "models--" + name.replace("/", "--"))

    def blobs(self, name):
        folder = os.path.join(self.model(name), "blobs")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def files(self):
        """Everything under the home but the cache: what must not be there."""
        return sorted(os.path.relpath(os.path.join(folder, name), self.home) for folder, _, names in os.walk(self.home) for name in names
            if not folder.startswith(self.cache))

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def events(self, kind=None):
        lines = [json.loads(line) for line in self.out.splitlines()]
        return [line for line in lines if kind is None or line["event"] == kind]

    def must(self, status, *texts):
        assert self.status == status, "exit status %s, not %s\n%s%s" % (self.status, status, self.out, self.err)
        for text in texts:
            assert text in self.err + self.out, "%r is not in\n%s%s" % (text, self.out, self.err)
        return self


def load(folder, *names):
    return {name: open(os.path.join(folder, name), "rb").read() for name in names or os.listdir(folder) if os.path.isfile(os.path.join(folder, name))}


tests = []


def test(function):
    tests.append(function)
    return function


class Skip(Exception):
    """A test that needs what is not here."""


def main(make):
    """Runs the tests, each with what `make` gives; those of the command line alone, if there are any."""
    chosen = [t for t in tests if len(sys.argv) < 2 or t.__name__ in sys.argv[1:]]
    for i, function in enumerate(chosen, 1):
        things = make()
        try:
            function(*things)
            print("ok %d - %s" % (i, function.__name__.replace("_", " ")))
        except Skip as why:
            print("ok %d - %s # SKIP %s" % (i, function.__name__.replace("_", " "), why))
        except Exception:
            print("not ok %d - %s" % (i, function.__name__.replace("_", " ")))
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="")
        for thing in reversed(things):
            thing.close()
        sys.stdout.flush()
    print("1..%d" % len(chosen))
