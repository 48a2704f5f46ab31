# SPDX-License-Identifier: Apache-2.0
"""krait pull when something fails: servers, lines, disks, other programs, Ctrl-C."""
import os
import resource
import signal
import time

import hub as hubs
from hub import body, cut, drip, location, other, status
from tap import DEMO, Box, load, main, test

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "some/model"


def make():
    hub = hubs.Hub()
    # Larger than what a socket holds, so that a break in the middle is one.
    files = load(DEMO, "config.json", "pytorch_model.bin")
    files["tokenizer.json"] = b'{"none": true}'
    hub.models[NAME] = hubs.Model(files, COMMIT)
    return hub, Box(hub)


def weights(hub):
    return hub.models[NAME].files["pytorch_model.bin"]


def content(hub):
    return hub.models[NAME].name_of("pytorch_model.bin")


def whole(hub, box):
    """The model is there, and is what the hub has."""
    for path, data in hub.models[NAME].files.items():
        assert open(box.model(NAME) + "/snapshots/" + COMMIT + "/" + path, "rb").read() == data, path
    assert not [b for b in box.blobs(NAME) if "." in b], box.blobs(NAME)


def unnamed(box):
    """No name leads to what is not whole."""
    assert not os.path.exists(box.model(NAME) + "/refs/main")
    assert not box.files(), box.files()


# ---- lines that break

@test
def a_line_that_breaks_anywhere_is_mended(hub, box):
    for n in (0, 1, 1000, len(weights(hub)) - 1):
        hub.calm()
        box.run("rm", "-y", NAME)
        hub.rule("store", "GET", ".", cut(n), times=1)
        box.run("pull", NAME).must(0)
        whole(hub, box)
        asked = hub.asked("store", "GET", ".")
        assert len(asked) == 2 and asked[0]["range"] is None, asked


@test
def what_came_before_a_break_comes_no_more(hub, box):
    hub.rule("store", "GET", ".", cut(1 << 20, '"one"'), times=1)
    hub.rule("store", "GET", ".", cut(1 << 20, '"one"'), times=1)
    hub.rule("store", "GET", ".", lambda h, d: h.bytes(d, [("ETag", '"one"')], '"one"'))
    box.run("pull", NAME).must(0)
    whole(hub, box)
    asked = hub.asked("store", "GET", ".")
    first = [int(entry["range"][6:-1]) for entry in asked[1:]]
    assert len(first) == 2 and 0 < first[0] < first[1], asked
    assert asked[1]["if_range"] == '"one"'


@test
def lists_and_heads_that_break_are_asked_again(hub, box):
    hub.rule("hub", "GET", "^/api/", lambda h, d: h.bytes(d, cut=5), times=2)
    hub.rule("hub", "HEAD", "config.json", lambda h, d: h.cut(), times=1)
    hub.rule("hub", "GET", "config.json", lambda h, d: h.cut(), times=1)
    box.run("pull", NAME).must(0)
    whole(hub, box)


@test
def a_line_that_always_breaks_is_given_up(hub, box):
    hub.rule("store", "GET", ".", cut(10))
    box.run("pull", NAME).must(1, "5 times in a row", "goes on from there")
    assert 5 <= len(hub.asked("store", "GET", ".")) <= 6
    unnamed(box)
    hub.calm()
    box.run("pull", NAME).must(0)
    whole(hub, box)


@test
def another_process_goes_on(hub, box):
    hub.rule("store", "GET", ".", lambda h, d: slowly(h, d, 1 << 20), times=1)
    running = box.start("pull", NAME)
    partial = box.model(NAME) + "/blobs/" + content(hub) + ".krait.incomplete"
    for _ in range(400):
        if os.path.exists(partial) and os.path.getsize(partial) >= 1 << 19:
            break
        time.sleep(0.05)
    running.kill()
    running.communicate()
    size = os.path.getsize(partial)
    assert size > 0
    assert "half" in box.run("list").must(0, NAME, "goes on with it").out
    hub.calm()
    done = box.run("pull", NAME, "--json").must(0)
    assert hub.asked("store", "GET", ".")[0]["range"] == "bytes=%d-" % size
    assert [e for e in done.events("file") if e["file"] == "pytorch_model.bin"][0]["resumed_at"] == size
    whole(hub, box)
    assert box.run("list").must(0, NAME).out.count("half") == 0


def slowly(handler, data, n):
    """So many bytes at once, and then nothing for long."""
    handler.send(200, [], b"", claim=len(data))
    handler.wfile.write(data[:n])
    handler.wfile.flush()
    time.sleep(8)


@test
def ctrl_c_leaves_what_can_be_gone_on_from(hub, box):
    hub.rule("store", "GET", ".", lambda h, d: slowly(h, d, 1 << 20), times=1)
    running = box.start("pull", NAME)
    partial = box.model(NAME) + "/blobs/" + content(hub) + ".krait.incomplete"
    for _ in range(400):
        if os.path.exists(partial) and os.path.getsize(partial) >= 1 << 19:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130 and "goes on from there" in err, (running.returncode, err)
    unnamed(box)
    hub.calm()
    box.run("pull", NAME).must(0)
    assert hub.asked("store", "GET", ".")[0]["range"].startswith("bytes=") and len(hub.asked("store", "GET", ".")) == 1
    whole(hub, box)


@test
def a_server_that_says_nothing_is_left(hub, box):
    hub.rule("hub", "GET", "^/api/", lambda h, d: time.sleep(4), times=1)
    hub.rule("store", "GET", ".", lambda h, d: slowly(h, d, 1000), times=1)
    box.run("pull", NAME, HF_HUB_DOWNLOAD_TIMEOUT="1").must(0)
    whole(hub, box)


@test
def a_drip_is_left(hub, box):
    hub.rule("hub", "GET", "config.json", drip(0.3))
    done = box.run("pull", NAME, HF_HUB_DOWNLOAD_TIMEOUT="1")
    done.must(1, "config.json")
    unnamed(box)


# ---- what servers say

@test
def passing_troubles_pass(hub, box):
    hub.rule("hub", "GET", "^/api/", status(500), times=2)
    hub.rule("hub", "HEAD", "config.json", status(503), times=2)
    hub.rule("store", "GET", ".", status(429, Retry_After="1"), times=1)
    began = time.monotonic()
    box.run("pull", NAME).must(0)
    assert time.monotonic() - began >= 1
    whole(hub, box)


@test
def every_refusal_says_what_to_do(hub, box):
    for place, method, pattern, act, text in (
            ("hub", "GET", "^/api/", status(401, "RepoNotFound"), "HF_TOKEN"),
            ("hub", "GET", "^/api/", status(403, "GatedRepo"), "accept its terms"),
            ("hub", "GET", "^/api/", status(404, "RepoNotFound"), "check the name"),
            ("hub", "GET", "^/api/", status(404, "RevisionNotFound"), "no such revision"),
            ("hub", "GET", "^/api/", status(429, Retry_After="86400"), "too many requests"),
            ("hub", "GET", "^/api/", status(500), "try again later"),
            ("hub", "GET", "^/api/", status(418), "check HF_ENDPOINT"),
            ("hub", "GET", "^/api/", body(b"<html>hello</html>"), "check HF_ENDPOINT"),
            ("hub", "GET", "^/api/", body(b'{"sha": "../../etc", "siblings": []}'), "check HF_ENDPOINT"),
            ("hub", "HEAD", "config", status(404, "EntryNotFound"), "has no file 'config.json'"),
            ("hub", "HEAD", "config", status(403), "403"),
            ("hub", "HEAD", "config", body(b"no hub"), "check HF_ENDPOINT"),
            ("hub", "GET", "config", status(416), "times in a row"),
            ("store", "GET", ".", status(403), "does not give it"),
            ("store", "GET", ".", status(404), "does not give it")):
        hub.calm()
        box.run("rm", "-y", NAME)
        hub.rule(place, method, pattern, act)
        done = box.run("pull", NAME).must(1, text)
        assert done.err.splitlines()[-1].startswith("krait: "), done.err
        unnamed(box)
    hub.calm()
    box.run("pull", NAME).must(0)
    whole(hub, box)


@test
def a_signed_address_that_is_over_is_asked_for_anew(hub, box):
    hub.rule("store", "GET", ".", status(403), times=1)
    box.run("pull", NAME).must(0)
    assert len(hub.asked("hub", "HEAD", "pytorch_model")) == 2
    whole(hub, box)


@test
def redirects_end(hub, box):
    hub.rule("hub", "GET", "^/api/", location(lambda h: h.hub.endpoint + h.path))
    box.run("pull", NAME).must(1, "without an end")
    assert len(hub.log) <= 7
    hub.calm()
    hub.rule("store", "GET", ".", location(lambda h: h.hub.store + h.path + "x"))
    box.run("pull", NAME).must(1, "without an end")
    assert len(hub.asked("store", "GET", ".")) <= 7
    for to in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/x", "//", "http://["):
        hub.calm()
        hub.rule("store", "GET", ".", location(to))
        box.run("pull", NAME).must(1, "address that cannot be used")
        unnamed(box)


@test
def a_model_that_was_renamed(hub, box):
    hub.rule("hub", "GET", "^/api/models/old/name/", location("/api/models/%s/revision/main?blobs=true" % NAME, 307))
    hub.rule("hub", "*", "^/old/name/resolve/", location(lambda h: h.path.replace("old/name", NAME), 307))
    hub.models["old/name"] = hub.models[NAME]
    box.run("pull", "old/name").must(0)
    assert os.path.exists(box.model("old/name") + "/snapshots/" + COMMIT + "/pytorch_model.bin")


# ---- contents

@test
def contents_that_are_others(hub, box):
    spoiled = bytearray(weights(hub))
    spoiled[5000] ^= 1
    hub.rule("store", "GET", ".", other(bytes(spoiled)))
    box.run("pull", NAME).must(1, "SHA-256", content(hub))
    assert not [b for b in box.blobs(NAME) if content(hub) in b], box.blobs(NAME)
    unnamed(box)
    hub.calm()
    box.run("rm", "-y", NAME)
    hub.rule("hub", "GET", "config.json", other(b"x" * len(hub.models[NAME].files["config.json"])))
    box.run("pull", NAME).must(1, "SHA-1")
    hub.calm()
    hub.rule("store", "GET", ".", other(bytes(spoiled)), times=1)
    box.run("pull", NAME).must(0)
    whole(hub, box)


@test
def sizes_that_are_others(hub, box):
    for act in (other(weights(hub)[:-1]), other(weights(hub) + b"x"), lambda h, d: more(h, d)):
        hub.calm()
        hub.rule("store", "GET", ".", act)
        box.run("pull", NAME).must(1, "pytorch_model.bin")
        unnamed(box)
    hub.calm()
    box.run("rm", "-y", NAME)
    hub.rule("hub", "HEAD", "config.json", lambda h, d: h.bytes(d + b" ", [("X-Repo-Commit", COMMIT), ("ETag", '"%s"' % ("0" * 40))]))
    box.run("pull", NAME).must(1, "another size or content")


def more(handler, data):
    """Without a length, and without an end that would be right."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(data + b"more")
    handler.close_connection = True


@test
def a_file_that_changes_between_two_parts(hub, box):
    hub.rule("store", "GET", ".", cut(1 << 20, '"one"'), times=1)
    hub.rule("store", "GET", ".", other(weights(hub), '"two"'), times=1)
    box.run("pull", NAME).must(0)
    whole(hub, box)
    # One that does not know If-Range goes on with a part of something else.
    box.run("rm", "-y", NAME)
    hub.calm()
    hub.rule("store", "GET", ".", cut(1 << 20, '"one"'), times=1)
    hub.rule("store", "GET", ".", blind(weights(hub)[::-1], '"two"'), times=1)
    box.run("pull", NAME).must(0)
    whole(hub, box)
    # And one that has another size by now.
    box.run("rm", "-y", NAME)
    hub.calm()
    hub.rule("store", "GET", ".", cut(1 << 20), times=1)
    hub.rule("store", "GET", ".", blind(weights(hub) + b"grown", '"one"'), times=1)
    box.run("pull", NAME).must(0)
    whole(hub, box)


def blind(data, etag):
    def act(handler, _):
        del handler.headers["If-Range"]
        handler.bytes(data, [("ETag", etag)], etag)
    return act


@test
def parts_that_were_not_asked_for(hub, box):
    def act(handler, data):
        handler.headers.replace_header("Range", "bytes=7-") if handler.headers.get("Range") else None
        handler.bytes(data)
    hub.rule("store", "GET", ".", cut(1 << 20), times=1)
    hub.rule("store", "GET", ".", act)
    box.run("pull", NAME).must(1, "another part of it")
    hub.calm()
    box.run("pull", NAME).must(0)
    whole(hub, box)


@test
def a_server_without_ranges(hub, box):
    def act(handler, data):
        del handler.headers["Range"]
        handler.bytes(data)
    hub.rule("store", "GET", ".", cut(1 << 20), times=1)
    hub.rule("store", "GET", ".", act)
    box.run("pull", NAME).must(0)
    whole(hub, box)


@test
def names_that_lead_out(hub, box):
    files = hub.models[NAME].files
    for bad in ("../../../outside", "/etc/outside", "a/../../outside", "..", "a//b", "a\\..\\outside", "x\ny"):
        files[bad] = b"outside"
    box.run("pull", NAME).must(0, "lead out of its folder")
    assert not [f for f in box.files() if "outside" in f]
    for bad in [f for f in files if "outside" in f.lower() or f in ("..", "a//b", "x\ny")]:
        del files[bad]
    # By way of an index.
    del files["pytorch_model.bin"]
    files["model.safetensors.index.json"] = b'{"weight_map": {"a": "../../../outside"}}'
    box.run("pull", NAME).must(1, "damaged")
    files["model.safetensors.index.json"] = b'{"weight_map": []}'
    box.run("pull", NAME).must(1, "damaged")


@test
def contents_with_names_that_lead_out(hub, box):
    for etag in ("../../outside", "x" * 40, "0" * 41, "", "A" * 64):
        hub.calm()
        hub.rule("hub", "HEAD", "config.json", lambda h, d, etag=etag: h.bytes(d, [("X-Repo-Commit", COMMIT), ("ETag", '"%s"' % etag)]))
        box.run("pull", NAME).must(1, "does not name its content")
        unnamed(box)


# ---- the cache

@test
def a_disk_that_fills(hub, box):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    box.run("pull", NAME, before=limit).must(1, "cannot be written", "what has come stays")
    unnamed(box)
    hub.calm()
    box.run("pull", NAME).must(0)
    assert hub.asked("store", "GET", ".")[0]["range"] == "bytes=%d-" % (1 << 20)
    whole(hub, box)


@test
def a_model_larger_than_the_disk(hub, box):
    hub.rule("hub", "GET", "^/api/", lambda h, d: h.send(200, [], d.replace(b'"size": %d' % len(weights(hub)), b'"size": %d' % (1 << 62))))
    box.run("pull", NAME).must(1, "make room")
    assert not hub.asked("store", "GET", ".")


@test
def a_cache_that_cannot_be_made(hub, box):
    open(box.cache, "w").close()
    box.run("pull", NAME).must(1, box.cache)
    os.unlink(box.cache)
    os.makedirs(box.model(NAME) + "/blobs/" + content(hub) + ".krait.incomplete")
    box.run("pull", NAME).must(1, "incomplete")


@test
def links_in_the_cache_lead_nowhere(hub, box):
    outside = box.home + "/outside"
    open(outside, "w").write("mine")
    os.makedirs(box.model(NAME) + "/blobs")
    os.symlink(outside, box.model(NAME) + "/blobs/" + content(hub) + ".krait.incomplete")
    box.run("pull", NAME).must(1)
    assert open(outside).read() == "mine"
    os.unlink(box.model(NAME) + "/blobs/" + content(hub) + ".krait.incomplete")
    os.symlink(outside, box.model(NAME) + "/blobs/" + content(hub))
    os.makedirs(box.model(NAME) + "/snapshots/" + COMMIT, exist_ok=True)
    box.run("pull", NAME).must(0)
    assert open(outside).read() == "mine"
    os.unlink(outside)
    whole(hub, box)


@test
def what_other_programs_left_half_written(hub, box):
    blobs = box.model(NAME) + "/blobs/"
    os.makedirs(blobs)
    open(blobs + content(hub), "wb").write(weights(hub)[:1000])
    open(blobs + content(hub) + ".01234567.incomplete", "wb").write(b"theirs")
    open(blobs + content(hub) + ".krait.incomplete", "wb").write(b"z" * (len(weights(hub)) + 7))
    box.run("pull", NAME).must(0)
    assert open(blobs + content(hub) + ".01234567.incomplete", "rb").read() == b"theirs"
    os.unlink(blobs + content(hub) + ".01234567.incomplete")
    whole(hub, box)


@test
def what_was_left_spoiled_comes_again(hub, box):
    blobs = box.model(NAME) + "/blobs/"
    os.makedirs(blobs)
    open(blobs + content(hub) + ".krait.incomplete", "wb").write(b"z" * 1000)
    box.run("pull", NAME).must(0)
    whole(hub, box)
    os.unlink(blobs + content(hub))
    open(blobs + content(hub) + ".krait.incomplete", "wb").write(weights(hub))
    hub.calm()
    box.run("pull", NAME).must(0)
    assert not hub.asked("store", "GET", "."), "all of it was there"
    whole(hub, box)


@test
def two_pulls_at_once(hub, box):
    hub.rule("store", "GET", ".", lambda h, d: (time.sleep(0.5), h.bytes(d)))
    running = [box.start("pull", NAME) for _ in range(3)]
    for one in running:
        out, err = one.communicate(timeout=100)
        assert one.returncode == 0, err
    assert len(hub.asked("store", "GET", ".")) == 1
    whole(hub, box)


@test
def the_same_content_under_two_names(hub, box):
    hub.models[NAME].files["special_tokens_map.json"] = hub.models[NAME].files["tokenizer.json"]
    box.run("pull", NAME).must(0)
    assert len(hub.asked("hub", "GET", "tokenizer.json|special")) == 1
    whole(hub, box)


if __name__ == "__main__":
    main(make)
