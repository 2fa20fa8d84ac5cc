# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the disk of one Ollama server: pulling, creating and deleting models, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from .._base.text import one_line
from .model_name import ModelName
from .server import Deadlines, OllamaServer, ServerFailure, ServerGarbled, ServerSilent, timed_out
from .transfer import SUCCESS, Progress, Report, StallWatch, TransferFailed, read_progress

try:
    import requests
    from urllib3.exceptions import HTTPError
except ImportError:
    pass  # server.REQUESTS_IMPORT_ERROR tells

_LONGEST_LINE = 64 * 1024  # bytes
_AT_ONCE = 64  # bytes; whatever is not chunked, as the server has it, is waited for until there are so many
_PIECE = 1024 * 1024  # bytes of an upload between two reports


class TransferRefused(ServerFailure):
    """An error line within the stream; C(said) is the server's own sentence."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class TransferBroken(ServerFailure):
    """The stream ended without its last line, which is C(success)."""


class ModelStore(OllamaServer):
    """The server's store. C(stall): how many seconds of a transfer may pass in which nothing moves; the server says
    nothing while it verifies what it has fetched."""

    def __init__(self, url: str, deadlines: Deadlines | None = None, stall: float = 600.0) -> None:
        super().__init__(url, deadlines)
        self.stall = stall

    def pull(self, name: ModelName, insecure: bool, report: Report) -> None:
        """Fetch a model, or what of it is not here; what an earlier attempt fetched is not fetched again. Hanging up
        cancels it on the server, which keeps what it has (server/download.go).

        Raises C(TransferRefused), C(TransferBroken), C(ServerSilent) where it stalls, or another C(ServerFailure)."""
        self._transfer("/api/pull", {"model": str(name), "insecure": insecure}, report)

    def create(self, name: ModelName, request: Mapping[str, Any], report: Report) -> None:
        """Make a model as C(request), the other fields of /api/create, says. Raises as C(pull) does."""
        self._transfer("/api/create", {"model": str(name), **request}, report)

    def modelfile(self, name: ModelName) -> str:
        """The Modelfile that would make the model anew, as /api/show has it. Raises C(ModelNotFound)."""
        answer = self._checked("POST", "/api/show", {"model": str(name)}, self.deadlines.answer)
        return self._read(lambda data: str(data.get("modelfile") or ""), answer)

    def copy(self, source: ModelName, destination: ModelName) -> None:
        """Give a model a second name. Raises C(ServerFailure)."""
        self._checked("POST", "/api/copy", {"source": str(source), "destination": str(destination)}, self.deadlines.answer)

    def delete(self, name: ModelName) -> None:
        """Take the name away, and the blobs that no other model uses. Raises C(ModelNotFound)."""
        self._checked("DELETE", "/api/delete", {"model": str(name)}, self.deadlines.answer)

    def has_blob(self, digest: str) -> bool:
        """Whether it has the blob of that digest (64 hexadecimal digits)."""
        return self._exchange("HEAD", f"/api/blobs/sha256:{digest}", None, self.deadlines.answer).status == 200

    def put_blob(self, digest: str, file: BinaryIO, size: int, report: Report) -> None:
        """Upload a blob of SIZE bytes. The server judges it by its digest. Raises C(ServerFailure)."""
        path = f"/api/blobs/sha256:{digest}"
        with self._open("POST", path, data=_Upload(file, size, report)) as response:
            self._require_status(response, "POST", path, (200, 201))

    def _transfer(self, path: str, body: Mapping[str, Any], report: Report) -> None:
        watch, last = StallWatch(self.stall), ""
        try:
            with self._open("POST", path, json=body) as response:
                self._require_status(response, "POST", path, (200,))
                for progress in self._progress(response, watch):
                    report(progress)
                    last = progress.status
        except TransferFailed as failure:
            raise TransferRefused(f"{path} at {self.url} says: {failure}", str(failure)) from failure
        if last != SUCCESS:
            raise TransferBroken(f"{path} at {self.url} broke off after {last or 'nothing'!r}, without its final 'success'")

    def _progress(self, response: requests.Response, watch: StallWatch) -> Iterator[Progress]:
        for line in self._lines(response, watch):
            try:
                progress = read_progress(json.loads(line.decode("utf-8")))
            except TransferFailed:
                raise
            except (ValueError, RecursionError) as error:
                raise ServerGarbled(f"the server at {self.url} sent a line that cannot be read: {one_line(str(error))}") from error
            watch.see(progress)
            yield progress

    def _lines(self, response: requests.Response, watch: StallWatch) -> Iterator[bytes]:
        """As they come. Raises C(ServerSilent) once nothing has moved for too long."""
        rest = b""
        for piece in self._pieces(response):
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line for line in lines if line.strip())
            if watch.stalled:
                raise self._stalled(watch.where)
            if len(rest) > _LONGEST_LINE:
                raise ServerGarbled(f"the server at {self.url} sent a line of more than {_LONGEST_LINE} bytes")
        if rest.strip():
            yield rest

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_content(_AT_ONCE)
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from error

    def _open(self, method: str, path: str, **content: Any) -> requests.Response:
        timeouts = (self.deadlines.connect, self.stall)
        try:
            return self._session.request(
                method, self.url + path, stream=True, allow_redirects=False, timeout=timeouts, **content
            )
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> ServerFailure:
        return self._stalled("no byte came") if timed_out(error) else self._transport_failure(error)

    def _stalled(self, where: str) -> ServerSilent:
        return ServerSilent(f"nothing moved at {self.url} for {self.stall:g} s ({where})")

    def _require_status(self, response: requests.Response, method: str, path: str, good: tuple[int, ...]) -> None:
        if response.status_code not in good:
            raise self._refusal(method, path, response.status_code, response.content)


class _Upload:
    """A file's content for requests, which takes its length from C(__len__) and reads it in pieces."""

    def __init__(self, file: BinaryIO, size: int, report: Report) -> None:
        self._file, self._size, self._report = file, size, report
        self._sent = 0

    def __len__(self) -> int:
        return self._size

    def read(self, count: int = -1) -> bytes:
        """The next piece, however much was asked for."""
        piece = self._file.read(_PIECE if count < 0 else min(count, _PIECE))
        self._sent += len(piece)
        self._report(Progress("uploading", self._sent, self._size))
        return piece
