# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP exchange on a connection of its own, by the standard library alone: its reader takes lines and heads of bounded length
only, undoes no compression and follows no redirect, and another thread can end it at any moment."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, RemoteDisconnected
from typing import Protocol
from urllib.parse import urlsplit

from ..._base.text import one_line
from .failures import ServerBrokeOff, ServerGarbled, ServerUnreachable

_PIECE = 64 * 1024  # bytes
_UPLOAD_PIECE = 1024 * 1024  # bytes
_PORTS = {"http": 80, "https": 443}


class TimedOut(Exception):
    """Nothing came for too long."""


class Upload(Protocol):
    """A body that is sent in pieces; of no bytes, at its end."""

    def read(self, count: int = _UPLOAD_PIECE, /) -> bytes:
        """The next piece."""


class Exchange:
    """One request to the server at `url`, and its answer. `connect` and `silence` are in seconds; `silence` bounds each wait
    for bytes, not the whole: who must not wait for a server that trickles calls `abort` from another thread.

    All methods raise `ServerUnreachable`, `ServerGarbled` or `TimedOut`.
    """

    def __init__(self, url: str, connect: float, silence: float) -> None:
        parts = urlsplit(url)
        self.url = url
        self._host, self._port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        self._base, self._tls = parts.path, parts.scheme == "https"
        self._connect_timeout, self._silence = connect, silence
        self._aborted = False
        self._socket: socket.socket | None = None

    def abort(self) -> None:
        """Hang up, whatever goes on. The server then cancels what it was doing for us (docs/ollama-semantics.md#the-client-stays-connected)."""
        self._aborted = True
        with suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def begin(self, method: str, path: str, body: bytes | Upload | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send the request; comes back with the head of the answer."""
        self._socket = self._connected()
        if self._aborted:
            raise ServerUnreachable(f"the connection to {self.url} was given up")
        connection = HTTPConnection(self._host, self._port, blocksize=_UPLOAD_PIECE)
        connection.sock = self._socket
        try:
            with suppress(BrokenPipeError):  # it has had enough of the body; the answer says why
                connection.request(method, self._base + path, body, {"Connection": "close", **(headers or {})})
            return Reply(self.url, connection.getresponse(), self._socket)
        except (HTTPException, OSError, ValueError) as error:
            self._socket.close()
            if isinstance(error, socket.timeout):
                raise TimedOut from error
            raise _unreachable(self.url, error) from error

    def _connected(self) -> socket.socket:
        try:
            made = socket.create_connection((self._host, self._port), self._connect_timeout)
            found = _with_tls(made, self._host) if self._tls else made
        except (OSError, ValueError) as error:
            raise _unreachable(self.url, error) from error
        found.settimeout(self._silence)
        return found


class Reply:
    """An answer whose head has come. `date` is its Date header."""

    def __init__(self, url: str, response: HTTPResponse, connected: socket.socket) -> None:
        self._url, self._response, self._socket = url, response, connected
        self.status = response.status
        self.date = response.getheader("Date")
        self._left = response.length  # None: up to the end of the connection, or in chunks

    def body(self, limit: int, cut: bool = False) -> bytes:
        """All of it, or with `cut` its first `limit` bytes. Longer than that, it is `ServerGarbled`."""
        content = bytearray()
        for piece in self.pieces():
            content += piece
            if len(content) > limit and not cut:
                raise ServerGarbled(f"the server at {self._url} sent an answer longer than {limit} bytes: is this an Ollama server?")
            if len(content) > limit:
                break
        return bytes(content[:limit])

    def pieces(self) -> Iterator[bytes]:
        """As they come; the connection is closed behind the last one."""
        with self._socket, self._response:
            self._check_head()
            while self._left != 0:
                piece = self._piece()
                if not piece:
                    break
                yield piece
            if self._left:
                raise self._broken_off()

    def _check_head(self) -> None:
        """Two lengths leave open where the answer ends; of what is packed nobody knows how large it is before it is unpacked."""
        headers = self._response.headers
        packed = headers.get("Content-Encoding", "identity").strip().lower()
        if packed != "identity":
            raise ServerGarbled(f"the server at {self._url} sent its answer in the encoding {one_line(packed, 30)!r}, for which nobody asked")
        if len(set(headers.get_all("Content-Length") or ())) > 1:
            raise ServerGarbled(f"the server at {self._url} gave its answer two lengths")

    def _piece(self) -> bytes:
        try:
            piece = self._response.read1(_PIECE if self._left is None else min(_PIECE, self._left))
        except socket.timeout as error:
            raise TimedOut from error
        except (HTTPException, OSError, ValueError) as error:
            raise self._broken_off() from error
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def _broken_off(self) -> ServerBrokeOff:
        return ServerBrokeOff(f"the server at {self._url} broke its answer off")


def _with_tls(connected: socket.socket, host: str) -> socket.socket:
    import ssl  # reading all the system's certificates is dear, and most servers speak plain http

    return ssl.create_default_context().wrap_socket(connected, server_hostname=host)


def _unreachable(url: str, error: Exception) -> ServerUnreachable:
    spoken = "" if isinstance(error, (OSError, RemoteDisconnected)) else "it does not speak HTTP: "
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ServerUnreachable(f"no Ollama server answers at {url}: {spoken}{one_line(reason)}")
