# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at one server: `/api/ps`, `/api/tags` and /proc, and `/api/show` only for digests never seen before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Callable

from ..._base.systemctl import Run
from ..values.model_name import ModelName
from ..values.observation import InstalledModel, ModelCard, Observation, ResidentModel, Runners
from ..values.policy import Policy
from ..values.sightings import STOPPED, Sighting, Timer, follow, follow_kills, follow_timers, known_kills
from .client import OllamaServer, ServerGarbled, ServerRefused, ServerSilent
from .impostor import require_own_socket, require_processes
from .processes import ServerProcesses, living_runners, server_processes

_MOST_ROUNDS = 5
_CLOCK_TICK = 0.02  # seconds; the kernel tells a process's start in hundredths


@dataclass(frozen=True)
class _Lists:
    """`/api/ps`, and /proc right after it. `began` is when it was asked for, in seconds since boot."""

    resident: tuple[ResidentModel, ...]
    now: datetime
    runners: Runners | None
    began: float

    def runner_started(self) -> bool:
        """Whether a runner started meanwhile: the list may be of the one before it."""
        processes = self.runners.processes if self.runners is not None else ()
        return any(process.started >= self.began - _CLOCK_TICK for process in processes)


@dataclass
class Observer:
    """Looks at `server`, whose processes are those of the systemd `unit`; without one where it is another machine's (`own_unit`).

    `cards` is kept by digest, which never changes its meaning; hand it on to the next pass to save requests. `follows_unit` is
    whether the URL was read from the unit: no proxy, and nobody else, is to answer there. `run` asks systemd whether a unit
    without a process is down; without it that is not asked. `known` is the start of the server that answered at that URL before.
    """

    server: OllamaServer
    policy: Policy
    unit: str | None = None
    cards: dict[str, ModelCard] = field(default_factory=dict)
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    follows_unit: bool = False
    run: Run | None = None
    known: str | None = None

    def look(self) -> Observation:
        """Raises `ServerFailure`, also where another program answers for a unit that is down."""
        try:
            return self._look()
        except ServerSilent as silence:
            reason = self._why_silent()
            if reason is None:
                raise
            raise ServerSilent(f"{silence}: {reason}") from silence

    def _look(self) -> Observation:
        lists = self._lists()
        installed = self.server.installed()
        for model in self._unknown(installed, lists.resident):
            self._fetch(model)
        lists = self._agreed(lists)
        at = self.clock()
        oom_kills, kills = self._kills(lists.runners, at)
        self.sightings = {**self._followed(lists, installed, at), **self._timers(lists, at), **kills}
        return Observation(
            now=lists.now,
            installed=installed,
            resident=lists.resident,
            cards=dict(self.cards),
            runners=lists.runners,
            sightings=self.sightings,
            at=at,
            oom_kills=oom_kills,
        )

    def _kills(self, runners: Runners | None, at: float) -> tuple[int, dict[str, Sighting]]:
        """What sees no processes has seen no kills: the count stays as it was, or the old kills would be new at the next look."""
        if runners is None:
            return 0, known_kills(self.sightings)
        return follow_kills(self.sightings, runners.server, runners.oom_kills, at)

    def _why_silent(self) -> str | None:
        """A server that was stopped has its port still, and answers nobody."""
        found = self._processes()
        if found is None or found.server.state != STOPPED:
            return None
        return f"its process {found.server.pid} was stopped (SIGSTOP), and kill -CONT {found.server.pid} lets it go on"

    def _processes(self) -> ServerProcesses | None:
        return server_processes(self.unit, url=self.server.url, known=self.known) if self.unit else None

    def _lists(self) -> _Lists:
        """/proc is read after /api/ps: a runner that ended in between is not called alive."""
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        resident, now = self.server.resident()
        return _Lists(resident, now, self._runners(), began)

    def _runners(self) -> Runners | None:
        runners = living_runners(self.unit, url=self.server.url, known=self.known) if self.unit else None
        if self.unit and self.run and (runners is None or runners.container):
            require_processes(self.run, self.unit, self.server.url)
        if self.unit and self.follows_unit:
            require_own_socket(self.unit, self.server.url)
        return runners

    def _agreed(self, lists: _Lists) -> _Lists:
        """Looked at again as long as something changes between the two looks, such as a client's `num_ctx` that reloads a
        model: the list then is of the runner before, and its end is none that it died of. A runner that is gone while the list
        stays the same has died."""
        for _round in range(_MOST_ROUNDS):
            dead = self._dead(lists)
            if not dead and not lists.runner_started():
                break
            before, lists = dead, self._lists()
            if before and before == self._dead(lists) and not lists.runner_started():
                break
        return lists

    def _dead(self, lists: _Lists) -> frozenset[ResidentModel]:
        """What is listed and has no runner."""
        if lists.runners is None:
            return frozenset()
        blobs = {entry: self.cards[entry.digest].blob for entry in lists.resident if entry.digest in self.cards}
        return frozenset(entry for entry, blob in blobs.items() if lists.runners.alive(blob) is False)

    def _followed(self, lists: _Lists, installed: Iterable[InstalledModel], at: float) -> dict[str, Sighting]:
        """A listed name with an older digest may have the installed weights, hence both digests."""
        names = {entry.name for entry in lists.resident}
        digests = {entry.digest for entry in lists.resident} | {model.digest for model in installed if model.name in names}
        blobs = {self.cards[digest].blob for digest in digests if digest in self.cards}
        return follow(self.sightings, lists.runners.processes if lists.runners is not None else (), blobs, at)

    def _timers(self, lists: _Lists, at: float) -> dict[str, Sighting]:
        found = {entry.timer: self._timer(entry, lists.now) for entry in lists.resident if not entry.expiry.is_forever(lists.now)}
        return follow_timers(self.sightings, found, lists.now.timestamp(), at)

    def _timer(self, entry: ResidentModel, now: datetime) -> Timer:
        """Nothing has a longer keep_alive than its declared one; of a pin, any end is too early."""
        model = self.policy.find(entry.name)
        longest = model.keep_alive.as_timedelta().total_seconds() if model is not None and not model.is_pin else 0.0
        return Timer(entry.expiry.remaining(now).total_seconds(), longest)

    def _fetch(self, model: InstalledModel) -> None:
        """Without a card where the server has none: deleted since the list was read, or broken, which its load will tell."""
        with suppress(ServerRefused, ServerGarbled):
            self.cards[model.digest] = self.server.card(model.name)

    def _unknown(
        self, installed: tuple[InstalledModel, ...], resident: tuple[ResidentModel, ...]
    ) -> Iterator[InstalledModel]:
        wanted = {model.name for model in self.policy.models}
        if not self._all_listed(installed, resident):
            wanted |= {entry.name for entry in resident}  # one of them may hold a declared model's weights
        for model in installed:
            if model.name in wanted and model.digest not in self.cards and not model.remote:
                yield model

    def _all_listed(self, installed: tuple[InstalledModel, ...], resident: tuple[ResidentModel, ...]) -> bool:
        digests = {entry.digest for entry in resident}
        declared: set[ModelName] = {model.name for model in self.policy.models}
        return all(model.digest in digests for model in installed if model.name in declared)
