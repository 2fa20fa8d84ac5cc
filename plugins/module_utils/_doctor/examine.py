# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a host, from all sides. Each side may fail by itself, and says so in a sentence; none changes anything."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from .._base.layout import AGENT_CONFIGURATION, DEFAULT_INSTANCE, below
from .._base.systemctl import Run
from .._base.text import one_line
from .._residency.report.prediction_report import warnings
from .._residency.server.host_prediction import HostPrediction
from .._residency.server.vram import read_vram
from .._residency.values.model_name import ModelName
from .._residency.values.policy import Policy
from .._residency.values.policy_reader import PolicyError, parse_policy
from .._systemd.host import HostError, systemd_version
from .agent_look import look_at_agent
from .commands import patient
from .container_look import look_at_container
from .driver import look_at_driver
from .examination import AgentLook, DriverLook, Examination, JournalLook, UnitLook
from .gateway_checks import gateway_addresses
from .journal import JournalError, read_journal
from .memory_prediction import predict_memory
from .permission import Account
from .server_ask import ask_server, server_url
from .shell_files import shell_settings
from .sockets import listeners
from .stores import look_at_stores
from .unit_look import look_at_unit

SERVER = "ollama.service"
_INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_Seen = TypeVar("_Seen")


class CannotLook(Exception):
    """Nothing can be learnt here; the message is one sentence."""


def check_instance(name: str) -> None:
    """Raises `CannotLook`."""
    if not _INSTANCE.fullmatch(name):
        raise CannotLook(f"instance {name!r} is not a name: use letters, digits, '_' and '-'")


def require_root_and_systemd(run: Run) -> None:
    """Raises `CannotLook`."""
    if os.geteuid() != 0:
        raise CannotLook("only root may look at a service's environment, sockets and journal: use sudo")
    try:
        systemd_version(patient(run))
    except HostError as error:
        raise CannotLook(str(error)) from error


def instances(run: Run, root: str = "/") -> list[str]:
    """All that the host has: those that its agents are configured for, and units of servers beside them; the only one, if none is known."""
    configured = {os.path.basename(path)[: -len(".json")] for path in glob.glob(below(root, f"{AGENT_CONFIGURATION}/*.json"))}
    output = patient(run)(["systemctl", "list-units", "--all", "--plain", "--no-legend", "ollama@*.service"])[1]
    units = {line.split()[0][len("ollama@") : -len(".service")] for line in output.splitlines() if line.startswith("ollama@")}
    found = sorted(name for name in configured | units if _INSTANCE.fullmatch(name))
    return found or [DEFAULT_INSTANCE]


def examine(run: Run, instance: str, unit: str | None = None, root: str = "/") -> Examination:
    """Look at one instance. `unit` is the server's where the agent does not name it."""
    return _Examiner(instance, patient(run), root).examine(unit)


class _Examiner:
    """`unseen` collects why a side could not be looked at."""

    def __init__(self, instance: str, run: Run, root: str) -> None:
        self.instance, self.run, self.root = instance, run, root
        self.now = time.time()
        self.unseen: list[str] = []

    def examine(self, unit: str | None) -> Examination:
        """The host first, since what the server is asked depends on it."""
        agent = look_at_agent(self.run, self.instance, self.now, self.root)
        if agent.status.get("state_problem"):
            self.unseen.append(f"the agent's memory: {one_line(str(agent.status['state_problem']))}")
        look = Examination(self.instance, _unit_name(self.instance, unit, agent), self.now, policy=_policy(agent), agent=agent)
        return self._done(self._with_server(self._with_host(look)))

    def _with_host(self, look: Examination) -> Examination:
        unit = self._try("the unit", lambda: look_at_unit(self.run, look.unit_name))
        account, environment = (unit.account, unit.environment) if unit else (Account("ollama"), {})
        return replace(
            look,
            unit=unit,
            shell=shell_settings(self.root),
            journal=self._try("the journal", lambda: self._journal(look.unit_name, unit)),
            listeners=self._try("listening sockets", listeners),
            gateway=self._try("the gateway's configuration", lambda: gateway_addresses(self.root)) or (),
            stores=(self._try("folders of models", lambda: look_at_stores(unit, _names(look.policy))) if unit else None) or (),
            driver=self._try("the GPU's driver", lambda: look_at_driver(self.run, account, environment, self.root)) or DriverLook(),
            vram=read_vram(environment, self.root, self.run),
        )

    def _journal(self, name: str, unit: UnitLook | None) -> JournalLook:
        properties = unit.properties if unit else {}
        return read_journal(self.run, name, properties.get("InvocationID", ""), unit.started if unit else 0, self.now)

    def _with_server(self, look: Examination) -> Examination:
        url = server_url(look.unit, look.agent.url, look.is_elsewhere)
        if url is None:
            return look
        look = replace(look, server=self._try("the server", lambda: ask_server(url, look.policy, look.unit_name, not look.is_elsewhere, self.run)))
        if look.server is None or not look.server.is_own:
            return look
        return replace(look, container=self._try("the container", lambda: look_at_container(self.run, look.unit_name, url, self.root)))

    def _done(self, look: Examination) -> Examination:
        """With what can only be predicted once all is seen."""
        predicted = self._try("the measured sizes", lambda: predict_memory(look, self.root, self.run)) or HostPrediction(())
        self.unseen += [f"the measured sizes: {problem}" for problem in predicted.problems]
        return replace(look, predictions=tuple(warnings(predicted.fits)), unseen=tuple(self.unseen))

    def _try(self, what: str, look: Callable[[], _Seen]) -> _Seen | None:
        try:
            return look()
        except (HostError, JournalError) as error:
            self.unseen.append(f"{what}: {error}")
        except (OSError, ValueError, KeyError) as error:
            named = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
            self.unseen.append(f"{what}: {named}")
        return None


def _unit_name(instance: str, unit: str | None, agent: AgentLook) -> str:
    named = agent.raw.get("unit")
    if isinstance(named, str) and named.endswith(".service"):
        return named
    return (unit or SERVER) if instance == DEFAULT_INSTANCE else f"ollama@{instance}.service"


def _policy(agent: AgentLook) -> Policy | None:
    """What is declared; None where it is not, or not to be understood, which the agent's own validation says."""
    try:
        return parse_policy(agent.raw["policy"]) if "policy" in agent.raw else None
    except PolicyError:
        return None


def _names(policy: Policy | None) -> Sequence[ModelName]:
    return [model.name for model in policy.models] if policy else []
