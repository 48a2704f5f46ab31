# SPDX-License-Identifier: Apache-2.0
"""The light markup of the header's comments and of docs/*.md, read into blocks.

A block is a tuple: ("heading", level, text), ("paragraph", text), ("code", [line]),
("list", [text]), ("table", [[cell]]). Text is then cut into spans: ("text", s),
("code", s), ("strong", s), ("link", s, target).
"""
import re

SPAN = re.compile(
    r"`([^`]+)`"
    r"|\*\*([^*]+)\*\*"
    r"|(?<![\w*])\*(?=\S)([^*]+)(?<=\S)\*(?![\w*])"
    r"|\[([^\]]+)\]\(([^)]+)\)"
)


def _indent(line):
    return len(line) - len(line.lstrip(" "))


def _take_code(lines, at):
    """An indented block; empty lines inside belong to it."""
    taken = []
    while at < len(lines) and (not lines[at].strip() or _indent(lines[at]) >= 4):
        taken.append(lines[at][4:])
        at += 1
    while taken and not taken[-1].strip():
        taken.pop()
        at -= 1
    return ("code", taken), at


def _take_fence(lines, at):
    end = at + 1
    while end < len(lines) and not lines[end].startswith("```"):
        end += 1
    return ("code", lines[at + 1:end]), end + 1


def _take_list(lines, at, mark):
    items = []
    while at < len(lines) and lines[at].strip():
        found = mark.match(lines[at])
        if found:
            items.append(lines[at][found.end():].strip())
        elif items and lines[at].startswith(" "):
            items[-1] += " " + lines[at].strip()
        else:
            break
        at += 1
    return ("list", items), at


def _take_table(lines, at):
    rows = []
    while at < len(lines) and lines[at].startswith("|"):
        cells = [cell.strip() for cell in lines[at].strip().strip("|").split("|")]
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            rows.append(cells)
        at += 1
    return ("table", rows), at


def _take_paragraph(lines, at):
    taken = []
    while at < len(lines) and lines[at].strip() and not lines[at].startswith(("```", "|", "- ", "    ", "#")):
        taken.append(lines[at].strip())
        at += 1
    return ("paragraph", " ".join(taken)), at


def blocks(lines):
    """The blocks of a text given as lines."""
    found, at = [], 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        if line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            block, at = ("heading", level, line[level:].strip()), at + 1
        elif line.startswith("```"):
            block, at = _take_fence(lines, at)
        elif line.startswith("    "):
            block, at = _take_code(lines, at)
        elif line.startswith("|"):
            block, at = _take_table(lines, at)
        elif line.startswith("- "):
            block, at = _take_list(lines, at, re.compile(r"- "))
        elif re.match(r"\d+\. ", line):
            block, at = _take_list(lines, at, re.compile(r"\d+\. "))
        else:
            block, at = _take_paragraph(lines, at)
        found.append(block)
    return found


def spans(text):
    """A text cut at its markup."""
    found, at = [], 0
    for match in SPAN.finditer(text):
        if match.start() > at:
            found.append(("text", text[at:match.start()]))
        code, strong, emphasis, label, target = match.groups()
        if code is not None:
            found.append(("code", code))
        elif label is not None:
            found.append(("link", label, target))
        else:
            found.append(("strong", strong or emphasis))
        at = match.end()
    if at < len(text):
        found.append(("text", text[at:]))
    return found
