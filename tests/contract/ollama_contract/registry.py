# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small registry (API v2) on loopback for the scenario `pull`, and a front that redirects blobs to another host name.

The real client fetches a blob only where a redirect to another host name leads. Blobs that come by
the redirect are sent in two halves with a pause between them, so that a line of progress is due.
"""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_BLOB = re.compile(r"/v2/(?P<repository>.+)/blobs/(?P<digest>sha256:[0-9a-f]{64})$")
_UPLOAD = re.compile(r"/v2/(?P<repository>.+)/blobs/uploads/(?P<id>[0-9a-f]*)$")
_TAG = re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<tag>.+)$")
_RANGE = re.compile(r"bytes=(\d+)-(\d+)$")


class Registry:
    """What it holds, and the ranges that were asked for, as (digest, first byte, last byte)."""

    def __init__(self, pause: float = 0.3) -> None:
        self.pause = pause  # seconds in the middle of a blob
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        self.ranges: list[tuple[str, int, int]] = []
        self.cut: dict[int, int] = {}  # by first byte: how many bytes are sent, once, before the line is cut
        self.held: set[int] = set()  # by first byte: what waits in its middle until `released`
        self.released = threading.Event()
        self.blob_port = 0


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry
    redirects = False

    def log_message(self, *_said: object) -> None:
        """Nothing: a test that fails has the server's log."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        blob, tag = _BLOB.match(self.path), _TAG.match(self.path)
        if blob and blob["digest"] in self.registry.blobs:
            self._blob(blob["digest"])
        elif tag and self.path in self.registry.manifests:
            self._answer(200, self.registry.manifests[self.path], _MANIFEST)
        else:
            self._answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')

    def do_POST(self) -> None:
        upload = _UPLOAD.match(self.path)
        if upload is None:
            self._answer(404)
            return
        self._body()
        self._uploading(upload["repository"], uuid.uuid4().hex, b"", 202)

    def do_PATCH(self) -> None:
        upload = _UPLOAD.match(self.path.partition("?")[0])
        if upload is None:
            self._answer(404)
            return
        content = self.registry.uploads.pop(upload["id"]) + self._body()
        self._uploading(upload["repository"], upload["id"], content, 202)

    def do_PUT(self) -> None:
        content = self._body()
        upload = _UPLOAD.match(self.path.partition("?")[0])
        if upload is None:
            self.registry.manifests[self.path] = content
            self._answer(201)
            return
        stored = self.registry.uploads.pop(upload["id"]) + content
        self.registry.blobs[f"sha256:{hashlib.sha256(stored).hexdigest()}"] = stored
        self._answer(201)

    def _uploading(self, repository: str, name: str, content: bytes, status: int) -> None:
        self.registry.uploads[name] = content
        location = f"http://{self.headers['Host']}/v2/{repository}/blobs/uploads/{name}"
        self._answer(status, headers={"Location": location, "Range": f"0-{max(len(content) - 1, 0)}"})

    def _blob(self, digest: str) -> None:
        content = self.registry.blobs[digest]
        span = _RANGE.match(self.headers.get("Range", ""))
        if self.redirects:
            location = f"http://localhost:{self.registry.blob_port}{self.path}"
            self._answer(307, headers={"Location": location})
        elif self.command == "HEAD" or not span:
            self._answer(200, content)
        else:
            self._stretch(digest, content, int(span[1]), int(span[2]))

    def _stretch(self, digest: str, content: bytes, first: int, last: int) -> None:
        self.registry.ranges.append((digest, first, last))
        headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        self._answer(206, content[first : last + 1], headers=headers, first=first)

    def _answer(
        self,
        status: int,
        content: bytes = b"",
        kind: str = "application/octet-stream",
        headers: dict[str, str] | None = None,
        first: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and first is None:
            self.wfile.write(content)
        elif first is not None:
            self._send_slowly(content, first)

    def _send_slowly(self, content: bytes, first: int) -> None:
        cut = self.registry.cut.pop(first, len(content))
        self.wfile.write(content[: cut // 2])
        self.wfile.flush()
        time.sleep(self.registry.pause)
        if first in self.registry.held:
            self.registry.released.wait()
        self.wfile.write(content[cut // 2 : cut])
        self.close_connection = self.close_connection or cut < len(content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


@contextmanager
def serving(registry: Registry, redirects: bool = False) -> Iterator[int]:
    """Serve it on a port of its own choice."""
    handler = type("Handler", (_Handler,), {"registry": registry, "redirects": redirects})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            registry.released.set()
            server.shutdown()
            thread.join()


@contextmanager
def both(registry: Registry) -> Iterator[tuple[int, int]]:
    """The ports of the plain registry and of its front that redirects blobs to the former, as another host name."""
    with serving(registry) as plain, serving(registry, redirects=True) as front:
        registry.blob_port = plain
        yield plain, front


Renaming = Callable[[str], str]


def renamed(ports: dict[str, int]) -> Renaming:
    """Texts of the recording with the ports of this run in place of the recorded ones."""

    def rename(text: str) -> str:
        for recorded, port in ports.items():
            text = text.replace(f"127.0.0.1:{recorded}", f"127.0.0.1:{port}")
        return text

    return rename
