# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching one blob in parts, each of which goes on where it was (server/download.go).

Beside blobs/sha256-HEX-partial, a file sha256-HEX-partial-N says how much of part N is there. As in
the real server it is written when an attempt ends, not while it runs: what a killed server had of
the parts in flight is fetched again.
"""

from __future__ import annotations

import concurrent.futures
import errno
import glob
import http.client
import json
import os
import socket
import sys
import threading
from dataclasses import dataclass
from typing import Any

from . import registry_client
from .log import Logger
from .registry_client import RegistryClient, RegistryError, Response

_MOST_PARTS = 16
_LEAST_PART = 100 * 1000 * 1000  # bytes; format.MegaByte is decimal
_LARGEST_PART = 1000 * 1000 * 1000
_ATTEMPTS = 6
_DIRECT_URL_SECONDS = 30.0
_READ = 1 << 16


class Cancelled(Exception):
    """Nobody waits for the blob any more (context.Canceled)."""


class Stalled(Exception):
    """No byte came for half a minute; tried again for ever."""


@dataclass
class Part:
    """A stretch of the blob: bytes, all of them."""

    number: int
    offset: int
    size: int
    completed: int = 0

    def as_json(self) -> dict[str, int]:
        return {"N": self.number, "Offset": self.offset, "Size": self.size, "Completed": self.completed}


class BlobDownload:
    """One blob. Whoever waits for it holds a reference; with the last one it is cancelled."""

    def __init__(self, path: str, digest: str, client: RegistryClient, least_part: int, log: Logger) -> None:
        self.path, self.digest = path, digest
        self.references = 0
        self.done = threading.Event()
        self.failure: Exception | None = None
        self.total = 0
        self.completed = 0
        self._client = client
        self._least_part = least_part or _LEAST_PART
        self._log = log
        self._parts: list[Part] = []
        self._cancelled = threading.Event()
        self._open: set[Response] = set()
        self._lock = threading.Lock()

    @property
    def line(self) -> dict[str, Any]:
        """What /api/pull tells about it; a number that is zero is left out."""
        line = {"status": f"pulling {self.digest[7:19]}", "digest": self.digest, "total": self.total}
        return {**line, "completed": self.completed} if self.completed else line

    def cancel(self) -> None:
        self._cancelled.set()
        with self._lock:
            for response in self._open:
                _shut(response)

    def prepare(self) -> None:
        """Take up the parts that are here, or ask how much there is. Raises RegistryError or OSError."""
        for file in sorted(glob.glob(f"{glob.escape(self.path)}-partial-*")):
            with open(file, encoding="utf-8") as content:
                known = json.load(content)
            self._parts.append(Part(known["N"], known["Offset"], known["Size"], known["Completed"]))
        if not self._parts:
            self._divide(self._ask_size())
        self.total = sum(part.size for part in self._parts)
        self.completed = sum(part.completed for part in self._parts)
        if self._parts:
            size = f"{self._parts[0].size / 1000 / 1000:.0f} MB"
            self._log.info("download.go:177", f"downloading {self.digest[7:19]} in {len(self._parts)} {size} part(s)")

    def _ask_size(self) -> int:
        response = self._client.ask("HEAD", self._url)
        response.close()
        return int(response.headers.get("Content-Length") or 0)

    def _divide(self, total: int) -> None:
        size = max(self._least_part, min(total // _MOST_PARTS, _LARGEST_PART))
        for number, offset in enumerate(range(0, total, size)):
            self._parts.append(Part(number, offset, min(size, total - offset)))
            self._save(self._parts[-1])

    @property
    def _url(self) -> str:
        return f"{self._client.base}/blobs/{self.digest}"

    def run(self) -> None:
        """In a thread of its own; ends with `done` set and, if it failed, with `failure`."""
        try:
            self._fetch()
        except (RegistryError, OSError, Cancelled) as error:
            self.failure = error
        finally:
            self.done.set()

    def _fetch(self) -> None:
        file = os.open(f"{self.path}-partial", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            os.truncate(file, self.total)
            direct = self._direct_url()
            open_parts = [part for part in self._parts if part.completed < part.size]
            with concurrent.futures.ThreadPoolExecutor(_MOST_PARTS) as pool:
                for result in [pool.submit(self._fetch_part, file, direct, part) for part in open_parts]:
                    result.result()
        finally:
            os.close(file)
        for part in self._parts:
            os.unlink(self._part_path(part))
        os.rename(f"{self.path}-partial", self.path)

    def _direct_url(self) -> str:
        """Where a redirect to another host leads: without one the real server cannot fetch a blob. Raises RegistryError."""
        delay, waited = 0.01, 0.0
        while waited < _DIRECT_URL_SECONDS:
            try:
                response = self._client.ask("GET", self._url, follow=registry_client.same_host)
            except RegistryError as error:
                self._log.warn("download.go:238", "failed to get direct URL; backing off and retrying", err=str(error))
                self._sleep(delay)
                waited, delay = waited + delay, min(delay * 2, 10.0)
                continue
            response.close()
            if response.status not in (200, 307):
                raise RegistryError(f"unexpected status code {response.status}")
            if not response.headers.get("Location"):
                raise RegistryError("http: no Location header in response")
            return str(response.headers["Location"])
        raise RegistryError("context deadline exceeded")

    def _fetch_part(self, file: int, url: str, part: Part) -> None:
        attempt = 0
        while attempt < _ATTEMPTS:
            try:
                return self._fetch_rest(file, url, part)
            except Stalled:
                self._log.info("download.go:353", f"{self.digest[7:19]} part {part.number} stalled; retrying.")
                continue
            except (RegistryError, OSError) as error:
                if getattr(error, "errno", None) == errno.ENOSPC:
                    raise
                problem = error
            seconds = 2**attempt
            said = f"{self.digest[7:19]} part {part.number} attempt {attempt} failed: {problem}, retrying in {seconds}s"
            self._log.info("download.go:293", said)
            self._sleep(seconds)
            attempt += 1
        raise RegistryError(f"max retries exceeded: {problem}")

    def _fetch_rest(self, file: int, url: str, part: Part) -> None:
        """One attempt. What came of it is kept, unless the connection was torn down rather than closed."""
        begin = part.offset + part.completed
        span = {"Range": f"bytes={begin}-{part.offset + part.size - 1}"}
        response = registry_client.open_url("GET", url, span, follow=registry_client.always)
        with self._lock:
            self._open.add(response)
        got = _Got()
        try:
            self._copy(response, file, begin, part.size - part.completed, got)
        except OSError:
            if not self._cancelled.is_set():
                self.completed -= got.bytes
                raise
        finally:
            with self._lock:
                self._open.discard(response)
            response.close()
        part.completed += got.bytes
        self._save(part)
        self._judge(part, got)

    def _copy(self, response: Response, file: int, begin: int, wanted: int, got: _Got) -> None:
        while got.bytes < wanted and not self._cancelled.is_set():
            try:
                piece = response.body.read1(min(_READ, wanted - got.bytes))
            except socket.timeout:
                got.stalled = True
                return
            except http.client.IncompleteRead:
                return
            if not piece:
                return
            written = 0
            while written < len(piece):
                written += os.pwrite(file, piece[written:], begin + got.bytes + written)
            got.bytes += len(piece)
            self.completed += len(piece)

    def _judge(self, part: Part, got: _Got) -> None:
        if self._cancelled.is_set():
            raise Cancelled()
        if got.stalled:
            raise Stalled()
        if part.completed < part.size:
            raise RegistryError("unexpected EOF")

    def _part_path(self, part: Part) -> str:
        return f"{self.path}-partial-{part.number}"

    def _save(self, part: Part) -> None:
        with open(self._part_path(part), "w", encoding="utf-8") as file:
            json.dump(part.as_json(), file)

    def _sleep(self, seconds: float) -> None:
        if self._cancelled.wait(seconds):
            raise Cancelled()


@dataclass
class _Got:
    """What one attempt brought."""

    bytes: int = 0
    stalled: bool = False


def _shut(response: Response) -> None:
    try:
        response.socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        sys.exc_info()  # it is closed already
