# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module does: looks, has the servers run as they are declared, or takes them away."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .._base.files import replace_file
from .._base.layout import AGENT_RUNTIME
from .._container.engine import EngineError, keep, kept_name, load, pinned, pull
from .._residency.server.client import Deadlines, OllamaServer, ServerFailure
from .docker import DOCKER, Docker
from .listening import is_listening
from .plan import Look, look_at, read_text
from .project import boot_file, boot_text, ready_program
from .record import Record, keep_images, noted_images, read_record, write_record
from .refusals import examine
from .removal import makes_room, refused, undo
from .telling import diff, told
from .wanted import Composed

_DEADLINES = Deadlines(connect=2, answer=5)
_BETWEEN = 0.5  # seconds between two questions
_PUT_BACK = "The former settings are back, and the server answers with them"


@dataclass
class Bringer:
    """Has one server run. `archives`: the folder with those of images; `program`: the text of the health check's. `steps`: what was done, or would be."""

    docker: Docker
    archives: str
    program: str
    predict: bool
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    steps: list[str] = field(default_factory=list)

    def bring(self, wanted: Composed) -> Look:
        """Raises `EngineError`, `StateError`, `OSError`; what did not run is taken back then. Returns how it was before."""
        self.fetch(wanted)
        before = look_at(wanted, self.docker)
        if before.pending and before.runs:
            return before
        self._write(before)
        if before.starts or before.replaces or before.unproven:
            self._run(before)
        return before

    def fetch(self, wanted: Composed) -> None:
        """The image, before anything is stopped; noted first. Raises `EngineError`, `StateError`."""
        image, archive = wanted.container.image, wanted.container.archive
        if pinned(self.docker.run, image, DOCKER) is None:
            self._note(wanted, image)
            try:
                self._step(f"load {image}" if archive else f"pull {image}", lambda: self._get(image, archive))
            except EngineError:
                self._unnote(wanted, image)
                raise
        found = pinned(self.docker.run, image, DOCKER) or ""
        name = kept_name(found)
        if name and pinned(self.docker.run, name, DOCKER) is None:
            self._note(wanted, name)
            self._step(f"tag {found} {name}", lambda: keep(self.docker.run, found, name, DOCKER))
        # What another server of ours has brought goes with the last one that uses it.
        for shared in noted_images([wanted.unit]) & {image, name}:
            self._note(wanted, shared)

    def _get(self, image: str, archive: str) -> None:
        if archive:
            load(self.docker.run, f"{self.archives}/{hashlib.sha256(archive.encode()).hexdigest()}", image, DOCKER)
        else:
            pull(self.docker.run, image, DOCKER)

    def _note(self, wanted: Composed, image: str) -> None:
        self._keep(wanted, lambda record: replace(record, images=list(dict.fromkeys([*record.images, image]))))

    def _unnote(self, wanted: Composed, image: str) -> None:
        """One that did not come. A server of which nothing is there is none of ours: it may be deployed otherwise."""
        record = look_record(wanted)
        images = [one for one in record.images if one != image]
        if os.path.exists(wanted.file) or record.former is not None:
            write_record(wanted.unit, replace(record, images=images))
        else:
            keep_images(wanted.unit, record, images)

    def _keep(self, wanted: Composed, change: Callable[[Record], Record]) -> None:
        if not self.predict:
            record = look_record(wanted)
            changed = change(record)
            if changed != record:
                write_record(wanted.unit, changed)

    def _write(self, look: Look) -> None:
        """The file that served last is kept until this one has. Folders that containers mount are there before."""
        wanted = look.wanted
        folders = [folder for folder in (wanted.container.folder, f"{AGENT_RUNTIME}/{wanted.name}") if folder and not os.path.isdir(folder)]
        for folder in folders:
            self._step(f"create {folder}", partial(os.makedirs, folder, mode=0o755))
        for path, text in ((ready_program(wanted), self.program), (boot_file(wanted), boot_text(wanted))):
            if read_text(path) != text:
                self._step(f"write {path}", partial(put, path, text, 0o644))
        if look.before == look.text:
            return
        self._keep(wanted, lambda record: replace(record, former=look.former, environment=dict(look.environment)))
        self._step(f"write {wanted.file}", lambda: put(wanted.file, look.text, 0o600))

    def _run(self, look: Look) -> None:
        wanted = look.wanted
        word = "create" if look.container is None else "recreate" if look.recreates else "prove" if look.unproven else "start"
        try:
            self._step(f"{word} {wanted.container_name}", lambda: self._start(look))
        except EngineError as error:
            raise EngineError(f"{wanted.unit}: {error}{self._take_back(look)}") from error
        self._keep(wanted, lambda record: replace(record, former=None))

    def _start(self, look: Look) -> None:
        """Raises `EngineError` where it does not answer in time with what was declared."""
        wanted = look.wanted
        if not look.unproven:
            self.docker.up(wanted)
        self._wait(wanted)
        found = self.docker.container(wanted.container_name)
        if found is None or not look.is_of(found):
            raise EngineError(f"docker compose up left {wanted.container_name} as it was created before")

    def _wait(self, wanted: Composed) -> None:
        end = self.clock() + wanted.seconds
        while not self._serves(wanted):
            if self.clock() >= end:
                raise EngineError(f"the server does not answer at {wanted.url} after {wanted.seconds:g} s{self._why(wanted)}")
            self.sleep(_BETWEEN)

    def _serves(self, wanted: Composed) -> bool:
        """Another server's answer proves nothing of this one, which may end and be started again all the time."""
        if not is_answering(wanted.url):
            return False
        found = self.docker.container(wanted.container_name)
        return found is not None and found.running and is_listening(found.pid, wanted.url)

    def _why(self, wanted: Composed) -> str:
        found = self.docker.container(wanted.container_name)
        said = (found.error if found else "") or self.docker.last_words(wanted.container_name)
        other = ", where another process does" if is_answering(wanted.url) else ""
        return f"{other}: {said}" if said else other

    def _take_back(self, look: Look) -> str:
        """What is said of it. Where nothing has served before, the host is as it was: without a container."""
        wanted, former = look.wanted, look_record(look.wanted).former
        if former is None:
            return ". It has served with these settings before, and they stay"
        with suppress(EngineError):
            if not former:
                undo(wanted, self.docker)
                return ". There were no former settings: its container is removed again"
            put(wanted.file, former, 0o600)
            self.docker.up(wanted)
            self._wait(wanted)
            self._keep(wanted, lambda record: replace(record, former=None))
            return f". {_PUT_BACK}"
        return ". It does not run with the former settings either"

    def _step(self, words: str, act: Callable[[], Any]) -> None:
        self.steps.append(words)
        if not self.predict:
            act()


def look_record(wanted: Composed) -> Record:
    """With what tells a removal whose it is."""
    return replace(read_record(wanted.unit), name=wanted.name, engine=wanted.engine)


def put(path: str, text: str, mode: int) -> None:
    """Raises `OSError`."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    replace_file(path, text.encode(), mode=mode)


def is_answering(url: str) -> bool:
    """Whether a server of Ollama's does."""
    try:
        OllamaServer(url, _DEADLINES).version()
    except ServerFailure:
        return False
    return True


def check(servers: Sequence[Composed], docker: Callable[[str], Docker], leaving: Mapping[str, Record] | None = None) -> dict[str, Any]:
    """Only looks. `leaving`: what is to be removed. Raises `EngineError`, `StateError`, `OSError`."""
    unremovable = refused(leaving or {}, docker)
    known = {} if unremovable else leaving or {}
    is_left = partial(makes_room, records=known, docker=docker)
    examined = [examine(wanted, docker(wanted.engine), is_left) for wanted in servers]
    sentences = [sentence for said, dummy in examined for sentence in said] + unremovable
    looks = [] if sentences else [look for dummy, look in examined if look]
    archives = [look.wanted.container.archive for look in looks if look.image is None and look.wanted.container.archive]
    return {"refusals": list(dict.fromkeys(sentences)), "steps": [], "archives": list(dict.fromkeys(archives)), "servers": list(map(told, looks))}


def fetch(servers: Sequence[Composed], docker: Callable[[str], Docker], archives: str, predict: bool) -> dict[str, Any]:
    """Only brings images, which takes long and disturbs no server. Raises `EngineError`, `StateError`, `OSError`."""
    steps, looks = [], []
    for wanted in servers:
        bringer = Bringer(docker(wanted.engine), archives, "", predict)
        bringer.fetch(wanted)
        looks.append(look_at(wanted, bringer.docker))
        steps += bringer.steps
    return {"refusals": [], "steps": list(dict.fromkeys(steps)), "archives": [], "servers": list(map(told, looks))}


def bring(servers: Sequence[Composed], docker: Callable[[str], Docker], archives: str, program: str, predict: bool) -> dict[str, Any]:
    """Raises `EngineError`, `StateError`, `OSError`."""
    steps, looks = [], []
    for wanted in servers:
        bringer = Bringer(docker(wanted.engine), archives, program, predict)
        looks.append(bringer.bring(wanted))
        steps += bringer.steps
    return {"refusals": [], "steps": steps, "archives": [], "servers": list(map(told, looks)), "diff": diff(looks)}
