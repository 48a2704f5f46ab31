# SPDX-License-Identifier: Apache-2.0
"""A hub on loopback: lists, HEADs, redirects to another address, ranges - and every fault that a test asks for.

It ends with its process, and by itself: after LIFE seconds or MOST requests it only answers 503.
"""
import hashlib
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LIFE, MOST = 600, 5000
TOKEN = "hf_SeCrEtOfTheTests0123456789"


class Rule:
    """What is done instead of answering: `act(handler, data)` for requests that fit, `times` of them."""

    def __init__(self, place, method, pattern, act, times=10**9):
        self.place, self.method, self.pattern, self.act, self.left = place, method, re.compile(pattern), act, times


class Model:
    def __init__(self, files, commit, large=1 << 16, private=False, gated=False, revisions=("main",)):
        self.files, self.commit, self.large = files, commit, large
        self.private, self.gated, self.revisions = private, gated, revisions

    def is_large(self, path):
        return len(self.files[path]) >= self.large

    def name_of(self, path):
        data = self.files[path]
        if self.is_large(path):
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    def __init__(self):
        self.models, self.rules, self.log = {}, [], []
        self.lock, self.begun = threading.Lock(), time.monotonic()
        self.servers = []
        for place, host in (("hub", "127.0.0.1"), ("store", "127.0.0.2")):
            server = ThreadingHTTPServer((host, 0), type("H", (Handler,), {"hub": self, "place": place}))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.servers.append(server)
        self.endpoint = "http://127.0.0.1:%d" % self.servers[0].server_port
        self.store = "http://127.0.0.2:%d" % self.servers[1].server_port

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def rule(self, *args, **more):
        self.rules.append(Rule(*args, **more))

    def calm(self):
        """No faults any more, and nothing logged."""
        self.rules, self.log = [], []

    def asked(self, place, method, pattern):
        return [entry for entry in self.log if entry["place"] == place and entry["method"] == method and re.search(pattern, entry["path"])]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        hub = self.hub
        with hub.lock:
            hub.log.append({"place": self.place, "method": self.command, "path": self.path, "range": self.headers.get("Range"),
                "if_range": self.headers.get("If-Range"), "authorization": self.headers.get("Authorization"), "encoding": self.headers.get("Accept-Encoding")})
            if len(hub.log) > MOST or time.monotonic() - hub.begun > LIFE:
                return self.send(503)
            act = None
            for rule in hub.rules:
                if rule.left > 0 and rule.place == self.place and rule.method in (self.command, "*") and rule.pattern.search(self.path):
                    rule.left -= 1
                    act = rule.act
                    break
        path = urllib.parse.urlsplit(self.path).path
        if self.place == "store":
            return self.stored(path, act)
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)", path)
        if found:
            return self.listed(found[1], urllib.parse.unquote(found[2]), act)
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path)
        if found:
            return self.tree(found[1], urllib.parse.unquote(found[2]))
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if found:
            return self.resolved(found[1], urllib.parse.unquote(found[2]), urllib.parse.unquote(found[3]), act)
        self.send(404)

    # ---- answers

    def send(self, status, headers=(), data=b"", claim=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if claim is None else claim))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def problem(self, status, code=None, headers=()):
        self.send(status, list(headers) + ([("X-Error-Code", code)] if code else []), b"no")

    def model_for(self, name, revision):
        """The model, or None after answering why not."""
        model = self.hub.models.get(name)
        right = self.headers.get("Authorization") == "Bearer " + TOKEN
        if not model or (model.private and not right):
            self.problem(401 if not right else 404, "RepoNotFound")
        elif model.gated and not right:
            self.problem(403, "GatedRepo")
        elif revision not in model.revisions and revision != model.commit:
            self.problem(404, "RevisionNotFound")
        else:
            return model
        return None

    def listed(self, name, revision, act):
        model = self.model_for(name, revision)
        if not model:
            return
        rows = []
        for path, data in model.files.items():
            row = {"rfilename": path, "size": len(data), "blobId": model.name_of(path)}
            if model.is_large(path):
                row.update(blobId="0" * 40, lfs={"sha256": model.name_of(path), "size": len(data), "pointerSize": 134})
            rows.append(row)
        data = json.dumps({"id": name, "sha": model.commit, "siblings": rows}).encode()
        if act:
            return act(self, data)
        self.send(200, [("Content-Type", "application/json")], data)

    def tree(self, name, revision):
        """The list that Python's client asks for."""
        model = self.model_for(name, revision)
        if not model:
            return
        rows = [{"type": "file", "path": path, "size": len(data), "oid": model.name_of(path) if not model.is_large(path) else "0" * 40,
            **({"lfs": {"oid": model.name_of(path), "size": len(data), "pointerSize": 134}} if model.is_large(path) else {})}
            for path, data in model.files.items()]
        self.send(200, [("Content-Type", "application/json")], json.dumps(rows).encode())

    def resolved(self, name, revision, path, act):
        model = self.model_for(name, revision)
        if not model:
            return
        if path not in model.files:
            return self.problem(404, "EntryNotFound", [("X-Repo-Commit", model.commit)])
        data = model.files[path]
        headers = [("X-Repo-Commit", model.commit), ("Accept-Ranges", "bytes")]
        if act:
            return act(self, data)
        if not model.is_large(path):
            return self.bytes(data, headers + [("ETag", '"%s"' % model.name_of(path))], '"%s"' % model.name_of(path))
        where = "%s/%s?signed=%d" % (self.hub.store, model.name_of(path), len(self.hub.log))
        self.send(302, headers + [("X-Linked-Etag", '"%s"' % model.name_of(path)), ("X-Linked-Size", str(len(data))), ("Location", where)], b"moved")

    def stored(self, path, act):
        for model in list(self.hub.models.values()):
            for name, data in model.files.items():
                if model.is_large(name) and "/" + model.name_of(name) == path:
                    return act(self, data) if act else self.bytes(data, [("ETag", '"store-%s"' % path[1:9])], '"store-%s"' % path[1:9])
        self.send(404)

    def bytes(self, data, headers=(), etag=None, cut=None, drip=None):
        """The bytes that were asked for; `cut`: the connection ends after so many; `drip`: seconds between bytes."""
        first, status, headers = 0, 200, list(headers)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        whole = len(data)
        if asked and self.headers.get("If-Range") in (None, etag):
            first, last = int(asked[1]), min(int(asked[2]) if asked[2] else whole - 1, whole - 1)
            if first >= whole:
                return self.send(416, [("Content-Range", "bytes */%d" % whole)])
            data, status = data[first:last + 1], 206
            headers.append(("Content-Range", "bytes %d-%d/%d" % (first, last, whole)))
        if cut is None and drip is None:
            return self.send(status, headers, data)
        self.send(status, headers, b"", claim=len(data))
        if self.command == "HEAD":
            return
        if drip is None:
            self.wfile.write(data[:cut])
            self.cut()
        for byte in data if drip is not None else b"":
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(drip)

    def cut(self):
        """Ends the connection as a broken line does."""
        self.wfile.flush()
        time.sleep(0.05)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


# ---- faults: each makes an `act`

def status(number, code=None, **headers):
    return lambda handler, data: handler.problem(number, code, [(name.replace("_", "-"), value) for name, value in headers.items()])


def cut(n, etag=None):
    return lambda handler, data: handler.bytes(data, [("ETag", etag)] if etag else [], etag, cut=n)


def drip(seconds):
    return lambda handler, data: handler.bytes(data, drip=seconds)


def other(data, etag=None):
    return lambda handler, _: handler.bytes(data, [("ETag", etag)] if etag else [], etag)


def location(to, number=302):
    return lambda handler, data: handler.send(number, [("Location", to(handler) if callable(to) else to)])


def body(data):
    return lambda handler, _: handler.send(200, [], data)
