# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP exchange, in the form of the recorded results."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

_LONG = 120.0


@dataclass(frozen=True)
class Exchange:
    """What came back, and the server's clock then."""

    result: dict[str, Any]
    now: float


class Caller:
    """Sends requests to one server, each on a connection of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a server: write for example http://127.0.0.1:11434")
        self.address = (parts.hostname, parts.port or 80)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        abort_after: float | None = None,
    ) -> Exchange:
        """The answer; `{"error": "ReadTimeout"}` if it took longer than ABORT_AFTER seconds."""
        connection = http.client.HTTPConnection(*self.address, timeout=abort_after or _LONG)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            content = response.read()
            return Exchange(_result(response, content), _clock(response))
        except socket.timeout:
            return Exchange({"error": "ReadTimeout"}, time.time())
        finally:
            connection.close()

    def send_json(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON of an answer that has to be a good one. Raises RuntimeError."""
        content = None if body is None else json.dumps(body).encode()
        result = self.send(method, path, content).result
        if result.get("status") not in (200, 201):
            raise RuntimeError(f"{method} {path}: {result}")
        return result.get("json")


def _result(response: http.client.HTTPResponse, content: bytes) -> dict[str, Any]:
    kind = response.headers.get("Content-Type", "")
    result: dict[str, Any] = {"status": response.status, "content_type": kind}
    text = content.decode()
    if "ndjson" in kind:
        result["lines"] = [json.loads(line) for line in text.splitlines()]
    elif "json" in kind and text:
        result["json"] = json.loads(text)
    else:
        result["text"] = text
    return result


def _clock(response: http.client.HTTPResponse) -> float:
    """The server's time; its Date header has whole seconds, cut off."""
    date = response.headers.get("Date")
    local = time.time()
    if not date:
        return local
    remote = parsedate_to_datetime(date).timestamp()
    return local if abs(local - remote) < 2 else remote
