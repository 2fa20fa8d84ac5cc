# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands where the server is, and answers each request with what has arrived of it."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Recorder(BaseHTTPRequestHandler):
    """Any method, any path."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """A body of another framing than Content-Length would be empty here."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = json.dumps({"path": self.path, "body": body.hex(), "headers": sorted({name.lower() for name in self.headers})}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_words: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Takes many connections at once."""

    request_queue_size = 1024


Server(("127.0.0.1", int(sys.argv[1])), Recorder).serve_forever()
