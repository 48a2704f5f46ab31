# SPDX-License-Identifier: Apache-2.0
"""Looks whether the header says of every function what a caller must know.

Each function: what it does; each argument by name; the shape or the bytes of what has a
size; who frees or how long what is returned lives; the errors that it may answer, by names
that exist. Each topic: its threads. What holds for all is said once, at the top.
"""
import re

import header as headers

NAMED = re.compile(r"\b(krait_[a-z0-9_]+|KRAIT_[A-Z0-9_]+)\b")
ERROR = re.compile(r"\b[A-Z][A-Z_]{1,}\b")
UNITS = r"\b(bytes|tokens|elements|rows|number|steps|ids|layers|sessions)\b"
HANDLE = re.compile(r"(const )?(krait_\w+) \*$")


def _receiver(function):
    """The handle that a function belongs to is not explained again each time."""
    if not function.arguments:
        return None
    match = HANDLE.match(function.arguments[0][0])
    return function.arguments[0][1] if match and function.name.startswith(match[2] + "_") else None


def _arguments(function, text):
    own = _receiver(function)
    for _, name in function.arguments:
        if name != own and f"`{name}`" not in text and f"[{name}]" not in text and f", {name}]" not in text:
            yield f"does not say what `{name}` is"


def _sizes(function, text):
    """What goes with n_x is [n_x] long, or in bytes where it is text or memory."""
    names = dict((name, kind) for kind, name in function.arguments)
    pairs = [(name, names[name[2:]]) for name in names if name.startswith("n_") and name[2:] in names]
    for size, kind in pairs:
        plain = kind.replace("const ", "")
        if plain in ("char *", "void *"):
            if not re.search(rf"`{size}` bytes", text):
                yield f"does not say that `{size}` is in bytes"
        elif kind.endswith("*") and not re.search(rf"\[{size}[\],]", text):
            yield f"does not say the shape of `{size[2:]}`: [{size}]"
    if function.value in ("size_t", "uint64_t") and not re.search(UNITS, text, re.I):
        yield "does not say in what it counts"


def _ownership(function, text):
    for kind, name in function.arguments:
        match = re.match(r"(krait_\w+) \*\*$", kind)
        if match and f"{match[1]}_free" not in text:
            yield f"does not say that `{name}` is freed with {match[1]}_free"
    if function.value == "const char *" and not re.search(r"\bBorrowed\b", text):
        yield "does not say how long what it returns lives"
    if HANDLE.match(function.value) and not re.search(r"_free\b|\bBorrowed\b", text):
        yield "does not say who owns what it returns"


def _errors(function, text, constants):
    if function.value != "krait_status":
        return
    match = re.search(r"\bErrors(?:, without a text)?: (.*)", text)
    if not match:
        yield "does not list its errors"
        return
    said = match[1]
    names = [word for word in ERROR.findall(said) if "KRAIT_" + word in constants or "KRAIT_ERROR_" + word in constants]
    if not names and not re.search(r"only those of every call|\bas krait_\w+", said):
        yield "lists no error that exists"


def _threads(topics):
    for topic in topics:
        if not topic.threads:
            yield f"{topic.header}: topic {topic.title}: does not say which threads"
        if not topic.summary:
            yield f"{topic.header}: topic {topic.title}: has no summary"


def _references(where, text, known):
    for name in NAMED.findall(text):
        if name not in known and not name.endswith("_") and not any(other.startswith(name + "_") for other in known):
            yield f"{where}: names {name}, which there is not"


def problems(introduction, topics):
    """Everything that is missing, one line each."""
    known = {d.name for t in topics for d in t.declarations()} | {"krait_experimental", "krait_x"}
    constants = {d.name for t in topics for d in t.declarations("constant")}
    yield from _threads(topics)
    yield from _references("krait.h", " ".join(introduction), known | {"KRAIT_H"})
    for topic in topics:
        yield from _references(f"{topic.header}: topic {topic.title}", " ".join(topic.about), known)
        for group in topic.groups:
            text = " ".join(group.comment)
            for one in group.declarations:
                where = f"{topic.header}:{one.line}: {one.name}"
                yield from _references(where, text + " " + one.about, known)
                if one.kind in ("constant", "type"):
                    if not one.about and not text:
                        yield f"{where} is not explained"
                    continue
                if len(re.findall(r"\w+", re.sub(r"\bErrors.*", "", text))) < 3:
                    yield f"{where} is not explained"
                    continue
                found = list(_arguments(one, text))
                if one.kind == "function":
                    found += [*_sizes(one, text), *_ownership(one, text), *_errors(one, text, constants)]
                for problem in found:
                    yield f"{where} {problem}"


def run(include):
    introduction, topics = headers.read_all(include)
    found = list(problems(introduction, topics))
    for line in found:
        print(line)
    return 1 if found else 0
