# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the disk of one Ollama server: pulling, creating and deleting models, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from queue import Empty
from typing import Any, BinaryIO

from ..._base.background import Background, Feed
from ..._base.limits import SHORT_ANSWER
from ..._base.readers import read_value
from ..._base.text import one_line
from ..values.model_name import ModelName
from .client import Deadlines, OllamaServer, json_body
from .failures import ServerFailure, ServerGarbled, ServerSilent
from .transfer import SUCCESS, Progress, Report, StallWatch, TransferFailed, read_progress
from .transport import Exchange, Reply, TimedOut

_PIECE = 1024 * 1024  # bytes of an upload between two reports
_GLANCE = 0.5  # seconds between two looks at how far an upload is


class TransferRefused(ServerFailure):
    """An error line within the stream; `said` is the server's own sentence."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class TransferBroken(ServerFailure):
    """The stream ended without its last line, which is `success`."""


class ModelStore(OllamaServer):
    """The server's store. `stall`: how many seconds of a transfer may pass in which nothing moves; the server says
    nothing while it verifies what it has fetched."""

    def __init__(self, url: str, deadlines: Deadlines | None = None, stall: float = 600.0) -> None:
        super().__init__(url, deadlines)
        self.stall = stall

    def pull(self, name: ModelName, insecure: bool, report: Report) -> None:
        """Fetch a model, or what of it is not here; what an earlier attempt fetched is not fetched again. Hanging up
        cancels it on the server, which keeps what it has (server/download.go).

        Raises `TransferRefused`, `TransferBroken`, `ServerSilent` where it stalls, or another `ServerFailure`."""
        self._transfer("/api/pull", {"model": str(name), "insecure": insecure}, report)

    def create(self, name: ModelName, request: Mapping[str, Any], report: Report) -> None:
        """Make a model as `request`, the other fields of /api/create, says. Raises as `pull` does."""
        self._transfer("/api/create", {"model": str(name), **request}, report)

    def modelfile(self, name: ModelName) -> str:
        """The Modelfile that would make the model anew, as /api/show has it. Raises `ModelNotFound`."""
        return self._read(lambda data: str(data.get("modelfile") or ""), self._show(name))

    def copy(self, source: ModelName, destination: ModelName) -> None:
        """Give a model a second name. Raises `ServerFailure`."""
        self._checked("POST", "/api/copy", {"source": str(source), "destination": str(destination)}, self.deadlines.answer)

    def delete(self, name: ModelName) -> None:
        """Take the name away, and the blobs that no other model uses. Raises `ModelNotFound`."""
        self._checked("DELETE", "/api/delete", {"model": str(name)}, self.deadlines.answer)

    def has_blob(self, digest: str) -> bool:
        """Whether it has the blob of that digest (64 hexadecimal digits)."""
        return self._exchange("HEAD", f"/api/blobs/sha256:{digest}", None, self.deadlines.answer).status == 200

    def put_blob(self, digest: str, file: BinaryIO, size: int, report: Report) -> None:
        """Upload a blob of SIZE bytes. The server judges it by its digest. Raises `ServerFailure`."""
        path, upload = f"/api/blobs/sha256:{digest}", _Upload(file, size)
        exchange = Exchange(self.url, self.deadlines.connect, self.stall)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        call = Background(lambda: self._take(exchange.begin("POST", path, upload, headers), path))
        try:
            self._watch(call, upload, report)
            call.result()
        except TimedOut as error:
            raise self._stalled("no byte came") from error
        finally:
            exchange.abort()

    def _take(self, reply: Reply, path: str) -> None:
        self._require_status(reply, "POST", path, (200, 201))
        reply.body(SHORT_ANSWER)

    def _watch(self, call: Background[None], upload: _Upload, report: Report) -> None:
        """Until it has ended. Raises `ServerSilent` once nothing has moved for too long."""
        watch = StallWatch(self.stall)
        while not call.wait(_GLANCE):
            watch.see(upload.progress)
            report(upload.progress)
            if watch.stalled:
                raise self._stalled(watch.where)
        report(upload.progress)

    def _transfer(self, path: str, body: Mapping[str, Any], report: Report) -> None:
        exchange = Exchange(self.url, self.deadlines.connect, self.stall)
        feed = Feed(self._progress(exchange, path, body))
        try:
            last = self._follow(feed, report)
        except TransferFailed as failure:
            raise TransferRefused(f"{path} at {self.url} says: {failure}", str(failure)) from None
        except TimedOut as error:
            raise self._stalled("no byte came") from error
        finally:
            exchange.abort()
            feed.stop()
        if last != SUCCESS:
            raise TransferBroken(f"{path} at {self.url} broke off after {last or 'nothing'!r}, without its final 'success'")

    def _follow(self, feed: Feed[Progress], report: Report) -> str:
        """The last status. Raises `ServerSilent` once nothing has moved for too long."""
        watch, last = StallWatch(self.stall), ""
        while True:
            try:
                progress = feed.take(watch.left)
            except Empty as error:
                raise self._stalled(watch.where) from error
            if progress is None:
                return last
            watch.see(progress)
            report(progress)
            last = progress.status
            if watch.stalled:
                raise self._stalled(watch.where)

    def _progress(self, exchange: Exchange, path: str, body: Mapping[str, Any]) -> Iterator[Progress]:
        reply = exchange.begin("POST", path, *json_body(body))
        self._require_status(reply, "POST", path, (200,))
        for line in self._lines(reply):
            try:
                yield read_progress(read_value(line))
            except TransferFailed:
                raise
            except (ValueError, RecursionError) as error:
                raise ServerGarbled(f"the server at {self.url} sent a line that cannot be read: {one_line(str(error))}") from error

    def _lines(self, reply: Reply) -> Iterator[bytes]:
        """As they come."""
        rest = b""
        for piece in reply.pieces():
            *lines, rest = (rest + piece).split(b"\n")
            if max(map(len, (*lines, rest))) > SHORT_ANSWER:
                raise ServerGarbled(f"the server at {self.url} sent a line of more than {SHORT_ANSWER} bytes")
            yield from (line for line in lines if line.strip())
        if rest.strip():
            yield rest

    def _stalled(self, where: str) -> ServerSilent:
        return ServerSilent(f"nothing moved at {self.url} for {self.stall:g} s ({where})")

    def _require_status(self, reply: Reply, method: str, path: str, good: tuple[int, ...]) -> None:
        if reply.status not in good:
            raise self._refusal(method, path, reply.status, reply.body(SHORT_ANSWER, cut=True))


class _Upload:
    """A file's content, of which no more is sent than was announced."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._sent = 0

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress("uploading", self._sent, self._size)

    def read(self, count: int = _PIECE, /) -> bytes:
        """The next piece."""
        piece = self._file.read(min(count, _PIECE, self._size - self._sent))
        self._sent += len(piece)
        return piece
