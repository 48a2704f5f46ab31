# SPDX-License-Identifier: Apache-2.0
"""html_links.py FOLDER: links that lead nowhere, tags that are not closed, what comes from elsewhere."""
import os
import sys
from html.parser import HTMLParser

EMPTY = {"meta", "link", "br", "img"}


class Reader(HTMLParser):
    def __init__(self, name):
        super().__init__()
        self.name, self.places, self.links, self.open, self.problems = name, set(), [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in EMPTY:
            self.open.append(tag)
        for key, value in attributes:
            if key == "id":
                if value in self.places:
                    self.problems.append(f"the place {value} stands twice")
                self.places.add(value)
            elif key in ("href", "src"):
                self.links.append(value)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"line {self.getpos()[0]}: </{tag}> closes nothing")


def main(folder):
    pages = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            data = file.read()
        if name.endswith(".html"):
            pages[name] = Reader(name)
            pages[name].feed(data)
        elif "url(" in data or "@import" in data:
            print(f"{name}: takes something from elsewhere")
    if len(pages) < 10:
        print("there are no pages")
    for page in pages.values():
        for problem in page.problems + [f"<{tag}> is not closed" for tag in page.open]:
            print(f"{page.name}: {problem}")
        for link in page.links:
            target, _, place = link.partition("#")
            target = target or page.name
            if ":" in link or not os.path.exists(os.path.join(folder, target)):
                print(f"{page.name}: {link} is not here")
            elif place and place not in pages[target].places:
                print(f"{page.name}: {link}: there is no such place")


main(sys.argv[1])
