# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of one server at one moment: plain values, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Callable, TypeVar

from .keep_alive import Expiry
from .model_name import ModelName
from .sightings import UNLISTED, RunnerProcess, Sighting, hangs

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_EMBEDDING_BATCH = 2048  # tokens; llm/llama_server.go: DefaultEmbeddingNumBatch


@dataclass(frozen=True)
class InstalledModel:
    """One entry of `/api/tags`. `digest` is the manifest's, 64 hex digits; `remote` a stub for the vendor's cloud."""

    name: ModelName
    digest: str
    size: int = 0
    remote: bool = False


@dataclass(frozen=True)
class ResidentModel:
    """One entry of `/api/ps`. Sizes in bytes; `context_length` in tokens, None from servers before 0.10."""

    name: ModelName
    digest: str
    expiry: Expiry
    context_length: int | None
    size: int
    size_vram: int

    @property
    def gpu_percent(self) -> int:
        """The share of the model in VRAM, 0-100; 100 is all of it."""
        if self.size_vram >= self.size:
            return 100 if self.size_vram else 0
        return 100 * self.size_vram // self.size

    @property
    def processor(self) -> str:
        """Where it runs, in the words of `ollama ps`, which rounds the share on the CPU (cmd.go: ListRunningHandler)."""
        if not 0 < self.size_vram < self.size:
            return "100% GPU" if self.size_vram else "100% CPU"
        cpu = round(100 * (self.size - self.size_vram) / self.size)
        return f"{cpu}%/{100 - cpu}% CPU/GPU"

    @property
    def timer(self) -> str:
        """Names what counts down to this expiry."""
        return f"{self.digest} {self.expiry}"


@dataclass(frozen=True)
class CacheShape:
    """How much a model's KV cache takes for each token of context, in numbers, whose type the server's settings give.

    `true` is what llama.cpp keeps: keys and values of every layer, each of its own length. `reckoned` is what the scheduler
    counts with when it decides whether the model fits: the embedding's length over the heads (llm/llama_server.go:
    PredictServerVRAM of 0.33).
    """

    true: int
    reckoned: int


@dataclass(frozen=True)
class ModelCard:
    """What `/api/show` says of a digest and never changes. `blob` is the weights' sha256, 64 hex digits, if local.
    `num_ctx` and `num_gpu` are the Modelfile's own parameters: a context, and how many layers go to the GPU."""

    blob: str | None
    capabilities: frozenset[str] = frozenset()
    training_context: int | None = None
    architecture: str | None = None
    cache: CacheShape | None = None
    num_ctx: int | None = None
    num_gpu: int | None = None

    @property
    def generates(self) -> bool:
        """Whether `/api/generate` loads it; an embedding-only model answers 400 there."""
        return "embedding" not in self.capabilities or "completion" in self.capabilities

    def asked_context(self, context: int | None, declared: int | None = None) -> int | None:
        """The num_ctx to send for a runner that has this context, or is to have it; None to send none.

        Since 0.30 the batch of a model that embeds follows from the num_ctx that is asked for, up to 2048, before that is
        cut to the training context (server/routes.go: modelOptions; sched.go: needsReload compares both). To ask for the
        cut one would reload a runner that a plain request loaded, and a plain request would reload ours.
        """
        if context is None or context != self.training_context or "embedding" not in self.capabilities:
            return context
        return max(declared, _EMBEDDING_BATCH) if declared is not None and declared >= context else None


@dataclass(frozen=True)
class Runners:
    """The weights blobs that have a living runner process. `complete` is false if a process could not be told.
    `starts` names each blob's process so that no later one is taken for it; `arguments` is its command line; `processes`
    are all of them; `server` names the process that started them, `oom_kills` is how often the kernel killed one for want of memory
    since then, and `container` the id of the container that they are in, where that is not of the server's unit."""

    blobs: frozenset[str]
    complete: bool = True
    starts: Mapping[str, str] = field(default_factory=dict, compare=False)
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    processes: tuple[RunnerProcess, ...] = field(default=(), compare=False)
    server: str = field(default="", compare=False)
    oom_kills: int = field(default=0, compare=False)
    container: str = field(default="", compare=False)

    def alive(self, blob: str | None) -> bool | None:
        """True or false for certain, None when unknown."""
        if blob is None:
            return None
        return True if blob in self.blobs else (False if self.complete else None)


@dataclass(frozen=True)
class Observation:
    """One look at one server. `now` is the server's clock; `cards` is by digest; `runners` None when unreadable; `release` its
    version in numbers, empty where nobody asked for it; `sightings` what is known of runner processes and timers since earlier looks, by
    name; `at` the host's monotonic clock, in seconds; `oom_kills` how many processes of the server the kernel killed for want of memory since
    the look before."""

    now: datetime
    installed: tuple[InstalledModel, ...] = ()
    resident: tuple[ResidentModel, ...] = ()
    cards: Mapping[str, ModelCard] = field(default_factory=dict)
    runners: Runners | None = None
    release: tuple[int, ...] = ()
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    at: float = 0.0
    oom_kills: int = 0

    @property
    def living(self) -> tuple[ResidentModel, ...]:
        """What takes memory: a runner that died is listed for ever with all that it had (docs/ollama-semantics.md#crashed-runners)."""
        return tuple(entry for entry in self.resident if self.alive(self.blob_of(entry.digest)) is not False)

    @cached_property
    def _installed_by_name(self) -> Mapping[ModelName, InstalledModel]:
        return _first(self.installed, lambda model: model.name)

    @cached_property
    def _resident_by_digest(self) -> Mapping[str, ResidentModel]:
        return _first(self.resident, lambda entry: entry.digest)

    @cached_property
    def _resident_by_name(self) -> Mapping[ModelName, ResidentModel]:
        return _first(self.resident, lambda entry: entry.name)

    @cached_property
    def _resident_by_blob(self) -> Mapping[str | None, ResidentModel]:
        return _first(self.resident, lambda entry: self.blob_of(entry.digest))

    @cached_property
    def _listed_by_name(self) -> Mapping[ModelName, tuple[ResidentModel, ...]]:
        return _all(self.resident, lambda entry: entry.name)

    @cached_property
    def _installed_by_digest(self) -> Mapping[str, InstalledModel]:
        return _first(self.installed, lambda model: model.digest)

    @cached_property
    def _installed_by_blob(self) -> Mapping[str | None, InstalledModel]:
        return _first(self.installed, lambda model: self.blob_of(model.digest))

    @cached_property
    def _processes_by_blob(self) -> Mapping[str | None, tuple[RunnerProcess, ...]]:
        return _all(self.runners.processes if self.runners is not None else (), lambda process: process.blob)

    @cached_property
    def tells_all_weights(self) -> bool:
        """Whether the weights of everything in memory are known."""
        return None not in self._resident_by_blob

    def find_installed(self, name: ModelName) -> InstalledModel | None:
        """The installed model of that name."""
        return self._installed_by_name.get(name)

    def find_resident(self, name: ModelName, digest: str | None) -> ResidentModel | None:
        """What serves the model of that name, whose installed `digest` this is, if it is installed. By digest, then by
        weights: one runner serves every name of a blob, listed under the first. Then by name, which may have new weights."""
        blob = self.blob_of(digest) if digest else None
        return (
            (self._resident_by_digest.get(digest) if digest else None)
            or (self._resident_by_blob.get(blob) if blob else None)
            or self._resident_by_name.get(name)
        )

    def listed_as(self, name: ModelName) -> tuple[ResidentModel, ...]:
        """What is listed under that name: older weights, too."""
        return self._listed_by_name.get(name, ())

    def name_for(self, entry: ResidentModel) -> ModelName | None:
        """The name under which a request reaches what is listed: not its own once that was deleted, or replaced by new weights,
        which the request would load."""
        blob = self.blob_of(entry.digest)
        own = self.find_installed(entry.name)
        if own is not None and (own.digest == entry.digest or (blob and self.blob_of(own.digest) == blob)):
            return entry.name
        other = self._installed_by_digest.get(entry.digest) or (self._installed_by_blob.get(blob) if blob else None)
        return other.name if other else None

    def blob_of(self, digest: str) -> str | None:
        """The weights behind a manifest digest, where its card was read."""
        card = self.cards.get(digest)
        return card.blob if card else None

    def runner_of(self, digest: str) -> str | None:
        """Names the process that serves a manifest digest; None when unknown."""
        return self.runners.starts.get(self.blob_of(digest) or "") if self.runners is not None else None

    def alive(self, blob: str | None) -> bool | None:
        """Whether a runner process for the blob lives; None when unknown."""
        return self.runners.alive(blob) if self.runners is not None else None

    def is_hung(self, blob: str | None) -> bool:
        """Whether every runner process for a listed blob answers nobody."""
        processes = self._processes(blob)
        return bool(processes) and all(hangs(process, self.sightings, self.at) for process in processes)

    def left(self, entry: ResidentModel) -> timedelta:
        """How long until the server's timer lets it go, negative when past: by the clock that the timer goes by, if somebody follows it."""
        known = self.sightings.get(entry.timer)
        return entry.expiry.remaining(self.now) if known is None else timedelta(seconds=known.since - self.at)

    def unlisted_for(self, blob: str | None) -> float:
        """For how many seconds a runner for the blob has been seen that `/api/ps` does not list."""
        known = (self.sightings.get(process.identity) for process in self._processes(blob))
        return max((self.at - sighting.since for sighting in known if sighting and sighting.kind == UNLISTED), default=0.0)

    def _processes(self, blob: str | None) -> tuple[RunnerProcess, ...]:
        return self._processes_by_blob.get(blob, ())


def _first(values: Iterable[_Value], key: Callable[[_Value], _Key]) -> Mapping[_Key, _Value]:
    """The first value of each key: asked for once for each declared model, in lists that may be long."""
    found: dict[_Key, _Value] = {}
    for value in values:
        found.setdefault(key(value), value)
    return found


def _all(values: Iterable[_Value], key: Callable[[_Value], _Key]) -> Mapping[_Key, tuple[_Value, ...]]:
    """All values of each key, likewise."""
    found: dict[_Key, list[_Value]] = {}
    for value in values:
        found.setdefault(key(value), []).append(value)
    return {each: tuple(values) for each, values in found.items()}
