# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Ollama server over HTTP: typed answers, typed errors, a deadline for everything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable, TypeVar

from ..._base.background import Background
from ..._base.limits import LONG_ANSWER, SHORT_ANSWER, VERSION
from ..._base.text import one_line
from ..values.address import check_url
from ..values.keep_alive import FOREVER_AHEAD, KeepAlive
from ..values.model_name import ModelName
from ..values.observation import InstalledModel, ModelCard, ResidentModel
from .answers import check_acknowledged, read_card, read_json, read_resident, read_tags
from .failures import (
    ModelNotFound,
    ServerBusy,
    ServerFailure,
    ServerGarbled,
    ServerRefused,
    ServerSilent,
    ServerTooOld,
    ServerUnreachable,
)
from .transport import Exchange, TimedOut

__all__ = [
    "Deadlines", "ModelNotFound", "OllamaServer", "ServerBusy", "ServerFailure", "ServerGarbled", "ServerRefused",
    "ServerSilent", "ServerTooOld", "ServerUnreachable", "leading_numbers",
]  # fmt: skip

OLDEST_VERSION = (0, 10)
_LONGEST_DATE = 100  # characters
_SHORT_NUMBER = re.compile(r"[0-9]{1,9}")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Deadlines:
    """In seconds. `answer` is long because /api/ps waits for locks held during an unload (docs/ollama-semantics.md#the-list-waits-for-an-unload);
    `load` because a load sends no byte until it is done, and hanging up aborts it (docs/ollama-semantics.md#the-client-stays-connected)."""

    connect: float = 5.0
    answer: float = 20.0
    load: float = 900.0


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    date: str | None


class OllamaServer:
    """The server at `url`. The one client: whatever asks a server goes through here, so that its limits hold for everything."""

    def __init__(self, url: str, deadlines: Deadlines | None = None) -> None:
        self.url = check_url(url)
        self.deadlines = deadlines or Deadlines()

    def another(self) -> OllamaServer:
        """A second connection to the same server."""
        return OllamaServer(self.url, self.deadlines)

    def version(self) -> tuple[str, tuple[int, ...]]:
        """The version as the server prints it, and its leading numbers."""
        said = self._read(lambda data: data, self._get("/api/version", SHORT_ANSWER)).get("version")
        if not isinstance(said, str):
            raise ServerGarbled(f"{self.url}/api/version holds no version: is this an Ollama server?")
        text = one_line(said, VERSION)
        return text, leading_numbers(text)

    def require_version(self) -> str:
        """The version's text. Raises `ServerTooOld` below 0.10; builds without a number (0.0.0) pass."""
        text, numbers = self.version()
        if numbers and any(numbers) and numbers[:2] < OLDEST_VERSION:
            raise ServerTooOld(
                f"the server at {self.url} is Ollama {text}, whose /api/ps does not tell a model's context:"
                " upgrade it to 0.10 or newer"
            )
        return text

    def resident(self) -> tuple[tuple[ResidentModel, ...], datetime]:
        """What `/api/ps` lists, and the server's clock (its Date header; ours if it sends none)."""
        answer = self._get("/api/ps")
        return self._read(read_resident, answer), _clock(answer.date)

    def installed(self) -> tuple[InstalledModel, ...]:
        """What `/api/tags` lists."""
        return self._read(read_tags, self._get("/api/tags"))

    def card(self, name: ModelName) -> ModelCard:
        """What `/api/show` says of a model. Raises `ModelNotFound`."""
        return self._read(read_card, self._show(name))

    def _show(self, name: ModelName) -> _Answer:
        return self._checked("POST", "/api/show", {"model": str(name)}, self.deadlines.answer, LONG_ANSWER)

    def load(self, name: ModelName, generates: bool, keep_alive: KeepAlive, num_ctx: int | None) -> None:
        """Load without generating, or only set the expiry where it is resident; comes back when that is done.

        keep_alive is always sent: a load without it falls back to the environment's (docs/ollama-semantics.md#proved-on-running-servers).
        Raises `ServerSilent` after `deadlines.load` seconds; hanging up then aborts the load on the server.
        """
        path = "/api/generate" if generates else "/api/embed"
        body: dict[str, Any] = {"model": str(name), "keep_alive": keep_alive.as_request()}
        if num_ctx is not None:
            body["options"] = {"num_ctx": num_ctx}
        self._acknowledged(name, "load", self._checked("POST", path, body, self.deadlines.load))

    def unload(self, name: ModelName) -> None:
        """Drop it as soon as it is idle. /api/generate does so for embedding models too (docs/ollama-semantics.md#loading-without-generating)."""
        body = {"model": str(name), "keep_alive": 0}
        self._acknowledged(name, "unload", self._checked("POST", "/api/generate", body, self.deadlines.answer))

    def _acknowledged(self, name: ModelName, operation: str, answer: _Answer) -> None:
        self._read(lambda data: check_acknowledged(data, name, operation), answer)

    def _get(self, path: str, limit: int = LONG_ANSWER) -> _Answer:
        return self._checked("GET", path, None, self.deadlines.answer, limit)

    def _read(self, reader: Callable[[Mapping[str, Any]], _Value], answer: _Answer) -> _Value:
        try:
            return reader(read_json(answer.body))
        except (ValueError, RecursionError) as error:
            raise ServerGarbled(f"the server at {self.url} gave an answer that cannot be read: {one_line(str(error))}") from error

    def _checked(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline: float, limit: int = SHORT_ANSWER
    ) -> _Answer:
        answer = self._exchange(method, path, body, deadline, limit)
        if answer.status == 200:
            return answer
        raise self._refusal(method, path, answer.status, answer.body)

    def _refusal(self, method: str, path: str, status: int, body: bytes) -> ServerRefused:
        said = _error_of(body)
        kind = {404: ModelNotFound, 503: ServerBusy}.get(status, ServerRefused)
        return kind(f"{method} {path} at {self.url} answered {status}: {said}", status, said)

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline: float, limit: int = SHORT_ANSWER
    ) -> _Answer:
        """In a thread of its own, since a timeout is for one read each: a server that trickles could hold us for ever."""
        exchange = Exchange(self.url, self.deadlines.connect, deadline)
        call = Background(lambda: _answer_to(exchange, method, path, body, limit))
        try:
            if call.wait(self.deadlines.connect + deadline):
                return call.result()
        except TimedOut:
            pass
        finally:
            exchange.abort()
        raise ServerSilent(f"{method} {path} at {self.url} was not answered within {deadline:g} s")


def _answer_to(exchange: Exchange, method: str, path: str, body: Mapping[str, Any] | None, limit: int) -> _Answer:
    """Of an error, its beginning will do."""
    reply = exchange.begin(method, path, *json_body(body))
    if reply.status == 200:
        return _Answer(reply.status, reply.body(limit), reply.date)
    return _Answer(reply.status, reply.body(SHORT_ANSWER, cut=True), reply.date)


def json_body(body: Mapping[str, Any] | None) -> tuple[bytes | None, dict[str, str]]:
    """As it is sent, and its headers."""
    return (None, {}) if body is None else (json.dumps(body).encode(), {"Content-Type": "application/json"})


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
        moment = parsedate_to_datetime(date[:_LONGEST_DATE]) if date else ours
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
