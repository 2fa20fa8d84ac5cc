# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch: waits for the end of the server and of its runners, and requests a pass at once. It never polls.

An end is told by the kernel, a new runner by the pass that loaded or found it. Only what a pass has seen is watched; what a client
loads in between, the next pass sees. The pass looks, decides and acts as ever. A load that failed and is to be tried again before
the timer's next pass has its pass in time.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from keepwarm._base.files import create_empty
from keepwarm._residency.server.processes import ServerProcesses, processes_of_start

from .. import exits
from ..instance import Instance
from ..journal import WARNING, log
from ..server_unit import server_unit
from ..state.remembering import remembered
from ..state.state import State
from .pace import Pace
from .pidfds import Held, Pidfds, check_kernel
from .pipe import drain
from .place import Place
from .subjects import concerns, resident, retries

_SERVER = "server"
_RESTART = 10  # seconds that systemd has to start a server anew, which begins a pass by itself
_ENGINE_RESTART = 2  # seconds that an engine has to start a container anew, of which systemd learns nothing


def watch(instance: Instance) -> NoReturn:
    """Until told to stop. Raises `ConfigurationError` where it cannot be done, and `OSError` for a pipe that cannot be made."""
    check_kernel()
    watching = Watch(instance, server_unit(instance))
    watching.look()
    try:
        while True:
            watching.wait()
    except OSError as error:  # its folder is gone, which systemd makes anew for it when it starts it anew
        log(WARNING, "watch_folder_lost", path=error.filename, reason=error.strerror)
        sys.exit(exits.NOT_RESIDENT)


class Watch:
    """Of one instance, whose server is `unit`; `proc` is where its processes are."""

    def __init__(self, instance: Instance, unit: str, proc: str = "/proc") -> None:
        self._instance = instance
        self._unit = unit
        self._proc = proc
        self._pace = Pace()
        self._container = ""
        self._models: dict[str, str] = {}
        self._poll = select.poll()
        self._pidfds = Pidfds(self._poll)
        self._place = Place(instance.watch_pipe, self._poll)

    def look(self) -> None:
        """See which processes there are now, watch them, and miss those that ended unwatched."""
        now, state = time.monotonic(), remembered(self._instance)[0]
        found = self._processes(state)
        if found is None:
            return
        self._container = found.container
        self._pidfds.hold(_SERVER, found.server, now)
        for process in found.children:
            if process.blob and concerns(state, process.blob):
                self._pidfds.hold(process.blob, process, now)
        for model, seconds in retries(state, time.time()).items():
            self._pace.postpone(model, seconds, now)
        if not os.path.exists(self._instance.wake):  # else a pass is to come, and what is missing may be news to it
            self._miss(found, state, now)

    def _processes(self, state: State) -> ServerProcesses | None:
        """Those of the unit, else of the container that the last pass found: the watch has no network of its own to find one by."""
        return processes_of_start(self._unit, state.last_pass.server if state.last_pass else None, self._proc)

    def wait(self) -> None:
        """For the next thing to happen, and do what it asks for."""
        ready = self._ready()
        now = time.monotonic()
        self._end([held for held in map(self._pidfds.let_go, ready) if held], now)
        if self._place.pipe in ready:
            drain(self._place.pipe)
            self.look()
        if self._place.look(now):
            log(WARNING, "watch_pipe_recreated", path=self._instance.watch_pipe)
            self.look()  # passes may have ended meanwhile, which nobody heard
        self._request(self._pace.take(time.monotonic()))

    def _ready(self) -> list[int]:
        """The descriptors with news; that a file left the folder is none as long as the pipe is at its place."""
        while True:
            ready = [fd for fd, _event in self._poll.poll(self._patience())]
            if ready != [self._place.bell] or self._place.is_lost():
                return ready

    def _patience(self) -> float | None:
        """Milliseconds until something is due by itself; None where nothing is."""
        due = [moment for moment in (self._pace.next(), self._place.due) if moment is not None]
        return max(min(due) - time.monotonic(), 0) * 1000 if due else None

    def _end(self, ended: Sequence[Held], now: float) -> None:
        """A server takes its runners with it, and where systemd starts it anew, that begins a pass."""
        if any(held.key == _SERVER for held in ended):
            self._pace.forget()
            self._pace.postpone(_SERVER, _ENGINE_RESTART if self._container else _RESTART, now)
        elif self._pidfds.holds(_SERVER):
            for held in ended:
                self._ended(held.key, now - held.since, now)

    def _miss(self, found: ServerProcesses, state: State, now: float) -> None:
        """The last pass saw them alive, and they ended before we could watch them."""
        for blob, model in resident(state, found.server.identity).items():
            self._models[blob] = model
            if found.runners.alive(blob) is False:
                self._ended(blob, 0, now)

    def _ended(self, blob: str, lived: float, now: float) -> None:
        late = self._pace.ended(blob, lived, now)
        if late:
            log(WARNING, "runner_keeps_ending", model=self._models.get(blob), weights=blob[:12], next_pass_in=late)

    def _request(self, due: frozenset[str]) -> None:
        """Have systemd make a pass, unless only a server ended that is there again."""
        if due == {_SERVER} and self._processes(State()):
            self.look()
        elif due:
            try:
                create_empty(self._instance.wake)
            except OSError as error:
                log(WARNING, "pass_not_requested", path=error.filename, reason=error.strerror)
