# SPDX-License-Identifier: Apache-2.0
"""Manual pages in mdoc(7): one of section 3 for each topic of the headers, the state file's of
section 5 from docs/state-format.md, the overview of section 7, and a list of names that lead
to those of section 3."""
import os
import re
import textwrap

import header as headers
import text as markup

WORD = re.compile(r"(`[^`]+`|\bkrait_[a-z0-9_]*[a-z0-9]\b|\bKRAIT_[A-Z0-9_]+\b)")
SPECIAL = {"\\": "\\e", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def escape(text):
    """Text that roff takes as it is."""
    text = "".join(SPECIAL.get(c, c) for c in text)
    return re.sub(r"\b([a-z]+)\(\)", r"\\fB\1\\fR()", text)


def protect(line):
    return "\\&" + line if line.startswith((".", "'")) else line


class Page:
    def __init__(self, name, section, date):
        self.lines = ['.\\" SPDX-License-Identifier: Apache-2.0', f".Dd {date}",
                      f".Dt {name.upper()} {section}", ".Os"]
        self.fresh = True       # nothing stands under the last heading yet

    def macro(self, *words):
        self.lines.append("." + " ".join(words))
        if words[0] in ("Sh", "Ss", "It"):
            self.fresh = True

    def space(self):
        if not self.fresh:
            self.lines.append(".Pp")
        self.fresh = False

    def write(self, path):
        data = "\n".join(self.lines) + "\n"
        with open(path + ".tmp", "w", encoding="utf-8") as file:
            file.write(data)
        os.replace(path + ".tmp", path)


class Writer:
    """Puts blocks of text into a page."""

    def __init__(self, page, functions=(), constants=()):
        self.page, self.functions, self.constants = page, set(functions), set(constants)

    def _marked(self, word):
        """How a word that means something is set, in the line."""
        if word in self.functions or word in self.constants:
            return "\\fB" + word + "\\fR"
        if word.startswith("`"):
            return "\\fI" + escape(word[1:-1]) + "\\fR"
        return word

    def _sentence(self, text):
        parts = []
        for kind, *rest in markup.spans(text):
            if kind == "text":
                parts += [self._marked(w) if WORD.fullmatch(w) else escape(w) for w in WORD.split(rest[0]) if w]
            elif kind == "code":
                word = rest[0]
                known = word in self.functions or word in self.constants
                parts.append(("\\fB" if known else "\\fI") + escape(word) + "\\fR")
            elif kind == "strong":
                parts.append("\\fB" + escape(rest[0]) + "\\fR")
            else:
                parts.append(escape(rest[0]))
        return "".join(parts)

    def prose(self, text):
        """One sentence a line, as roff wants it."""
        for sentence in re.split(r"(?<=[.!?:;])\s+", text):
            for line in textwrap.wrap(self._sentence(sentence), 78, break_long_words=False, break_on_hyphens=False):
                self.page.lines.append(protect(line))
        self.page.fresh = False

    def code(self, lines):
        self.page.space()
        self.page.macro("Bd", "-literal", "-offset", "indent", "-compact")
        self.page.lines += [protect(escape(line)) for line in lines]
        self.page.macro("Ed")

    def table(self, rows):
        """A description list: the first cell is the term."""
        header, *body = rows
        self.page.macro("Bl", "-tag", "-width", "Ds")
        for first, *rest in body:
            cells = [cell for cell in rest if cell]
            term = first or cells.pop(0)
            self.page.macro("It", self._sentence(term).replace(" ", "\\ "))
            self.prose(": ".join(cells) if cells else "")
        self.page.macro("El")
        self.page.fresh = False

    def blocks(self, blocks):
        for kind, *rest in blocks:
            if kind == "heading":
                self.page.macro("Ss", self._sentence(rest[1]))
            elif kind == "paragraph":
                self.page.space()
                self.prose(rest[0])
            elif kind == "code":
                self.code(rest[0])
            elif kind == "table":
                self.table(rest[0])
            else:
                self.page.macro("Bl", "-bullet")
                for item in rest[0]:
                    self.page.macro("It")
                    self.prose(item)
                self.page.macro("El")
                self.page.fresh = False


def _synopsis(page, topic):
    page.macro("Sh", "SYNOPSIS")
    page.macro("In", topic.header)
    for one in topic.declarations("type"):
        page.macro("Vt", f'"{one.code.rstrip(";")}" ;')
    for one in topic.declarations("callback"):
        names = ", ".join(_argument(*a) for a in one.arguments)
        page.macro("Ft", f'"typedef {one.value}"')
        page.macro("Fn", f'"(*{one.name})"', *[f'"{a}"' for a in names.split(", ")])
    for one in topic.declarations("function"):
        page.macro("Ft", f'"{one.value}"')
        page.macro("Fo", one.name)
        for argument in one.arguments or [("void", "")]:
            page.macro("Fa", f'"{_argument(*argument)}"')
        page.macro("Fc")


def _argument(kind, name):
    return kind + ("" if kind.endswith("*") or not name else " ") + name


def _constants(page, writer, groups):
    page.macro("Bl", "-tag", "-width", "Ds", "-compact")
    for one in groups:
        page.macro("It", "Dv", one.name, f"Pq {one.value}")
        writer.prose(one.about)
    page.macro("El")
    page.fresh = False


def _group(page, writer, group):
    functions = [d for d in group.declarations if d.kind in ("function", "callback")]
    constants = [d for d in group.declarations if d.kind == "constant"]
    types = [d for d in group.declarations if d.kind == "type"]
    if constants:
        page.space()
        if group.comment:
            writer.prose(" ".join(group.comment))
            page.space()
        _constants(page, writer, constants)
    if types:
        page.space()
        page.macro("Bl", "-tag", "-width", "Ds", "-compact")
        for one in types:
            page.macro("It", "Vt", one.name)
            writer.prose(one.about)
        page.macro("El")
        page.fresh = False
    if functions:
        page.space()
        page.macro("Bl", "-tag", "-width", "Ds", "-compact")
        for one in functions:
            page.macro("It", "Fn", one.name)
        body = [line if not line.startswith("Errors") else "\n" + line for line in group.comment]
        writer.blocks(markup.blocks("\n".join(body).split("\n")))
        page.macro("El")
        page.fresh = False


def _topic_page(topic, topics, date):
    page = Page(topic.name, 3, date)
    functions = {d.name for t in topics for d in t.declarations()}
    writer = Writer(page, {n for n in functions if n.islower()}, {n for n in functions if not n.islower()})
    names = [d.name for d in topic.declarations("function")]
    page.macro("Sh", "NAME")
    for i, name in enumerate(names):
        page.macro("Nm", name + (" ," if i + 1 < len(names) else ""))
    page.macro("Nd", topic.summary[0].lower() + topic.summary[1:])
    page.macro("Sh", "LIBRARY")
    page.lines.append("libkrait (libkrait, \\-lkrait)")
    _synopsis(page, topic)
    page.macro("Sh", "DESCRIPTION")
    writer.blocks(markup.blocks(topic.about))
    for group in topic.groups:
        _group(page, writer, group)
    page.macro("Sh", "THREADS")
    writer.prose(topic.threads[0].upper() + topic.threads[1:])
    _see_also(page, [(t.name, 3) for t in topics if t is not topic])
    return page


def _see_also(page, others, own=3):
    page.macro("Sh", "SEE ALSO")
    general = {("krait", 1), ("krait-state", 5), ("krait", 7)}
    pages = sorted(set(others) | {p for p in general if p[1] != own}, key=lambda p: (p[1], p[0]))
    for i, (name, section) in enumerate(pages):
        page.macro("Xr", f"{name} {section}" + (" ," if i + 1 < len(pages) else ""))


def _state_page(source, topics, date):
    """docs/state-format.md as a page of section 5: headings become sections."""
    with open(os.path.join(source, "docs", "state-format.md"), encoding="utf-8") as file:
        blocks = markup.blocks(file.read().split("\n"))
    page = Page("krait-state", 5, date)
    writer = Writer(page, {d.name for t in topics for d in t.declarations("function")},
                    {d.name for t in topics for d in t.declarations("constant")})
    page.macro("Sh", "NAME")
    page.macro("Nm", "krait-state")
    page.macro("Nd", "the file of a saved state, byte by byte")
    page.macro("Sh", "DESCRIPTION")
    for block in blocks[1:]:
        if block[0] == "heading" and block[1] == 2:
            page.macro("Sh", escape(block[2]).upper())
        else:
            writer.blocks([block])
    page.macro("Sh", "SEE ALSO")
    page.macro("Xr", "krait 1 ,")
    page.macro("Xr", "krait_state 3 ,")
    page.macro("Xr", "krait 7")
    return page


def _overview_page(introduction, topics, date):
    """krait(7): what the header begins with, and where all else is told."""
    page = Page("krait", 7, date)
    names = {d.name for t in topics for d in t.declarations()}
    writer = Writer(page, {n for n in names if n.islower()}, {n for n in names if not n.islower()})
    page.macro("Sh", "NAME")
    page.macro("Nm", "krait")
    page.macro("Nd", "a library that runs Mamba language models")
    page.macro("Sh", "SYNOPSIS")
    page.macro("In", "krait.h")
    page.space()
    page.macro("Dl", "cc app.c $(pkg-config --cflags --libs krait) -o app")
    page.macro("Sh", "DESCRIPTION")
    writer.blocks(markup.blocks(introduction[1:]))
    page.macro("Sh", "TOPICS")
    page.macro("Bl", "-tag", "-width", "krait_experimental(3)", "-compact")
    for topic in topics:
        page.macro("It", "Xr", topic.name, "3")
        writer.prose(topic.summary)
    page.macro("El")
    _see_also(page, [(t.name, 3) for t in topics], 7)
    return page


def _date(source):
    """All pages carry the date of krait(1), which people write."""
    with open(os.path.join(source, "man", "krait.1"), encoding="utf-8") as file:
        return re.search(r"^\.Dd (.*)$", file.read(), re.M)[1]


def run(source, out):
    introduction, topics = headers.read_all(os.path.join(source, "include"))
    date = _date(source)
    os.makedirs(out, exist_ok=True)
    links = []
    for topic in topics:
        _topic_page(topic, topics, date).write(os.path.join(out, topic.name + ".3"))
        links += [f"{d.name} {topic.name}" for d in topic.declarations("function")]
    _state_page(source, topics, date).write(os.path.join(out, "krait-state.5"))
    _overview_page(introduction, topics, date).write(os.path.join(out, "krait.7"))
    with open(os.path.join(out, "links"), "w", encoding="utf-8") as file:
        file.write("\n".join(links) + "\n")
    return 0
