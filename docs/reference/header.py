# SPDX-License-Identifier: Apache-2.0
"""Reads the public headers: topics, and what each declares with its comment.

The shape that is read is told in krait.h itself: a topic is a comment that begins
with a line of dashes; any other comment belongs to the declarations that follow it
up to an empty line; a comment behind a declaration belongs to that one.
"""
import re
from dataclasses import dataclass, field

DASHES = re.compile(r"-{20,}$")
FUNCTION = re.compile(r"KRAIT_API\s+(.*?)(krait_\w+)\((.*)\);$", re.S)
CALLBACK = re.compile(r"typedef\s+(\w+)\s*\(\*(\w+)\)\((.*)\);$", re.S)
TYPE = re.compile(r"typedef\s+(.*?)(\w+);$", re.S)
CONSTANT = re.compile(r"#define\s+(KRAIT_\w+)\s+(\(?-?\d+\)?)$")
SCAFFOLD = re.compile(r'#(ifdef|ifndef|if|else|endif)\b|extern "C" \{$|\}$')
ARGUMENT = re.compile(r"(.*?)(\w+)$", re.S)


@dataclass
class Declaration:
    kind: str                   # "function", "callback", "type" or "constant"
    name: str
    code: str                   # as it stands in the header, on one line
    value: str = ""             # of a constant; of a function or callback what it returns
    arguments: list = field(default_factory=list)       # (type, name)
    about: str = ""             # the comment behind it
    line: int = 0


@dataclass
class Group:
    """A comment and what it is about."""
    comment: list               # lines
    declarations: list = field(default_factory=list)


@dataclass
class Topic:
    name: str                   # krait_session
    title: str                  # Session
    summary: str                # one sequence and its state
    about: list                 # lines of prose
    threads: str
    header: str                 # the file that declares it
    groups: list = field(default_factory=list)

    def declarations(self, kind=None):
        return [d for g in self.groups for d in g.declarations if kind in (None, d.kind)]


def _comment(lines, at):
    """The lines of the comment that begins at `at`, without their stars, and where it ends."""
    taken = []
    while True:
        line = lines[at]
        end = line.rstrip().endswith("*/")
        line = re.sub(r"^\s*(/\*| \*(?!/))", "", re.sub(r"\s*\*/\s*$", "", line))
        taken.append(line[1:] if line.startswith(" ") else line)
        at += 1
        if end:
            break
    while taken and not taken[0].strip():
        taken.pop(0)
    while taken and not taken[-1].strip():
        taken.pop()
    return taken, at


def _arguments(text):
    """(type, name) of each argument."""
    found = []
    for one in text.split(","):
        one = " ".join(one.split())
        if one and one != "void":
            kind, name = ARGUMENT.match(one).groups()
            found.append((kind.strip(), name))
    return found


def _declaration(code):
    """What a whole statement declares, or None."""
    match = FUNCTION.match(code)
    if match:
        return Declaration("function", match[2], code, " ".join(match[1].split()), _arguments(match[3]))
    match = CALLBACK.match(code)
    if match:
        return Declaration("callback", match[2], code, match[1], _arguments(match[3]))
    match = TYPE.match(code)
    if match:
        return Declaration("type", match[2], code, " ".join(match[1].split()))
    match = CONSTANT.match(code)
    if match:
        return Declaration("constant", match[1], code, match[2].strip("()"))
    return None


def _statement(lines, at):
    """A statement with the comment behind it, and where it ends."""
    code, about = "", ""
    while True:
        match = re.match(r"(.*?)\s*(?:/\*\s*(.*?)\s*\*/)?\s*$", lines[at])
        code += (" " if code else "") + match[1].strip()
        about = match[2] or about
        at += 1
        if code.startswith("#") or code.endswith(";"):
            return " ".join(code.split()), about, at


def _topic(comment, header):
    text = comment[1:]
    title, _, summary = text[0].partition(": ")
    threads = ""
    about = text[1:]
    for i, line in enumerate(about):
        if line.startswith("Threads: "):
            threads = " ".join(part.strip() for part in [line[9:]] + about[i + 1:])
            about = about[:i]
            break
    return Topic("krait_" + title.split()[0].lower(), title, summary, about, threads, header)


def read(path, header):
    """The lines of prose that a header begins with, and its topics."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    introduction, topics, group, at = [], [], None, 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("/*"):
            comment, at = _comment(lines, at)
            if comment and DASHES.match(comment[0]):
                topics.append(_topic(comment, header))
                group = None
            elif topics:
                group = Group(comment)
                topics[-1].groups.append(group)
            elif not comment[0].startswith("SPDX"):
                # A second comment at the top is for those who edit the header.
                introduction = introduction or comment
            continue
        if not line.strip():
            group = None
        elif re.match(r"(KRAIT_API\s+\S|typedef |#define KRAIT_\w+ \S)", line) and topics:
            begin = at
            code, about, at = _statement(lines, at)
            declaration = _declaration(code)
            if declaration is None:
                raise SystemExit(f"{header}:{begin + 1}: not a declaration that can be read: {code}")
            declaration.about, declaration.line = about, begin + 1
            if group is None:
                group = Group([])
                topics[-1].groups.append(group)
            group.declarations.append(declaration)
            continue
        elif topics and not SCAFFOLD.match(line):
            raise SystemExit(f"{header}:{at + 1}: not something that a public header holds: {line}")
        at += 1
    return introduction, topics


def read_all(include):
    """Both public headers: the introduction of krait.h and all topics."""
    introduction, topics = read(include + "/krait.h", "krait.h")
    return introduction, topics + read(include + "/krait_experimental.h", "krait_experimental.h")[1]
