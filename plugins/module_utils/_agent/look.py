# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role has to know of a host before it changes anything: where each server answers, and all that it would have to refuse."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .._base.layout import below
from .._base.systemctl import Run
from .._ownership.claiming import claim
from .._ownership.manifest import ManifestError
from .._ownership.takeover import OwnershipError
from .._residency.server.client import Deadlines, OllamaServer, ServerFailure
from .._residency.server.own_host import names_this_host
from .._residency.server.processes import server_processes
from .._systemd.host import HostError, systemd_version
from .deadlines import load_timeout_warning
from .interpreter import Apprise, Interpreter
from .locate import Located, locate
from .not_installed import ALL, models_not_installed
from .parts import METRICS, WATCH, claims

_DEADLINES = Deadlines(connect=5, answer=20)


@dataclass(frozen=True)
class Server:
    """What is declared of one server. url is the given one, or none; expected_url: where check mode expects it to answer once it is installed;
    environment: as it will run, where that is known; has_unit: whether its unit is to be on this host;
    probes: where load balancers are answered."""

    name: str
    unit: str
    url: str = ""
    has_unit: bool = True
    expected_url: str = ""
    features: Collection[str] = ()
    gates: Mapping[str, str] = field(default_factory=dict)
    models: Sequence[Mapping[str, Any]] = ()
    load_timeout: float = 0.0
    environment: Mapping[str, Any] | None = None
    metrics_directory: str = ""
    probes: Sequence[str] = ()


@dataclass(frozen=True)
class Asked:
    """What is declared of the host. to_come: models that are installed before they are loaded; unit_required: whether each
    server's unit has to be there by now."""

    servers: Sequence[Server]
    user: str
    interpreter: Interpreter
    addresses: Sequence[str] = ()
    to_come: Sequence[Any] = ()
    takeover: bool = False
    unit_required: bool = False


class Look:
    """One look at a host. It changes nothing."""

    def __init__(self, asked: Asked, run: Run, root: str = "/") -> None:
        self._asked, self._run, self._root = asked, run, root
        self.systemd = systemd_version(run)
        self.located = {server.name: locate(run, server.unit) for server in asked.servers if server.has_unit}
        self.apprise = asked.interpreter.judge(asked.addresses) if asked.addresses else Apprise()

    def url(self, server: Server) -> str:
        """Where it answers, or will."""
        return server.url or server.expected_url or self._found(server).url

    def container_network(self, server: Server) -> bool:
        """Whether its unit runs it in a container with a network of its own."""
        return self._found(server).container_network

    def missing_libraries(self) -> list[str]:
        """What the agent's interpreter would have to import, and cannot."""
        has_metrics = any(METRICS in server.features for server in self._asked.servers)
        wanted = [*(["prometheus_client"] if has_metrics else []), *(["apprise"] if self._asked.addresses else [])]
        return self._asked.interpreter.missing(wanted)

    def problems(self) -> Iterator[str]:
        """One sentence each, without a full stop at its end."""
        for server in self._asked.servers:
            yield from self._unit_problems(server)
            yield from self._metrics_problems(server)
            yield from self._probe_problems(server)
        yield from self._asked.interpreter.problems()
        for server in self._asked.servers:
            yield from self._watch_problems(server)
        yield from self.apprise.problems()
        for server in self._asked.servers:
            yield from self._gate_problems(server)
        yield from self._ownership_problems()
        yield from self._model_problems()

    def warnings(self) -> Iterator[str]:
        """Loads that the agent would give up before the server does, and a watch that sees nothing."""
        for server in self._asked.servers:
            yield from self._watch_warnings(server)
            environment = server.environment or self._found(server).environment
            sentence = load_timeout_warning(environment, server.load_timeout)
            if sentence:
                yield sentence

    def _found(self, server: Server) -> Located:
        return self.located.get(server.name, Located())

    def _unit_problems(self, server: Server) -> Iterator[str]:
        is_known = not server.has_unit or self._found(server).exists or server.expected_url
        if self._asked.unit_required and not is_known:
            yield (
                f"This host has no unit {server.unit}: install Ollama, name its unit in ollama_warmup_unit, or give the server's address in"
                " ollama_warmup_url"
            )

    def _metrics_problems(self, server: Server) -> Iterator[str]:
        folder = server.metrics_directory
        if METRICS in server.features and not os.path.isdir(below(self._root, folder)):
            yield (
                f"ollama_warmup_metrics_directory {folder} is no folder of this host: install node_exporter first,"
                " or name the folder of its textfile collector"
            )

    def _probe_problems(self, server: Server) -> Iterator[str]:
        """At the next boot the socket would be there first, and the server would not start."""
        here = [self.url(other) for other in self._asked.servers if other.has_unit or names_this_host(other.url)]
        taken = {urlsplit(url).port: url for url in filter(None, here)}
        for place in server.probes:
            url = taken.get(int(place.rpartition(":")[2]))
            if url:
                yield f"Load balancers of {server.unit} would be answered at {place}, which is the port of the server at {url}: give them another"

    @staticmethod
    def _watch_problems(server: Server) -> Iterator[str]:
        if WATCH in server.features and server.url and not names_this_host(server.url):
            yield (
                f"ollama_warmup_watch needs a server of this host, but ollama_warmup_url {server.url} is no address of it: leave ollama_warmup_url"
                " empty, or set ollama_warmup_watch to false"
            )

    @staticmethod
    def _watch_warnings(server: Server) -> Iterator[str]:
        if WATCH in server.features and server.url and names_this_host(server.url) and server_processes(server.unit, url=server.url) is None:
            yield (
                f"ollama_warmup_watch has nothing to watch at present: neither {server.unit} nor a container of this host has a process of the server"
                f" at {server.url}"
            )

    def _gate_problems(self, server: Server) -> Iterator[str]:
        """A server elsewhere has no unit here, and waits for none."""
        if not server.gates:
            return
        output = self._run(["systemctl", "list-dependencies", "--after", "--all", "--plain", "--", server.unit])[1]
        before = {line.strip() for line in output.splitlines()}
        circular = [unit for unit in server.gates if unit in before]
        if circular:
            yield (
                f"gates: {server.unit} is itself started after {', '.join(circular)}, so that each would wait for the other: take them off ollama_warmup_gates"
            )

    def _ownership_problems(self) -> Iterator[str]:
        try:
            claim(claims(self._asked.servers, self._asked.user, self._asked.takeover), self._run, True, self._root)
        except (OwnershipError, ManifestError) as error:
            yield str(error)

    def _model_problems(self) -> Iterator[str]:
        lacking = [sentence for server in self._asked.servers if server.models for sentence in self._not_installed(server)]
        if lacking:
            yield f"not warm: {'; '.join(lacking)}"

    def _not_installed(self, server: Server) -> list[str]:
        """A server that does not run tells nothing."""
        if ALL in self._asked.to_come:
            return []
        try:
            installed = OllamaServer(self.url(server), _DEADLINES).installed()
        except (ServerFailure, ValueError):
            return []
        return models_not_installed(server.models, [model.name for model in installed], self._asked.to_come)


__all__ = ["Asked", "HostError", "Look", "Server"]
