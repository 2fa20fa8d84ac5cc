# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Ollama server over HTTP: typed answers, typed errors, a deadline for everything."""

from __future__ import annotations

import json
import re
import socket
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable, TypeVar

from .._base.background import Background
from .._base.text import one_line
from .address import check_url
from .answers import MalformedAnswer, check_acknowledged, read_card, read_json, read_resident, read_tags
from .keep_alive import FOREVER_AHEAD, KeepAlive
from .model_name import ModelName
from .observation import InstalledModel, ModelCard, ResidentModel

REQUESTS_IMPORT_ERROR: str | None
try:
    import requests
    from urllib3.exceptions import HTTPError
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

OLDEST_VERSION = (0, 10)
_LARGEST_ANSWER = 32 * 1024 * 1024  # bytes; /api/show of a model with a long licence is some 100 kB
_SHORT_NUMBER = re.compile(r"[0-9]{1,9}")
_Value = TypeVar("_Value")


class ServerFailure(Exception):
    """The server did not do as asked; the message is one sentence."""


class ServerUnreachable(ServerFailure):
    """Nothing answers at the address."""


class ServerSilent(ServerFailure):
    """Something listens there, but did not answer before the deadline."""


class ServerRefused(ServerFailure):
    """The server answered with an error. C(status) is the HTTP status, C(said) the body's sentence."""

    def __init__(self, message: str, status: int, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.said = said


class ModelNotFound(ServerRefused):
    """404: no such model on this server."""


class ServerBusy(ServerRefused):
    """503: more requests wait than OLLAMA_MAX_QUEUE allows."""


class ServerGarbled(ServerFailure):
    """The answer was not what an Ollama server says."""


class ServerTooOld(ServerFailure):
    """An Ollama older than 0.10, whose /api/ps does not tell the context."""


@dataclass(frozen=True)
class Deadlines:
    """In seconds. C(answer) is long because /api/ps waits for locks held during an unload (semantics, section 2);
    C(load) because a load sends no byte until it is done, and hanging up aborts it (section 3)."""

    connect: float = 5.0
    answer: float = 20.0
    load: float = 900.0


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    date: str | None


class OllamaServer:
    """The server at C(url). Not safe for use by two threads at once: make one each (C(another))."""

    def __init__(self, url: str, deadlines: Deadlines | None = None) -> None:
        self.url = check_url(url)
        self.deadlines = deadlines or Deadlines()
        self._session = _new_session()

    def another(self) -> OllamaServer:
        """A second connection to the same server."""
        return OllamaServer(self.url, self.deadlines)

    def version(self) -> tuple[str, tuple[int, ...]]:
        """The version as the server prints it, and its leading numbers."""
        text = self._read(lambda data: data, self._get("/api/version")).get("version")
        if not isinstance(text, str):
            raise ServerGarbled(f"{self.url}/api/version holds no version: is this an Ollama server?")
        return text, leading_numbers(text)

    def require_version(self) -> str:
        """The version's text. Raises C(ServerTooOld) below 0.10; builds without a number (0.0.0) pass."""
        text, numbers = self.version()
        if numbers and any(numbers) and numbers[:2] < OLDEST_VERSION:
            raise ServerTooOld(
                f"the server at {self.url} is Ollama {text}, whose /api/ps does not tell a model's context:"
                " upgrade it to 0.10 or newer"
            )
        return text

    def resident(self) -> tuple[tuple[ResidentModel, ...], datetime]:
        """What C(/api/ps) lists, and the server's clock (its Date header; ours if it sends none)."""
        answer = self._get("/api/ps")
        return self._read(read_resident, answer), _clock(answer.date)

    def installed(self) -> tuple[InstalledModel, ...]:
        """What C(/api/tags) lists."""
        return self._read(read_tags, self._get("/api/tags"))

    def card(self, name: ModelName) -> ModelCard:
        """What C(/api/show) says of a model. Raises C(ModelNotFound)."""
        return self._read(read_card, self._checked("POST", "/api/show", {"model": str(name)}, self.deadlines.answer))

    def load(self, name: ModelName, generates: bool, keep_alive: KeepAlive, num_ctx: int | None) -> None:
        """Load without generating, or only set the expiry where it is resident; comes back when that is done.

        keep_alive is always sent: a load without it falls back to the environment's (semantics, section 0).
        Raises C(ServerSilent) after C(deadlines.load) seconds; hanging up then aborts the load on the server.
        """
        path = "/api/generate" if generates else "/api/embed"
        body: dict[str, Any] = {"model": str(name), "keep_alive": keep_alive.as_request()}
        if num_ctx is not None:
            body["options"] = {"num_ctx": num_ctx}
        self._acknowledged(name, "load", self._checked("POST", path, body, self.deadlines.load))

    def unload(self, name: ModelName) -> None:
        """Drop it as soon as it is idle. /api/generate does so for embedding models too (section 3)."""
        body = {"model": str(name), "keep_alive": 0}
        self._acknowledged(name, "unload", self._checked("POST", "/api/generate", body, self.deadlines.answer))

    def _acknowledged(self, name: ModelName, deed: str, answer: _Answer) -> None:
        self._read(lambda data: check_acknowledged(data, name, deed), answer)

    def _get(self, path: str) -> _Answer:
        return self._checked("GET", path, None, self.deadlines.answer)

    def _read(self, reader: Callable[[Mapping[str, Any]], _Value], answer: _Answer) -> _Value:
        try:
            return reader(read_json(answer.body))
        except (MalformedAnswer, ValueError, RecursionError) as error:
            raise ServerGarbled(f"the server at {self.url} gave an answer that cannot be read: {one_line(str(error))}") from error

    def _checked(self, method: str, path: str, body: Mapping[str, Any] | None, deadline: float) -> _Answer:
        answer = self._exchange(method, path, body, deadline)
        if answer.status == 200:
            return answer
        raise self._refusal(method, path, answer.status, answer.body)

    def _refusal(self, method: str, path: str, status: int, body: bytes) -> ServerRefused:
        said = _error_of(body)
        kind = {404: ModelNotFound, 503: ServerBusy}.get(status, ServerRefused)
        return kind(f"{method} {path} at {self.url} answered {status}: {said}", status, said)

    def _exchange(self, method: str, path: str, body: Mapping[str, Any] | None, deadline: float) -> _Answer:
        """In a thread of its own, since the timeouts of requests are for one read each: a server that trickles could
        hold us for ever."""
        session = self._session
        call = Background(lambda: self._send(session, method, path, body, deadline))
        if call.wait(self.deadlines.connect + deadline):
            return call.result()
        self._session = _new_session()  # that thread keeps the old one
        raise self._silence(method, path, deadline)

    def _send(
        self, session: requests.Session, method: str, path: str, body: Mapping[str, Any] | None, deadline: float
    ) -> _Answer:
        timeouts = (self.deadlines.connect, deadline)
        url = self.url + path
        try:
            with session.request(method, url, json=body, stream=True, allow_redirects=False, timeout=timeouts) as response:
                return _Answer(response.status_code, _read_body(response), response.headers.get("Date"))
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
            if timed_out(error):
                raise self._silence(method, path, deadline) from error
            raise self._transport_failure(error) from error

    def _silence(self, method: str, path: str, deadline: float) -> ServerSilent:
        return ServerSilent(f"{method} {path} at {self.url} was not answered within {deadline:g} s")

    def _transport_failure(self, error: Exception) -> ServerFailure:
        if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
            return ServerGarbled(f"the server at {self.url} broke its answer off")
        cause = _root_cause(error)
        reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
        return ServerUnreachable(f"no Ollama server answers at {self.url}: {one_line(reason)}")


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # an HTTP_PROXY meant for downloads must not swallow loopback requests
    return session


def _read_body(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(65536):
        content += chunk
        if len(content) > _LARGEST_ANSWER:
            raise ServerGarbled(f"the answer of {response.url} is longer than {_LARGEST_ANSWER} bytes: is this an Ollama server?")
    return bytes(content)


def _error_of(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        data = json.loads(text)
        said = data.get("error") if isinstance(data, dict) else None
        return one_line(str(said or text)) or "(no body)"
    except (ValueError, RecursionError):
        return one_line(text) or "(no body)"


def _clock(date: str | None) -> datetime:
    """The server's, however many hours off; one that is decades off would make a stay of minutes look like one for ever."""
    ours = datetime.now(timezone.utc)
    try:
        moment = parsedate_to_datetime(date) if date else ours
    except (TypeError, ValueError, OverflowError):
        return ours
    theirs = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return theirs if abs(theirs - ours) < FOREVER_AHEAD / 2 else ours


def leading_numbers(text: str) -> tuple[int, ...]:
    """Of a version's text, to compare; none of what is no version."""
    numbers = []
    for part in text.lstrip("v").split("-")[0].split("."):
        if not _SHORT_NUMBER.fullmatch(part):
            break
        numbers.append(int(part))
    return tuple(numbers)


def timed_out(error: Exception) -> bool:
    """Whether a read did; a connection that is not made in time is nobody there."""
    connecting = isinstance(error, requests.exceptions.ConnectTimeout)
    return not connecting and isinstance(_root_cause(error), socket.timeout)


def _root_cause(error: BaseException) -> BaseException:
    """The innermost reason: requests wraps urllib3, which wraps the system's error."""
    while True:
        context = None if error.__suppress_context__ else error.__context__
        inner = getattr(error, "reason", None) or error.__cause__ or context
        if not isinstance(inner, BaseException):
            return error
        error = inner
