# SPDX-License-Identifier: Apache-2.0
"""The reference as HTML: an index, a page for each topic of the headers, and those of docs/*.md
that users of the library need. The pages need nothing from elsewhere."""
import os
import re
from html import escape

import header as headers
import text as markup

GUIDES = [("building-with", "Building with krait"), ("python", "Python"), ("lua", "Lua"), ("go", "Go"), ("rust", "Rust"),
    ("abi", "What stays the same"), ("state-format", "The state file")]
NAME = re.compile(r"(`[^`]+`|\bkrait_[a-z0-9_]*[a-z0-9]\b|\bKRAIT_[A-Z0-9_]*[A-Z0-9]\b)")
STYLE = """\
:root { --text: #1c2128; --soft: #57606a; --line: #d8dee4; --back: #ffffff; --code: #f5f7f9; --mark: #0b6e4f; }
@media (prefers-color-scheme: dark) {
	:root { --text: #dfe5ea; --soft: #9aa5b1; --line: #343c46; --back: #14181d; --code: #1c2229; --mark: #5cc8a0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; display: flex; gap: 2.5rem; padding: 0 1.25rem;
	color: var(--text); background: var(--back); font: 16px/1.55 system-ui, sans-serif; }
nav { flex: 0 0 11rem; padding: 2rem 0; font-size: .95rem; position: sticky; top: 0; align-self: flex-start; }
nav b { display: block; margin: 1rem 0 .25rem; color: var(--soft); font-weight: 600; }
nav a { display: block; padding: .1rem 0; }
nav a[aria-current] { color: var(--text); font-weight: 600; }
main { flex: 1; min-width: 0; padding: 1.5rem 0 5rem; }
a { color: var(--mark); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { font-size: 1.7rem; margin: .25rem 0; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
.summary { color: var(--soft); margin-top: 0; }
pre, code, var { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; font-style: normal; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; overflow-x: auto; }
section { border-top: 1px solid var(--line); margin-top: 1.75rem; padding-top: .5rem; }
section h2 { margin-top: .75rem; }
section > pre { margin: .5rem 0; }
.errors { color: var(--soft); }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
td:first-child code { white-space: nowrap; }
:target { scroll-margin-top: 1rem; outline: 2px solid var(--mark); outline-offset: .3rem; }
@media (max-width: 44rem) { body { display: block; } nav { position: static; padding-bottom: 0; } nav a { display: inline-block; margin-right: .75rem; } }
"""


class Site:
    """Knows where each name is explained."""

    def __init__(self, topics):
        self.topics = topics
        self.places = {d.name: f"{t.name}.html#{d.name}" for t in topics for d in t.declarations()}

    def named(self, word):
        if word.startswith("`"):
            return f"<var>{escape(word[1:-1])}</var>"
        if word in self.places:
            return f'<a href="{self.places[word]}"><code>{escape(word)}</code></a>'
        return escape(word)

    def inline(self, text):
        parts = []
        for kind, *rest in markup.spans(text):
            if kind == "text":
                parts += [self.named(w) if NAME.fullmatch(w) else escape(w, quote=False) for w in NAME.split(rest[0]) if w]
            elif kind == "code":
                parts.append(self.named(rest[0]) if rest[0] in self.places else f"<code>{escape(rest[0], quote=False)}</code>")
            elif kind == "strong":
                parts.append(f"<em>{escape(rest[0], quote=False)}</em>")
            else:
                parts.append(self.link(*rest))
        return "".join(parts)

    def link(self, label, target):
        """Links lead to pages that are here; others are plain words."""
        page, _, anchor = target.partition("#")
        name = re.sub(r"\.md$", "", page)
        if name in [g[0] for g in GUIDES]:
            return f'<a href="{name}.html">{escape(label)}</a>'
        return escape(label)

    def code(self, lines):
        """Code with the names that are explained somewhere as links."""
        parts = [f'<a href="{self.places[w]}">{w}</a>' if w in self.places else escape(w, quote=False)
                 for w in NAME.split("\n".join(lines)) if w]
        return "<pre>" + "".join(parts) + "</pre>"

    def table(self, rows):
        head, *body = rows
        out = "<table>"
        if any(head):
            out += "<tr>" + "".join(f"<th>{self.inline(cell)}</th>" for cell in head) + "</tr>"
        return out + "".join("<tr>" + "".join(f"<td>{self.inline(cell)}</td>" for cell in row) + "</tr>\n" for row in body) + "</table>"

    def blocks(self, blocks):
        out = []
        for kind, *rest in blocks:
            if kind == "heading":
                anchor = re.sub(r"[^a-z0-9]+", "-", rest[1].lower()).strip("-")
                out.append(f'<h{rest[0]} id="{anchor}">{self.inline(rest[1])}</h{rest[0]}>')
            elif kind == "paragraph":
                mark = ' class="errors"' if rest[0].startswith("Errors") else ""
                out.append(f"<p{mark}>{self.inline(rest[0])}</p>")
            elif kind == "code":
                out.append(self.code(rest[0]))
            elif kind == "table":
                out.append(self.table(rest[0]))
            else:
                out.append("<ul>" + "".join(f"<li>{self.inline(item)}</li>\n" for item in rest[0]) + "</ul>")
        return "\n".join(out)

    def navigation(self, current):
        def entry(page, label):
            here = ' aria-current="page"' if page == current else ""
            return f'<a href="{page}.html"{here}>{escape(label)}</a>'
        return ("<nav>" + entry("index", "krait") + "<b>Reference</b>" + "".join(entry(t.name, t.title) for t in self.topics)
                + "<b>Guides</b>" + "".join(entry(*g) for g in GUIDES) + "</nav>")

    def page(self, name, title, body):
        return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
                '<meta name="viewport" content="width=device-width">\n<link rel="stylesheet" href="style.css">\n</head>\n'
                f"<body>\n{self.navigation(name)}\n<main>\n{body}\n</main>\n</body>\n</html>\n")


def _rows(site, declarations):
    rows = ""
    for one in declarations:
        value = f"<td>{one.value}</td>" if one.kind == "constant" else ""
        rows += f'<tr id="{one.name}"><td><code>{one.name}</code></td>{value}<td>{site.inline(one.about)}</td></tr>\n'
    return f"<table>{rows}</table>"


def _code(declaration):
    """As C has it, an argument a line where it is long."""
    code = declaration.code.replace("KRAIT_API ", "")
    if len(code) > 90:
        head, _, rest = code.partition("(") if declaration.kind == "function" else code.partition(")(")
        joint = "(" if declaration.kind == "function" else ")("
        code = head + joint + "\n\t" + rest.replace(", ", ",\n\t")
    return code


def _group(site, group):
    out = []
    functions = [d for d in group.declarations if d.kind in ("function", "callback")]
    plain = [d for d in group.declarations if d.kind not in ("function", "callback")]
    if plain:
        if group.comment:
            out.append(site.blocks(markup.blocks(group.comment)))
        out.append(_rows(site, plain))
    if functions:
        names = ", ".join(f'<span id="{d.name}">{d.name}</span>' for d in functions)
        body = [line if not line.startswith("Errors") else "\n" + line for line in group.comment]
        out.append(f"<section><h2>{names}</h2>" + site.code([_code(d) for d in functions])
                   + site.blocks(markup.blocks("\n".join(body).split("\n"))) + "</section>")
    return "\n".join(out)


def _topic(site, topic):
    body = (f"<h1>{escape(topic.title)}</h1>\n<p class=\"summary\">{site.inline(topic.summary)} "
            f"(<code>#include &lt;{topic.header}&gt;</code>)</p>\n")
    body += site.blocks(markup.blocks(topic.about))
    body += f"\n<p>Threads: {site.inline(topic.threads)}</p>\n"
    body += "\n".join(_group(site, group) for group in topic.groups)
    return site.page(topic.name, f"{topic.title} - krait", body)


def _index(site, introduction):
    body = "<h1>krait</h1>\n<p class=\"summary\">A C library that runs Mamba language models.</p>\n"
    body += site.blocks(markup.blocks(introduction[1:]))
    body += "<h2>Topics</h2>" + "<table>" + "".join(
        f'<tr><td><a href="{t.name}.html">{escape(t.title)}</a></td><td>{site.inline(t.summary)}</td></tr>\n' for t in site.topics) + "</table>"
    body += "<h2>Every name</h2><p>" + " ".join(
        f'<a href="{site.places[n]}"><code>{n}</code></a>' for n in sorted(site.places)) + "</p>"
    return site.page("index", "krait", body)


def _put(out, name, data):
    path = os.path.join(out, name)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(data)
    os.replace(path + ".tmp", path)


def run(source, out):
    introduction, topics = headers.read_all(os.path.join(source, "include"))
    site = Site(topics)
    os.makedirs(out, exist_ok=True)
    _put(out, "style.css", STYLE)
    _put(out, "index.html", _index(site, introduction))
    for topic in topics:
        _put(out, topic.name + ".html", _topic(site, topic))
    for name, title in GUIDES:
        with open(os.path.join(source, "docs", name + ".md"), encoding="utf-8") as file:
            blocks = markup.blocks(file.read().split("\n"))
        _put(out, name + ".html", site.page(name, title + " - krait", site.blocks(blocks)))
    return 0
