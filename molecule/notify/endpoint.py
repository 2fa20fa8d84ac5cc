# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A webhook: writes each message that it is sent as a line of JSON. Tells systemd when it listens."""

from __future__ import annotations

import http.server
import os
import socket
import sys


class Webhook(http.server.BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        """One line for each."""
        message = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1], "ab") as file:
            file.write(message.replace(b"\n", b" ") + b"\n")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """The path is a secret."""


if __name__ == "__main__":
    server = http.server.HTTPServer(("127.0.0.1", 8099), Webhook)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    server.serve_forever()
