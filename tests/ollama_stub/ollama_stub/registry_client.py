# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaking to a registry (its API v2) as server/images.go:makeRequestWithRetry does. It blocks: call it in threads.

Only loopback is ever connected to: a test server has no business on the network. A name is one of
loopback if it is `localhost`, ends in `.localhost`, or /etc/hosts says so; no other is looked up.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
from collections.abc import Mapping
from typing import Any, BinaryIO, Callable, Union
from urllib.parse import SplitResult, urljoin, urlsplit

from .names import Name

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_MOST_REDIRECTS = 10
_STALL_SECONDS = 30  # download.go:downloadStallTimeout
Body = Union[bytes, BinaryIO, None]
Follow = Callable[[str, str], bool]  # the host asked, the host redirected to


class RegistryError(Exception):
    """What the server says about it, in Go's words."""


class NotThere(RegistryError):
    """404 (os.ErrNotExist)."""

    def __init__(self) -> None:
        super().__init__("file does not exist")


class Response:
    """An open answer; the socket can be shut from another thread to end a read."""

    def __init__(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        self._connection = connection
        self.socket: socket.socket = connection.sock
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer

    @property
    def location(self) -> str:
        return self.headers.get("Docker-Upload-Location") or self.headers.get("Location") or ""

    def close(self) -> None:
        self._connection.close()


def never(_asked: str, _redirected: str) -> bool:
    return False


def always(_asked: str, _redirected: str) -> bool:
    return True


def same_host(asked: str, redirected: str) -> bool:
    return asked == redirected


class RegistryClient:
    """The repository of one model name on its registry."""

    def __init__(self, name: Name, insecure: bool) -> None:
        scheme = "http" if insecure else "https"
        self.tag = name.tag
        self.base = f"{scheme}://{name.host}/v2/{name.namespace}/{name.model}"

    def manifest(self) -> bytes:
        """Raises RegistryError."""
        response = self.ask("GET", f"{self.base}/manifests/{self.tag}", {"Accept": _MANIFEST})
        try:
            return response.body.read()
        finally:
            response.close()

    def put_manifest(self, content: bytes) -> None:
        """Raises RegistryError."""
        self.ask("PUT", f"{self.base}/manifests/{self.tag}", {"Content-Type": _MANIFEST}, content).close()

    def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: Body = None, follow: Follow = always
    ) -> Response:
        """An answer that is none of an error; to be closed. Raises RegistryError."""
        response = open_url(method, url, headers, body, follow)
        if response.status < 400:
            return response
        said = response.body.read().decode("utf-8", "replace")
        response.close()
        if response.status == 401:
            raise RegistryError("unauthorized: access denied")
        raise NotThere() if response.status == 404 else RegistryError(f"{response.status}: {said}")


def open_url(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: Body = None, follow: Follow = never
) -> Response:
    """Whatever is answered, after the redirects that are to be followed. Raises RegistryError."""
    for dummy in range(_MOST_REDIRECTS):
        response = _open(method, url, headers or {}, body)
        target = urljoin(url, response.headers.get("Location", ""))
        if response.status // 100 != 3 or not follow(_host(url), _host(target)):
            return response
        response.close()
        url = target
    raise RegistryError(f'{method.title()} "{url}": stopped after {_MOST_REDIRECTS} redirects')


def _open(method: str, url: str, headers: Mapping[str, str], body: Body) -> Response:
    parts = urlsplit(url)
    try:
        connection = _connection(parts)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body, {"Host": parts.netloc, **headers})
        return Response(connection, connection.getresponse())
    except (OSError, http.client.HTTPException) as error:
        raise RegistryError(f'{method.title()} "{url}": {_reason(error, parts)}') from error


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    address = loopback(parts.hostname or "")
    if address is None:
        raise socket.gaierror(f"lookup {parts.hostname}: no such host")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(address, _port(parts), timeout=_STALL_SECONDS)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _reason(error: Exception, parts: SplitResult) -> str:
    if isinstance(error, socket.gaierror):
        return f"dial tcp: {error}"
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {loopback(parts.hostname or '')}:{_port(parts)}: connect: connection refused"
    return "EOF" if isinstance(error, http.client.RemoteDisconnected) else str(error)


def loopback(host: str) -> str | None:
    """The loopback address of a host, or None."""
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    return next((address for address in (host, *_in_hosts_file(host)) if _is_loopback(address)), None)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _in_hosts_file(host: str) -> list[str]:
    try:
        with open("/etc/hosts", encoding="utf-8") as file:
            rows: list[Any] = [line.partition("#")[0].split() for line in file]
    except OSError:
        return []
    return [row[0] for row in rows if host in row[1:]]
