# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in memory with just enough of the scheduler, on a clock that only sleeps move.

It has the interface of the engine's C(OllamaServer). `calls` is everything it was asked; `on_look` runs at every
`/api/ps`, before the answer, as clients, kernels and operators do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import (
    Deadlines,
    ModelNotFound,
    ServerFailure,
    ServerRefused,
    ServerUnreachable,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.observer import Observer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import Expiry, KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import (
    InstalledModel,
    ModelCard,
    Observation,
    ResidentModel,
    Runners,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.sightings import RunnerProcess

from .values import NOW, blob, digest

DEFAULT_CONTEXT = 4096


class FakeClock:
    """Seconds that pass only when somebody sleeps or loads."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Installed:
    """A model on disk."""

    name: str
    version: str = ""
    embeds: bool = False
    training: int = 32768
    load_seconds: float = 2.0
    like: Installed | None = None
    """What it is a copy of."""

    @property
    def digest(self) -> str:
        return self.like.digest if self.like else digest(self.name + self.version)

    @property
    def blob(self) -> str:
        return self.like.blob if self.like else blob(self.name + self.version)


@dataclass
class Loaded:
    """A model in memory. `busy`: a request runs on it, so that the list shows its old expiry."""

    model: Installed
    keep_alive: KeepAlive
    context: int
    expires_at: datetime
    alive: bool = True
    busy: bool = False


@dataclass
class FakeServer:
    """See above. `limit` is OLLAMA_MAX_LOADED_MODELS; `failing` maps a model's name to what its load raises."""

    models: list[Installed]
    limit: int | None = None
    url: str = "http://gpu.example:11434"
    clock: FakeClock = field(default_factory=FakeClock)
    calls: list[str] = field(default_factory=list)
    on_look: list[Callable[[FakeServer], None]] = field(default_factory=list)
    during_load: dict[str, Callable[[], None]] = field(default_factory=dict)
    failing: dict[str, ServerFailure] = field(default_factory=dict)
    failing_cards: dict[str, ServerFailure] = field(default_factory=dict)
    loading_elsewhere: set[str] = field(default_factory=set)
    loaded: dict[str, Loaded] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    unkillable: bool = False
    gone: bool = False
    looks: int = 0
    version_text: str = "0.32.15"
    deadlines: Deadlines = field(default_factory=Deadlines)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # What the engine asks.

    def another(self) -> FakeServer:
        return self

    def require_version(self) -> str:
        self._asked("version")
        return self.version_text

    def resident(self) -> tuple[tuple[ResidentModel, ...], datetime]:
        self._asked("ps")
        with self._lock:
            self.looks += 1
            for happens in list(self.on_look):
                happens(self)
            self._check_reachable()
            self._drop_expired()
            return tuple(map(_listed, self.loaded.values())), self.now

    def installed(self) -> tuple[InstalledModel, ...]:
        self._asked("tags")
        return tuple(InstalledModel(ModelName.parse(model.name), model.digest) for model in self.models)

    def card(self, name: ModelName) -> ModelCard:
        self._asked(f"show {name}")
        model = self._find(name)
        if model.name in self.failing_cards:
            raise self.failing_cards[model.name]
        return ModelCard(model.blob, frozenset({"embedding" if model.embeds else "completion"}), model.training)

    def load(self, name: ModelName, generates: bool, keep_alive: KeepAlive, num_ctx: int | None) -> None:
        route = "generate" if generates else "embed"
        context = "" if num_ctx is None else f" num_ctx {num_ctx}"
        self._asked(f"{route} {name} {keep_alive.as_request()}{context}")
        model = self._find(name)
        if model.name in self.during_load:
            self.during_load[model.name]()
        with self._lock:
            if model.name in self.failing:
                raise self.failing[model.name]
            if generates and model.embeds:
                raise ServerRefused(f'"{name}" does not support generate', 400, f'"{name}" does not support generate')
            self.serve(model.name, keep_alive, num_ctx)

    def unload(self, name: ModelName) -> None:
        self._asked(f"unload {name}")
        blob = self._find(name).blob
        if not (self.unkillable and blob in self.states):
            self.loaded.pop(blob, None)
            self.states.pop(blob, None)

    # What happens on the host.

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock.seconds)

    def serve(self, name: str, keep_alive: KeepAlive | None = None, num_ctx: int | None = None) -> Loaded:
        """A request of a client, or ours: loads what is not there as asked, and counts its stay anew."""
        model = self._find(ModelName.parse(name))
        context = min(num_ctx or DEFAULT_CONTEXT, model.training)
        found = self.loaded.get(model.blob)
        if found is None or not found.alive or found.context != context:
            found = self._load(model, keep_alive or KeepAlive.parse("5m"), context)
        found.keep_alive = keep_alive or found.keep_alive
        if not found.busy:
            found.expires_at = self.now + found.keep_alive.as_timedelta()
        return found

    def hold(self, name: str, keep_alive: str | int = -1, num_ctx: int | None = None) -> Loaded:
        """The model is in memory, at no cost of time."""
        seconds = self.clock.seconds
        found = self.serve(name, KeepAlive.parse(keep_alive), num_ctx)
        self.clock.seconds = seconds
        return found

    def at(self, name: str) -> Loaded | None:
        """The model in memory."""
        return self.loaded.get(self._find(ModelName.parse(name)).blob)

    def pull(self, name: str, version: str, keep_as: str | None = None) -> None:
        """The name gets new weights; a copy that was made before still has the old ones."""
        old = next(model for model in self.models if model.name == name)
        self.models.remove(old)
        self.models.append(replace(old, version=version))
        if keep_as:
            self.models.append(replace(old, name=keep_as, version="", like=old))

    def kill(self, name: str) -> None:
        """Its runner ends, and stays listed."""
        found = self.at(name)
        if found is not None:
            found.alive = False

    def finish_request(self, name: str) -> None:
        found = self.at(name)
        if found is not None:
            found.busy = False
            found.expires_at = self.now + found.keep_alive.as_timedelta()

    def runners(self) -> Runners:
        living = {entry.model.blob for entry in self.loaded.values() if entry.alive}
        living |= {self._find(ModelName.parse(name)).blob for name in self.loading_elsewhere}
        processes = (RunnerProcess(f"{blob}-1", blob, self.states.get(blob, "S")) for blob in living)
        return Runners(frozenset(living), processes=tuple(processes))

    def stop(self, name: str, state: str = "T") -> None:
        """Its runner stops, or waits (D)."""
        self.states[self._find(ModelName.parse(name)).blob] = state

    def work(self) -> list[str]:
        """The calls that are more than looking."""
        return [call for call in self.calls if call.split()[0] in ("generate", "embed", "unload")]

    def _load(self, model: Installed, keep_alive: KeepAlive, context: int) -> Loaded:
        self.loaded.pop(model.blob, None)
        if self.limit and len(self.loaded) >= self.limit:
            del self.loaded[min(self.loaded, key=lambda path: (self.loaded[path].busy, self.loaded[path].keep_alive, path))]
        self.clock.sleep(model.load_seconds)
        self.loaded[model.blob] = Loaded(model, keep_alive, context, self.now)
        return self.loaded[model.blob]

    def _find(self, name: ModelName) -> Installed:
        for model in self.models:
            if ModelName.parse(model.name) == name:
                return replace(model)
        raise ModelNotFound(f"model '{name}' not found", 404, f"model '{name}' not found")

    def _drop_expired(self) -> None:
        for path, entry in list(self.loaded.items()):
            if not entry.busy and entry.expires_at <= self.now:
                del self.loaded[path]

    def _asked(self, call: str) -> None:
        self.calls.append(call)
        self._check_reachable()

    def _check_reachable(self) -> None:
        if self.gone:
            raise ServerUnreachable(f"no Ollama server answers at {self.url}: Connection refused")


def _listed(entry: Loaded) -> ResidentModel:
    return ResidentModel(ModelName.parse(entry.model.name), entry.model.digest, Expiry(entry.expires_at), entry.context, 1000, 1000)


@dataclass
class SeeingObserver(Observer):
    """An observer that sees the fake server's processes."""

    def look(self) -> Observation:
        self.clock = self.server.clock.monotonic  # type: ignore[attr-defined]
        return super().look()

    def _runners(self) -> Runners:
        return self.server.runners()  # type: ignore[attr-defined,no-any-return]


def serving(names: Iterable[str], **others: object) -> FakeServer:
    """A server with these models on disk, none in memory."""
    return FakeServer([Installed(name) for name in names], **others)  # type: ignore[arg-type]
