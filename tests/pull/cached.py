# SPDX-License-Identifier: Apache-2.0
"""What is in the cache: krait list, krait rm, tokens that must not be there, and Python's client."""
import fcntl
import json
import os
import subprocess
import sys
import time

import hub as hubs
from tap import DEMO, Box, Skip, load, main, test

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"
NAME = "some/model"


def make():
    hub = hubs.Hub()
    hub.models[NAME] = hubs.Model(load(DEMO, "config.json", "pytorch_model.bin", "tokenizer.json"), COMMIT, revisions=("main", "old"))
    return hub, Box(hub)


def listed(box):
    return {model["name"]: model for model in json.loads(box.run("list", "--json").must(0).out)["models"]}


# ---- list

@test
def whole_and_half(hub, box):
    box.run("pull", NAME).must(0)
    os.makedirs(box.model("some/half") + "/blobs")
    open(box.model("some/half") + "/blobs/" + "0" * 64 + ".incomplete", "wb").write(b"x" * 12345)
    models = listed(box)
    assert models[NAME]["whole"] and models[NAME]["bytes"] == sum(len(d) for d in hub.models[NAME].files.values())
    assert not models["some/half"]["whole"] and models["some/half"]["bytes"] == 12345
    weights = os.path.join(box.model(NAME), "blobs", hub.models[NAME].name_of("pytorch_model.bin"))
    open(weights, "r+b").truncate(100)
    assert not listed(box)[NAME]["whole"]
    os.unlink(weights)
    half = listed(box)[NAME]
    assert not half["whole"] and "pytorch_model.bin" in half["about"], half


@test
def models_of_others_are_left_out(hub, box):
    box.run("pull", NAME).must(0)
    for name, config in (("other/family", '{"model_type": "gpt2"}'), ("other/broken", "{"), ("other/none", None)):
        snapshot = box.model(name) + "/snapshots/" + COMMIT
        os.makedirs(snapshot)
        os.makedirs(box.model(name) + "/refs")
        open(box.model(name) + "/refs/main", "w").write(COMMIT)
        open(snapshot + "/model.safetensors", "w").write("x")
        if config is not None:
            open(snapshot + "/config.json", "w").write(config)
    os.makedirs(box.cache + "/datasets--some--data/snapshots")
    assert set(listed(box)) == {NAME}, listed(box)


@test
def a_folder_full_of_nonsense(hub, box):
    for path in ("models--", "models----x", "models--a--b--c", "models--..--..", "models--a--b/refs/main/x", "models--a--c/snapshots", "version.txt/x",
            "models--a--d/refs/" + "y" * 200):
        os.makedirs(os.path.join(box.cache, path))
    os.makedirs(box.cache + "/models--a--e/refs")
    for content in (b"../../../../etc", b"\0" * 40, COMMIT.encode() * 20, b"", b"g" * 40):
        open(box.cache + "/models--a--e/refs/main", "wb").write(content)
        assert box.run("list").must(0).out == ""
        box.run("info", "-m", "a/e").must(1)


# ---- rm

@test
def a_revision_goes_and_what_others_use_stays(hub, box):
    box.run("pull", NAME + "@old").must(0)
    old = dict(hub.models[NAME].files)
    hub.models[NAME].files["config.json"] += b" "
    hub.models[NAME].commit = OTHER
    hub.models[NAME].revisions = ("main",)
    box.run("pull", NAME).must(0)
    assert len(box.blobs(NAME)) == 4 and set(listed(box)) == {NAME, NAME + "@old"}
    box.run("rm", "--yes", NAME + "@old").must(0)
    assert len(box.blobs(NAME)) == 3 and set(listed(box)) == {NAME}
    assert not os.path.exists(box.model(NAME) + "/refs/old") and not os.path.exists(box.model(NAME) + "/snapshots/" + COMMIT)
    box.run("info", "-m", NAME).must(0)
    box.run("rm", "-y", NAME + "@" + OTHER).must(0)
    assert not os.path.exists(box.model(NAME)), os.listdir(box.model(NAME))
    assert old


@test
def a_model_goes_with_all_of_it(hub, box):
    box.run("pull", NAME).must(0)
    box.run("rm", "--yes", NAME).must(0)
    assert sorted(os.listdir(box.cache)) == [".locks", "CACHEDIR.TAG"] and not os.listdir(box.cache + "/.locks")
    box.run("rm", "--yes", NAME).must(1, "krait list")


@test
def links_are_removed_and_what_they_lead_to_stays(hub, box):
    os.makedirs(box.home + "/precious")
    open(box.home + "/precious/file", "w").write("mine")
    os.makedirs(box.model(NAME) + "/snapshots/" + COMMIT)
    os.symlink(box.home + "/precious", box.model(NAME) + "/blobs")
    os.symlink(box.home + "/precious", box.model(NAME) + "/snapshots/" + COMMIT + "/folder")
    box.run("rm", "--yes", NAME).must(0)
    assert open(box.home + "/precious/file").read() == "mine"
    os.symlink(box.home + "/precious", box.model(NAME))
    box.run("rm", "--yes", NAME).must(1)
    assert open(box.home + "/precious/file").read() == "mine"


@test
def names_to_remove_that_are_none(hub, box):
    for name in ("", "..", "../x", "a/../b", "a/b/c", "/", "/etc", "a/b@../../x", "a/b@", ".locks", "a/.b"):
        assert box.run("rm", "--yes", "--", name).status == 2, name
    box.run("rm", "--yes", "demo").must(1)


@test
def it_asks_on_a_terminal_alone(hub, box):
    box.run("pull", NAME).must(0)
    box.run("rm", NAME).must(2, "--yes")
    box.terminal("rm", NAME, answer="n\n", until="?").must(1, "stays")
    assert NAME in listed(box)
    box.terminal("rm", NAME, answer="y\n", until="?").must(0, "removed")
    assert not listed(box)


@test
def what_is_being_fetched_stays(hub, box):
    box.run("pull", NAME).must(0)
    lock = open(box.cache + "/.locks/models--some--model/" + hub.models[NAME].name_of("config.json") + ".lock", "a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    box.run("rm", "--yes", NAME).must(1, "being fetched")
    lock.close()
    box.run("rm", "--yes", NAME).must(0)


# ---- tokens

def told(done):
    assert hubs.TOKEN not in done.out + done.err and "SeCrEt" not in done.out + done.err
    return done


@test
def a_token_goes_to_the_hub_alone(hub, box):
    hub.models[NAME].private = True
    told(box.run("pull", NAME)).must(1, "HF_TOKEN")
    told(box.run("pull", NAME, HF_TOKEN="hf_wrong")).must(1, "does not open it")
    hub.calm()
    told(box.run("pull", NAME, "--json", "--verbose", HF_TOKEN=hubs.TOKEN)).must(0)
    for entry in hub.log:
        assert entry["authorization"] == ("Bearer " + hubs.TOKEN if entry["place"] == "hub" else None), entry
    assert hub.asked("store", "GET", ".")
    for folder, _, names in os.walk(box.home):
        for name in names:
            assert b"SeCrEt" not in open(os.path.join(folder, name), "rb").read(), name


@test
def a_token_does_not_follow_redirects(hub, box):
    hub.rule("hub", "*", ".", hubs.location(lambda h: h.hub.store + h.path))
    told(box.run("pull", NAME, HF_TOKEN=hubs.TOKEN)).must(1)
    assert [e for e in hub.log if e["place"] == "store"] and not [e for e in hub.log if e["place"] == "store" and e["authorization"]]


@test
def a_token_stays_home_without_encryption(hub, box):
    # Not the machine itself by its name, so nothing says that nobody listens; the proxy answers for it.
    done = told(box.run("pull", NAME, HF_TOKEN=hubs.TOKEN, HF_ENDPOINT="http://hub.invalid", http_proxy=hub.endpoint, no_proxy=""))
    done.must(1, "not encrypted")
    assert hub.log and not [e for e in hub.log if e["authorization"]], hub.log


@test
def tokens_from_the_usual_places(hub, box):
    hub.models[NAME].private = True
    home = box.home + "/hf"
    os.makedirs(home)
    for path in (home + "/token", box.home + "/elsewhere"):
        open(path, "w").write("\n  " + hubs.TOKEN + " \n")
    for env in ({"HF_HOME": home}, {"HF_HOME": "~/hf"}, {"HF_TOKEN_PATH": box.home + "/elsewhere"}, {"HUGGING_FACE_HUB_TOKEN": hubs.TOKEN}):
        told(box.run("pull", NAME, **env)).must(0)
        box.run("rm", "-y", NAME).must(0)
    told(box.run("pull", NAME, HF_HOME=home, HF_HUB_DISABLE_IMPLICIT_TOKEN="1")).must(1)
    told(box.run("pull", NAME, HF_HOME=home, HF_TOKEN="two words SeCrEt")).must(1, "HF_TOKEN")
    told(box.run("pull", NAME, HF_TOKEN="a\nX-Injected: SeCrEt")).must(1, "HF_TOKEN")


@test
def a_token_is_in_no_list_of_processes(hub, box):
    hub.rule("hub", "GET", "^/api/", lambda h, d: (time.sleep(1), h.send(200, [], d)), times=1)
    running = box.start("pull", NAME, HF_TOKEN=hubs.TOKEN)
    for _ in range(100):
        if hub.log:
            break
        time.sleep(0.05)
    words = open("/proc/%d/cmdline" % running.pid, "rb").read()
    running.communicate()
    assert words and b"SeCrEt" not in words and hub.log[0]["authorization"]


@test
def proxies(hub, box):
    done = box.run("pull", NAME, HF_ENDPOINT="http://hub.invalid", http_proxy=hub.endpoint, no_proxy="")
    done.must(1)
    assert hub.log[0]["path"].startswith("http://hub.invalid/api/models/some/model"), hub.log


# ---- Python's client

def python_client(box, code):
    """Its standard output, or None where the package is not."""
    python = os.environ.get("KRAIT_HUB_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import huggingface_hub"], capture_output=True).returncode:
        return None
    env = {**box.env, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=env, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@test
def what_pythons_client_fetched_is_found(hub, box):
    path = python_client(box, "import huggingface_hub as h; print(h.snapshot_download(%r))" % NAME)
    if path is None:
        raise Skip("huggingface_hub is not installed")
    assert listed(box)[NAME]["whole"] and listed(box)[NAME]["path"] == path
    box.run("info", "-m", NAME).must(0)
    hub.calm()
    done = box.run("pull", NAME, "--json").must(0)
    assert all(e["was_here"] for e in done.events("file")) and len(hub.log) == 1
    box.run("rm", "--yes", NAME).must(0)


@test
def what_krait_fetched_is_found_by_pythons_client(hub, box):
    path = box.run("pull", NAME).must(0).out.strip()
    code = ("import os; os.environ['HF_HUB_OFFLINE'] = '1'; import huggingface_hub as h; print(h.snapshot_download(%r)); "
        "print(h.hf_hub_download(%r, 'pytorch_model.bin')); print(len(h.scan_cache_dir().warnings))" % (NAME, NAME))
    found = python_client(box, code)
    if found is None:
        raise Skip("huggingface_hub is not installed")
    assert found.splitlines() == [path, path + "/pytorch_model.bin", "0"], found
    hub.calm()
    python_client(box, "import huggingface_hub as h; print(h.snapshot_download(%r))" % NAME)
    assert not hub.asked("store", "GET", ".") and not hub.asked("hub", "GET", "/resolve/"), hub.log


if __name__ == "__main__":
    main(make)
