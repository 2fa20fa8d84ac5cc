# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a host, from all sides. Each side may fail by itself, and says so in a sentence; none changes anything."""

from __future__ import annotations

import glob
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from .._residency.address import AddressError, check_url, is_local
from .._residency.model_name import ModelName
from .._residency.policy import Policy, PolicyError, parse_policy
from .._residency.server import REQUESTS_IMPORT_ERROR
from .._systemd.host import HostError, Run, systemd_version
from .agent_look import DEFAULT, FOLDER, look_at_agent
from .commands import run as run_command
from .driver import look_at_driver
from .examination import AgentLook, Examination, ServerLook, UnitLook
from .journal import read_journal
from .prospects import prospects
from .server_ask import ask_server
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
    """Raises C(CannotLook)."""
    if not _INSTANCE.fullmatch(name):
        raise CannotLook(f"instance {name!r} is not a name: use letters, digits, '_' and '-'")


def require_root_and_systemd(run: Run = run_command) -> None:
    """Raises C(CannotLook)."""
    if os.geteuid() != 0:
        raise CannotLook("only root may look at a service's environment, sockets and journal: use sudo")
    try:
        systemd_version(run)
    except HostError as error:
        raise CannotLook(str(error)) from error


def instances(run: Run = run_command, root: str = "/") -> list[str]:
    """All that the host has: those that its agents are configured for, and units of servers beside them; the only one, if none is known."""
    configured = {os.path.basename(path)[: -len(".json")] for path in glob.glob(os.path.join(root, FOLDER, "*.json"))}
    output = run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "ollama@*.service"])[1]
    units = {line.split()[0][len("ollama@") : -len(".service")] for line in output.splitlines() if line.startswith("ollama@")}
    found = sorted(name for name in configured | units if _INSTANCE.fullmatch(name))
    return found or [DEFAULT]


def examine(instance: str, unit: str | None = None, run: Run = run_command, root: str = "/") -> Examination:
    """Look at one instance. C(unit) is the server's where the agent does not name it."""
    now, unseen = time.time(), list[str]()
    agent = look_at_agent(run, instance, now, root)
    name = _unit_name(instance, unit, agent)
    looked = _try(unseen, "the unit", lambda: look_at_unit(run, name))
    policy = _policy(agent)
    server = _server(unseen, looked, agent, policy, name)
    invocation = looked.properties.get("InvocationID", "") if looked else ""
    return Examination(
        instance=instance,
        unit_name=name,
        now=now,
        unit=looked,
        shell=shell_settings(root),
        journal=_try(unseen, "the journal", lambda: read_journal(name, invocation)),
        listeners=_try(unseen, "listening sockets", listeners),
        server=server,
        policy=policy,
        stores=look_at_stores(looked, _names(policy)) if looked else (),
        driver=look_at_driver(run, looked.unit.user if looked else "ollama", root),
        agent=agent,
        predictions=_prospects(unseen, instance, looked, policy, server, root),
        unseen=tuple(unseen),
    )


def _try(unseen: list[str], what: str, look: Callable[[], _Seen]) -> _Seen | None:
    try:
        return look()
    except HostError as error:
        unseen.append(f"{what}: {error}")
    except (OSError, ValueError, KeyError) as error:
        named = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        unseen.append(f"{what}: {named}")
    return None


def _unit_name(instance: str, unit: str | None, agent: AgentLook) -> str:
    named = agent.raw.get("unit")
    if isinstance(named, str) and named.endswith(".service"):
        return named
    return (unit or SERVER) if instance == DEFAULT else f"ollama@{instance}.service"


def _policy(agent: AgentLook) -> Policy | None:
    """What is declared; None where it is not, or not to be understood, which the agent's own validation says."""
    try:
        return parse_policy(agent.raw["policy"]) if "policy" in agent.raw else None
    except PolicyError:
        return None


def _names(policy: Policy | None) -> Sequence[ModelName]:
    return [model.name for model in policy.models] if policy else []


def _prospects(
    unseen: list[str], instance: str, unit: UnitLook | None, policy: Policy | None, server: ServerLook | None, root: str
) -> tuple[str, ...]:
    observation = server.observation if server else None
    if policy is None or server is None or observation is None:
        return ()
    environment = unit.environment if unit and unit.serves and is_local(server.url) else None
    return _try(unseen, "the measured sizes", lambda: prospects(instance, policy, observation, server.url, environment, root)) or ()


def _server(unseen: list[str], unit: UnitLook | None, agent: AgentLook, policy: Policy | None, name: str) -> ServerLook | None:
    """Asked where its process listens, if that is this host's affair; else where the agent asks."""
    if REQUESTS_IMPORT_ERROR is not None:
        unseen.append(f"the server: the Python library requests is not installed for {sys.executable}: install python3-requests")
        return None
    url = _server_url(unit, agent)
    return ask_server(url, policy, name) if url else None


def _server_url(unit: UnitLook | None, agent: AgentLook) -> str | None:
    asked = _agents_url(agent)
    if unit is None or not unit.serves or (asked and not is_local(asked)):
        return asked
    return unit.address.url if unit.process else None  # a server that is down the unit tells of


def _agents_url(agent: AgentLook) -> str | None:
    try:
        return check_url(str(agent.raw.get("url", "")))
    except AddressError:
        return None
