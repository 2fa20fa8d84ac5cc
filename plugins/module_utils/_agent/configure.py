# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a host's agent as it is declared, for all its servers, or predicts it: account, program, command, and of each server its
configuration, units, metrics and notify addresses. Servers that are not declared any more lose theirs."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.layout import AGENT_CACHE, AGENT_COMMAND, AGENT_CONFIGURATION, AGENT_PROGRAMS
from .._base.scratch import scratch_folder
from .._base.systemctl import RunWith
from .._ownership.claiming import claim
from .._ownership.marks import is_marked, role_mark
from .._units.apply import apply
from .._units.wanted import WantedDropin, WantedSet, WantedUnit
from .account import have_account
from .declarations import changed_declarations
from .parts import DROPINS, METRICS, NOTIFY, ROLE, TEXTFILES, UNITS, Names, claims, everything, leftovers
from .program import Program
from .work import Owner, Work


class ConfigurationError(Exception):
    """The agent would not run with it; the message is one sentence."""


@dataclass(frozen=True)
class WantedServer:
    """One server's part. contents: texts by the keys of parts.py; gates: the mode of each gated unit."""

    name: str
    features: Collection[str]
    configuration: str
    contents: Mapping[str, str]
    gates: Mapping[str, str] = field(default_factory=dict)
    metrics_directory: str = ""

    @property
    def names(self) -> Names:
        """All that is called after it."""
        return Names(self.name)


@dataclass(frozen=True)
class WantedAgent:
    """The host's. command is the text of the program's command, notify that of the file of addresses."""

    user: str
    program: Program
    command: str
    servers: Sequence[WantedServer]
    notify: str = ""
    takeover: bool = False


class Agent:
    """Configures the agent of one host."""

    def __init__(self, wanted: WantedAgent, work: Work, run: RunWith) -> None:
        self._wanted, self._work, self._run = wanted, work, run
        self._changed: list[str] = []
        self.absent: list[str] = []
        self.announced: list[str] = []

    def configure(self) -> None:
        """All of it. Raises what the rooms below raise, and ConfigurationError; the next run goes on from there."""
        self._claim()
        owner = have_account(self._work, self._wanted.user)
        self._install()
        for name in self._undeclared():
            self._forget(Names(name))
        for server in self._wanted.servers:
            self._serve(server, owner)

    def _claim(self) -> None:
        work = self._work
        done = claim(claims(self._wanted.servers, self._wanted.user, self._wanted.takeover), work.run, work.predict, work.root)
        if done.changed:
            work.note(f"claim {' '.join(done.taken)}".rstrip(), **done.diff())
        if work.predict:
            work.aside = frozenset(done.taken)

    def _install(self) -> None:
        program, work = self._wanted.program, self._work
        if not program.is_installed():
            self._changed.append(f"{AGENT_PROGRAMS}/current")
            work.note(f"install the program, version {program.version}")
            if not work.predict:
                program.install(work.run)
        if work.write(AGENT_COMMAND, self._wanted.command, 0o755):
            self._changed.append(AGENT_COMMAND)

    def _undeclared(self) -> list[str]:
        """Servers whose configuration is here and ours, but that are not declared any more."""
        declared = {server.name for server in self._wanted.servers}
        folder = self._work.real(AGENT_CONFIGURATION)
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        found = (name[: -len(".json")] for name in names if name.endswith(".json") and self._is_ours(f"{AGENT_CONFIGURATION}/{name}"))
        return [name for name in found if name not in declared]

    def _is_ours(self, path: str) -> bool:
        try:
            return is_marked(path, (self._work.read(path) or "").encode("utf-8", "surrogateescape"), role_mark(ROLE))
        except OSError:
            return False

    def _forget(self, names: Names) -> None:
        """Its units first, so nothing writes anew what goes then."""
        former = self._work.read(names["configuration"]) or ""
        self._units(WantedSet([WantedUnit(names.unit(row), None) for row in UNITS], (), names.dropin))
        self._unlink(names, former, "")
        for path in everything(names):
            self._work.remove(path)

    def _serve(self, server: WantedServer, owner: Owner) -> None:
        names, work = server.names, self._work
        former = work.read(names["configuration"]) or ""
        self.announced += changed_declarations(former, server.configuration)
        if METRICS in server.features:
            self._metrics(server, owner)
        self._unlink(names, former, server.metrics_directory if METRICS in server.features else "")
        self._configure(server, owner)
        self._units(_units_of(server))
        # As the last of all: a pass that the former configuration began would write the metrics anew.
        for path in leftovers(names, server.features):
            work.remove(path)

    def _metrics(self, server: WantedServer, owner: Owner) -> None:
        """node_exporter's folder is everybody's, and any file in it can spoil all the others: the agent writes in a folder of its own,
        to which root puts a link. One that led nowhere until the first pass has ended would be an error of node_exporter's."""
        names, work = server.names, self._work
        work.folder(AGENT_CACHE)
        work.folder(names["cache_folder"], owner)
        work.empty_file(names["metrics_file"], owner)
        work.link(f"{server.metrics_directory}/{names['metrics_link']}", names["metrics_file"])

    def _unlink(self, names: Names, former: str, wanted: str) -> None:
        """The link to metrics, from where the former configuration had it. As text, since that configuration may be unreadable."""
        for folder in TEXTFILES.findall(former)[:1]:
            path = f"{folder}/{names['metrics_link']}"
            real = self._work.real(path)
            if folder != wanted and os.path.islink(real) and os.readlink(real).startswith(f"{AGENT_CACHE}/"):
                self._work.remove(path)

    def _configure(self, server: WantedServer, owner: Owner) -> None:
        """Any local user may ask the agent; addresses of notifications are in a file of root's own."""
        names, work = server.names, self._work
        readers = (work.superuser[0], owner[1])
        work.folder(AGENT_CONFIGURATION, readers)
        if work.write(names["configuration"], server.configuration, owner=readers, judge=self._judge):
            self._changed.append(names["configuration"])
        if NOTIFY in server.features and work.write(names["notify_file"], self._wanted.notify, 0o600, secret=True):
            self._changed.append(names["notify_file"])

    def _judge(self, configuration: str) -> None:
        with scratch_folder() as folder:
            path = os.path.join(folder, "configuration.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write(configuration)
            status, output, error = self._work.run([AGENT_COMMAND, "validate", path])
        if status != 0:
            raise ConfigurationError(f"the agent does not accept its configuration: {' '.join((output + error).split())}")

    def _units(self, wanted: WantedSet) -> None:
        done = apply(wanted, role_mark(ROLE), self._run, self._work.predict, self._work.root, self._changed, self._work.aside)
        self._work.steps += done.steps
        self._work.diff += done.diff
        self.absent += done.absent


def _units_of(server: WantedServer) -> WantedSet:
    names = server.names
    units = [WantedUnit(names.unit(row), server.contents.get(row.key), row.active, row.when_older, [names.fill(path) for path in row.follows]) for row in UNITS]
    dropins = [WantedDropin(unit, names.dropin, server.contents[DROPINS[mode]]) for unit, mode in server.gates.items()]
    return WantedSet(units, dropins, names.dropin)
