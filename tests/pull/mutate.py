# SPDX-License-Identifier: Apache-2.0
"""Answers of a hub and folders of a cache that are spoiled at random, with fixed seeds: krait ends with 0 or 1 and one
reason, touches nothing outside the cache, and gets everything right once the hub is well again. KRAIT_LONG=1: more of it."""
import json
import os
import random
import shutil

import hub as hubs
from tap import DATA, DEMO, Box, load, main, test

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SAFE, PLAIN = "some/safe", "some/plain"
ROUNDS = 300 if os.environ.get("KRAIT_LONG") else 10
ODD = (b"", b"\0", b"\xff\xfe", b"-1", b"18446744073709551616", b"9223372036854775807", b"../../x", b"[" * 300, b"{", b'"', b"null", b"\r\n", b"%s%n", b"1e999")


def make():
    hub = hubs.Hub()
    hub.models[SAFE] = hubs.Model(load(os.path.join(DATA, "golden", "mamba1-hf-sharded-f32")), COMMIT, large=2000)
    hub.models[PLAIN] = hubs.Model(load(DEMO, "config.json", "tokenizer.json"), COMMIT)
    hub.models[PLAIN].files["pytorch_model.bin"] = load(os.path.join(DATA, "golden", "mamba1-bin-f16"))["pytorch_model.bin"]
    return hub, Box(hub)


def spoil(chance, data):
    """Bytes with one or two faults."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at:at + chance.choice((1, 2, 7, 1 << 20))]
        elif kind == 2:
            data[at:at] = chance.choice(ODD)
        else:
            data[at:at + chance.randrange(20)] = chance.choice(ODD)
    return bytes(data)


def spoiled_head(chance):
    """An answer whose lines are spoiled, and perhaps its status."""
    def act(handler, data):
        lines = [("ETag", '"%s"' % ("0" * 40)), ("X-Repo-Commit", COMMIT), ("X-Linked-Size", "5"), ("Location", "/x"), ("Content-Range", "bytes 0-4/5"),
            ("Retry-After", "0"), ("X-Error-Code", "EntryNotFound"), ("Content-Encoding", "gzip")]
        handler.send_response(chance.choice((200, 206, 302, 307, 401, 404, 416)))
        for name, value in chance.sample(lines, 4):
            value = spoil(chance, value.encode()).decode("latin-1").replace("\r", "").replace("\n", "")
            handler.send_header(name, value)
        handler.send_header("Content-Length", chance.choice((str(len(data)), "0", "5", "99999999999999999999", "-3")))
        handler.send_header("Connection", "close")
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(data)
        handler.close_connection = True
    return act


def fair(done):
    assert done.status in (0, 1), "status %s: %s" % (done.status, done.err)
    if done.status:
        # a line for people, or with --json one for programs
        assert [line for line in done.err.splitlines() if line.startswith(("krait: ", '{"error":'))], done.err
    assert "Sanitizer" not in done.err, done.err


def tried(hub, box, name, seed, rule):
    hub.calm()
    shutil.rmtree(box.cache, ignore_errors=True)
    rule(random.Random(seed))
    try:
        fair(box.run("pull", name, "--json", HF_HUB_DOWNLOAD_TIMEOUT="1"))
        assert not box.files(), box.files()
        fair(box.run("list"))
    except AssertionError as error:
        raise AssertionError("seed %d: %s" % (seed, error)) from error


@test
def spoiled_lists(hub, box):
    for seed in range(ROUNDS):
        def rule(chance):
            hub.rule("hub", "GET", "^/api/", lambda h, d: h.send(200, [], spoil(chance, d)))
        tried(hub, box, SAFE, seed, rule)
    hub.calm()
    box.run("pull", SAFE).must(0)


@test
def spoiled_indexes_and_heads_of_weights(hub, box):
    for seed in range(ROUNDS):
        def rule(chance):
            hub.rule("store", "GET", ".", lambda h, d: h.bytes(spoil(chance, d[:3000]) + d[3000:]))
            hub.rule("hub", "GET", "index.json", lambda h, d: h.send(200, [], spoil(chance, d)))
        tried(hub, box, SAFE, seed, rule)
    hub.calm()
    box.run("pull", SAFE).must(0)
    box.run("info", "-m", SAFE).must(0)


@test
def spoiled_lines_of_answers(hub, box):
    for seed in range(ROUNDS):
        def rule(chance):
            hub.rule(chance.choice(("hub", "store")), chance.choice(("GET", "HEAD", "*")), ".", spoiled_head(chance), times=chance.randint(1, 3))
        tried(hub, box, PLAIN, seed, rule)
    hub.calm()
    box.run("pull", PLAIN).must(0)
    box.run("info", "-m", PLAIN).must(1)        # another model's weights, all of them whole


def spoil_folder(chance, root, outside):
    everything = [os.path.join(folder, name) for folder, folders, names in os.walk(root) for name in folders + names]
    path = chance.choice(everything)
    kind = chance.randrange(6)
    if kind == 0 or kind > 3:
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    if kind == 1 and os.path.isfile(path) and not os.path.islink(path):
        data = open(path, "rb").read(100000)
        open(path, "wb").write(spoil(chance, data))
    if kind == 2 and os.path.isfile(path) and not os.path.islink(path):
        os.truncate(path, chance.randrange(os.path.getsize(path) + 1))
    if kind == 3 and os.path.isdir(path):
        os.makedirs(os.path.join(path, chance.choice(("models--x--y", "refs", "blobs", "-", "é", "a--b", "x.incomplete"))), exist_ok=True)
    if kind == 4:
        os.symlink(chance.choice((outside, "/", ".", "..", path, "/nowhere")), path)
    if kind == 5:
        os.mkdir(path)


@test
def spoiled_folders(hub, box):
    outside = box.home + "/outside"
    os.makedirs(outside + "/inner")
    open(outside + "/inner/file", "w").write("mine")
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        shutil.rmtree(box.cache, ignore_errors=True)
        box.run("pull", SAFE).must(0)
        try:
            for _ in range(chance.randint(1, 4)):
                spoil_folder(chance, box.cache, outside)
            done = box.run("list", "--json")
            fair(done)
            json.loads(done.out)
            fair(box.run("info", "-m", SAFE))
            fair(box.run("pull", SAFE))
            fair(box.run("rm", "--yes", SAFE))
            assert open(outside + "/inner/file").read() == "mine"
        except Exception as error:
            raise AssertionError("seed %d: %s" % (seed, error)) from error
        finally:
            if os.path.islink(box.cache) or os.path.isfile(box.cache):
                os.unlink(box.cache)


if __name__ == "__main__":
    main(make)
