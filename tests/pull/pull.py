# SPDX-License-Identifier: Apache-2.0
"""krait pull against a hub on loopback: what comes, where it lies, what is told."""
import json
import os

import hub as hubs
from tap import DATA, DEMO, Box, load, main, test

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"
CHAT = "havenhq/mamba-chat"


def demo():
    return {**load(DEMO, "config.json", "generation_config.json", "pytorch_model.bin", "tokenizer.json", "tokenizer_config.json"),
        "README.md": b"read me", "training/notes.txt": b"notes"}


def golden(name):
    return load(os.path.join(DATA, "golden", name))


def make():
    hub = hubs.Hub()
    hub.models[CHAT] = hubs.Model(demo(), COMMIT)
    hub.models["some/safe"] = hubs.Model({**golden("mamba1-hf-bf16"), "pytorch_model.bin": b"x" * 100000}, COMMIT, large=2000)
    hub.models["some/parts"] = hubs.Model(golden("mamba1-hf-sharded-f32"), COMMIT, large=2000)
    hub.models["state-spaces/mamba-tiny"] = hubs.Model(golden("mamba1-bin-f16"), COMMIT, large=2000)
    hub.models["EleutherAI/gpt-neox-20b"] = hubs.Model({**load(DEMO, "tokenizer.json"), "config.json": b"{}", "model.safetensors": b"y" * 100000}, OTHER)
    return hub, Box(hub)


@test
def from_an_empty_cache_to_a_talk_with_two_commands(hub, box):
    box.run("pull", CHAT).must(0)
    talk = box.run("chat", "-m", CHAT, "-n", "8", "--seed", "1", stdin="hello\n").must(0)
    assert talk.out.strip()


@test
def what_comes_and_where_it_lies(hub, box):
    done = box.run("pull", CHAT, "--json").must(0)
    names = {e["file"] for e in done.events("file")}
    assert names == {"config.json", "generation_config.json", "pytorch_model.bin", "tokenizer.json", "tokenizer_config.json"}, names
    plan = done.events("plan")[0]
    assert plan["commit"] == COMMIT and plan["bytes"] == plan["bytes_to_fetch"] == sum(len(hub.models[CHAT].files[n]) for n in names)
    assert open(box.model(CHAT) + "/refs/main").read() == COMMIT
    snapshot = box.model(CHAT) + "/snapshots/" + COMMIT
    assert done.events("done")[0]["path"] == snapshot
    for name in names:
        assert os.readlink(snapshot + "/" + name) == "../../blobs/" + hub.models[CHAT].name_of(name)
        assert open(snapshot + "/" + name, "rb").read() == hub.models[CHAT].files[name]
    assert sorted(os.listdir(snapshot)) == sorted(names)
    assert len(box.blobs(CHAT)) == len(names)
    assert open(box.cache + "/CACHEDIR.TAG").read().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert not box.files(), box.files()
    assert all(e["encoding"] == "identity" for e in hub.log)


@test
def a_second_pull_fetches_nothing(hub, box):
    box.run("pull", CHAT).must(0)
    hub.calm()
    done = box.run("pull", CHAT, "--json").must(0)
    assert all(e["was_here"] for e in done.events("file")) and done.events("plan")[0]["bytes_to_fetch"] == 0
    assert [e["path"] for e in hub.log] == ["/api/models/%s/revision/main?blobs=true" % CHAT], hub.log


@test
def a_new_commit_fetches_what_changed(hub, box):
    box.run("pull", CHAT).must(0)
    hub.calm()
    hub.models[CHAT].commit = OTHER
    hub.models[CHAT].files["config.json"] += b"\n"
    box.run("pull", CHAT).must(0)
    assert not hub.asked("store", "GET", ".") and hub.asked("hub", "GET", "config.json")
    assert open(box.model(CHAT) + "/refs/main").read() == OTHER


@test
def safetensors_come_before_bin_and_their_heads_tell_the_memory(hub, box):
    done = box.run("pull", "some/safe", "--json").must(0)
    names = {e["file"] for e in done.events("file")}
    assert "model.safetensors" in names and "pytorch_model.bin" not in names
    info = json.loads(box.run("info", "--json", "-m", "some/safe", "--device", "cpu").must(0).out)
    assert done.events("plan")[0]["memory_bytes"] == info["memory_bytes"], (done.events("plan"), info)
    assert hub.asked("store", "GET", ".")[0]["range"] == "bytes=0-65535"


@test
def parts_that_an_index_names(hub, box):
    done = box.run("pull", "some/parts", "--json").must(0)
    names = {e["file"] for e in done.events("file")}
    parts = set(json.loads(hub.models["some/parts"].files["model.safetensors.index.json"])["weight_map"].values())
    assert len(parts) > 1 and parts <= names and "model.safetensors.index.json" in names
    assert done.events("plan")[0]["memory_bytes"]
    box.run("info", "-m", "some/parts").must(0)


@test
def odd_names_of_parts(hub, box):
    model = hub.models["some/parts"]
    index = json.loads(model.files["model.safetensors.index.json"])
    old, odd = sorted(index["weight_map"].values())[0], "model #1 %41 ?ä+&.safetensors"
    model.files[odd] = model.files.pop(old)
    index["weight_map"] = {t: odd if f == old else f for t, f in index["weight_map"].items()}
    model.files["model.safetensors.index.json"] = json.dumps(index).encode()
    box.run("pull", "some/parts").must(0)
    box.run("info", "-m", "some/parts").must(0)


@test
def revisions(hub, box):
    hub.models[CHAT].revisions = ("main", "v1.0", "refs/pr/1")
    for revision in ("v1.0", "refs/pr/1", COMMIT):
        box.run("pull", CHAT + "@" + revision).must(0)
        box.run("info", "-m", CHAT + "@" + revision).must(0)
    assert open(box.model(CHAT) + "/refs/refs/pr/1").read() == COMMIT
    assert not os.path.exists(box.model(CHAT) + "/refs/main")
    box.run("info", "-m", CHAT).must(1, "krait pull " + CHAT)
    box.run("pull", CHAT + "@v2").must(1, "no such revision")


@test
def the_tokenizer_that_belongs_to_it(hub, box):
    done = box.run("pull", "state-spaces/mamba-tiny").must(0, "EleutherAI/gpt-neox-20b")
    assert not hub.asked("store", "GET", hub.models["EleutherAI/gpt-neox-20b"].name_of("model.safetensors"))
    ids = box.run("tokenize", "-m", "state-spaces/mamba-tiny", "Once upon").must(0)
    assert ids.out == box.run("tokenize", "-m", DEMO, "Once upon").must(0).out
    by_path = box.run("tokenize", "-m", done.out.strip(), "Once upon").must(0)
    assert by_path.out == ids.out
    assert "EleutherAI/gpt-neox-20b" in box.run("list").must(0, "a tokenizer alone").out


@test
def a_tokenizer_that_is_not_there_is_named(hub, box):
    box.run("pull", "state-spaces/mamba-tiny").must(0)
    box.run("rm", "--yes", "EleutherAI/gpt-neox-20b").must(0)
    told = box.run("tokenize", "-m", "state-spaces/mamba-tiny", "Once")
    told.must(1, "krait pull EleutherAI/gpt-neox-20b")


@test
def mamba_chat_has_the_template_of_zephyr(hub, box):
    settings = json.loads(hub.models[CHAT].files["tokenizer_config.json"])
    settings.pop("chat_template", None)
    hub.models[CHAT].files["tokenizer_config.json"] = json.dumps(settings).encode()
    box.run("pull", CHAT).must(0)
    assert json.loads(box.run("info", "--json", "-m", CHAT).must(0).out)["chat_template"] == "zephyr"
    box.run("chat", "-m", CHAT, "-n", "4", stdin="hello\n").must(0)


@test
def one_file_by_its_name(hub, box):
    hub.models["some/gguf"] = hubs.Model({"small.gguf": b"GGUF", "large.gguf": b"GGUF", "config.json": b"{}"}, COMMIT)
    box.run("pull", "some/gguf").must(1, "small.gguf", "GGUF")
    box.run("pull", "some/gguf:small.gguf").must(0, "does not run GGUF yet")
    assert os.listdir(box.model("some/gguf") + "/snapshots/" + COMMIT) == ["small.gguf"]
    box.run("pull", "some/gguf:none.gguf").must(1, "none.gguf")


@test
def a_model_of_another_family_is_refused_before_it_comes(hub, box):
    config = json.loads(hub.models["some/safe"].files["config.json"])
    config["model_type"], config["architectures"] = "gpt2", ["GPT2LMHeadModel"]
    hub.models["some/safe"].files["config.json"] = json.dumps(config).encode()
    box.run("pull", "some/safe").must(1, "does not run some/safe", "gpt2")
    assert not box.blobs("some/safe")


@test
def offline(hub, box):
    box.run("pull", CHAT, HF_HUB_OFFLINE="1").must(1, "HF_HUB_OFFLINE")
    box.run("pull", CHAT).must(0)
    hub.calm()
    path = box.run("pull", CHAT, TRANSFORMERS_OFFLINE="yes").must(0).out.strip()
    assert path == box.model(CHAT) + "/snapshots/" + COMMIT and not hub.log


@test
def where_the_cache_is(hub, box):
    del box.env["HF_HUB_CACHE"]
    for env, where in (({}, ".cache/huggingface/hub"), ({"XDG_CACHE_HOME": "~/x"}, "x/huggingface/hub"), ({"HF_HOME": "$HOME/h"}, "h/hub"),
            ({"HF_HOME": "/nowhere", "HF_HUB_CACHE": "${HOME}/c"}, "c")):
        path = box.run("pull", CHAT, **env).must(0).out.strip()
        assert path == os.path.join(box.home, where, "models--havenhq--mamba-chat/snapshots", COMMIT), path
        box.run("info", "-m", CHAT, **env).must(0)


@test
def names_that_are_none(hub, box):
    for name in ("", "a/b/c", "../x", "a/..", "a--b/c", "a/b@", "a/b@../c", "a/b:../c", "a/b:/etc/passwd", "a/b.git", "-", "a b/c", "x" * 300):
        assert box.run("pull", "--", name).status == 2, name
    assert not hub.log


@test
def a_name_that_is_not_there(hub, box):
    box.run("info", "-m", CHAT).must(1, "krait pull " + CHAT)
    assert box.run("run", "-m", CHAT, "x").err.count("\n") == 1


@test
def on_a_terminal_a_name_is_asked_for(hub, box):
    done = box.terminal("info", "-m", CHAT, answer="n\n", until="?")
    done.must(1, "krait pull")
    assert not hub.log
    box.terminal("info", "-m", CHAT, answer="y\n", until="?").must(0, "mamba")


@test
def bars_on_a_terminal(hub, box):
    done = box.terminal("pull", CHAT).must(0, "in all", "pytorch_model.bin")
    assert "[" in done.out and "%" in done.out


if __name__ == "__main__":
    main(make)
