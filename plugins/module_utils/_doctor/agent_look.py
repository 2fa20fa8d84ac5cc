# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of one instance: its files, its units, and what its own command says of both. Reads only.

Its `validate` and `status` are asked rather than its files read anew, so that the program judges that is to work by them.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._base import layout
from .._base.readers import InvalidValue
from .._base.systemctl import Run
from .._residency.server.hold_file import Hold, last_hold
from .._residency.server.own_host import names_this_host
from .examination import AgentLook
from .unit_look import properties_of

_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "User", "TimersMonotonic")
_LARGEST = 4 * 1024 * 1024  # bytes


def look_at_agent(run: Run, instance: str, now: float, root: str = "/") -> AgentLook:
    """`now` in seconds since 1970, by which a hold is on or over."""
    command, path = layout.below(root, layout.AGENT_COMMAND), layout.below(root, f"{layout.AGENT_CONFIGURATION}/{instance}.json")
    raw = _raw(path)
    look = AgentLook(
        command=command,
        installed=os.path.exists(command),
        configuration=path,
        configured=os.path.exists(path),
        raw=raw,
        asks_this_host=_asks_this_host(raw),
        pass_unit=layout.agent_unit(instance),
        timer=layout.agent_unit(instance, "timer"),
        watch=layout.agent_unit(instance, part="-watch"),
    )
    units = {name: properties_of(run, name, _PROPERTIES) for name in (look.pass_unit, look.timer, look.watch)}
    return _with_state(_with_program(run, instance, replace(look, units=units)), layout.below(root, f"{layout.AGENT_STATE}/{instance}"), now)


def _asks_this_host(raw: Mapping[str, Any]) -> bool:
    """Whether the server is of this machine, as the agent itself decides it."""
    url = raw.get("url")
    return raw.get("follows_unit") is True or not isinstance(url, str) or names_this_host(url)


def _with_program(run: Run, instance: str, look: AgentLook) -> AgentLook:
    """What it says itself, where it can be asked."""
    python, missing = _python(look.command) if look.installed else ("", "")
    look = replace(look, python=python, python_missing=missing)
    if not (python and look.configured):
        return look
    return replace(look, problems=_problems(run, look.command, look.configuration), status=_status(run, look.command, instance))


def _with_state(look: AgentLook, folder: str, now: float) -> AgentLook:
    """Its user, and what lies in and beside its folder."""
    user = look.units[look.pass_unit].get("User", "")
    hold = _hold(f"{folder}.hold")
    drains = {path: _hold(path) for path in (f"{folder}.drain", f"{folder}.upgrade-drain")}
    return replace(
        look,
        user_missing=user if user and _uid(user) is None else "",
        owner_problem=_owner_problem(folder, user),
        hold=hold if hold and not hold.is_over(now) else None,
        held_until=hold.until if hold else 0.0,
        drains={path: drain for path, drain in drains.items() if drain and not drain.is_over(now)},
    )


def _python(command: str) -> tuple[str, str]:
    """The interpreter of its first line; where it is not there, what was looked for."""
    try:
        with open(command, encoding="utf-8", errors="replace") as file:
            path = file.readline(4096)[2:].split()[:1]
    except OSError as error:
        return "", f"{command}: {error.strerror}"
    if not path or not os.access(path[0], os.X_OK):
        return "", path[0] if path else f"{command} names none"
    return path[0], ""


def _problems(run: Run, command: str, path: str) -> tuple[str, ...]:
    status, dummy, error = run([command, "validate", path])
    lines = tuple(line.partition("ollama-warmup: ")[2] or line for line in error.splitlines() if line.strip())
    return () if status == 0 else lines[-20:] or (f"validate ended with {status}",)


def _status(run: Run, command: str, instance: str) -> Mapping[str, Any]:
    return _object(run([command, "--instance", instance, "status", "--json"])[1])


def _raw(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _object(file.read(_LARGEST))
    except OSError:
        return {}


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _owner_problem(folder: str, user: str) -> str:
    """Root-owned state locks the agent out."""
    uid = _uid(user)
    for path in (folder, *(os.path.join(folder, name) for name in ("state.json", "lock"))):
        try:
            owner = os.stat(path).st_uid
        except OSError:
            continue
        if uid is not None and owner != uid:
            return f"{path} belongs to user {owner}, not to the agent's ({user})"
    return ""


def _uid(user: str) -> int | None:
    try:
        return pwd.getpwnam(user).pw_uid if user else None
    except KeyError:
        return None


def _hold(path: str) -> Hold | None:
    try:
        return last_hold(path)
    except InvalidValue:  # it holds nothing; the pass says so
        return None
