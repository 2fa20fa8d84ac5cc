# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role does with one server: why it refuses the host, what it warns of, whether the server starts, is enabled, restarts. Pure.

`told` is what M(keepwarm.ollama.ollama_unit_info) tells of the unit with the drop-in in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .server_dropin import Place

AUTO, ALWAYS, NEVER = "auto", "true", "false"
"""When a stopped server is started: as its state says, in any case, in no case."""
PACKAGE = "package"
"""The way to install that leaves the program and the unit to the distribution."""
_OLDEST = (0, 10)
_NO_RELEASE = "0.0.0"  # of a server that was built by hand


@dataclass(frozen=True)
class Declared:
    """One server as the role's variables have it. `models` are to be in memory, whatever the list holds. `defaults` follow from other
    servers of the host. `install` and `ours`: whether the role installs the server, and whether the unit is the role's, or there is none.
    `may_come`: whether check mode may find a host without the unit. `beginning`: the play has changed nothing yet.
    `account`: the user of the server. `allow_daemon_reload`: also where containers lose their GPU by it."""

    environment: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=dict)
    models: Any = ()
    oom_policy: str | None = None
    place: Place = field(default_factory=Place)
    start: str = AUTO
    restart: str = "auto"
    install: str = "never"
    ours: bool = False
    may_come: bool = False
    beginning: bool = False
    warnings: Sequence[str] = ()
    account: str = ""
    allow_daemon_reload: bool = False

    @property
    def installs(self) -> bool:
        """Whether the program and the unit are the role's, or are going to be."""
        return self.install == "takeover" or (self.install == "missing" and self.ours)

    @property
    def brings(self) -> bool:
        """Whether there is a server on the host because the role has it installed, by whatever way."""
        return self.installs or self.install == PACKAGE


def is_expected(declared: Declared, told: Mapping[str, Any], check_mode: bool) -> bool:
    """Whether check mode has only pretended to install the unit: systemd can judge nothing of it."""
    return check_mode and declared.may_come and not declared.beginning and not told["exists"]


def is_judged(declared: Declared, told: Mapping[str, Any], check_mode: bool) -> bool:
    """Whether the unit that is there is the one that the drop-in is for: at the beginning of a play it may still be written, or replaced."""
    if not declared.beginning:
        return not is_expected(declared, told, check_mode)
    if told["exists"]:
        return declared.install != "takeover" or declared.ours
    return declared.install == "never" and not declared.place.grouped and not declared.place.deployment.in_container


def refusals(told: Mapping[str, Any]) -> list[str]:
    """Why the role does not touch the server, one sentence each; the first of these reasons only, since it may be that of the others."""
    checks = (_absent, _wrapped, _overruled, _rejected, _too_old)
    return next(([sentence] for sentence in (check(told) for check in checks) if sentence), [])


def other_deployment(declared: Declared, told: Mapping[str, Any]) -> str:
    """The refusal of a unit that is deployed in another way than it is declared."""
    word = declared.place.deployment.word
    if not told["exists"] or told["deployment"] == word:
        return ""
    return (
        f"{told['unit']} is there as {told['deployment']} ({told['fragment_path']}), and ollama_server_deployment is {word}: set that to"
        f" {told['deployment']}, or stop the server and remove the file."
    )


def _absent(told: Mapping[str, Any]) -> str:
    if told["exists"] and told["load_state"] != "masked":
        return ""
    return (
        f"{told['unit']} is {told['load_state']} on this host: install Ollama with its vendor's installer (which makes ollama.service),"
        " unmask the unit, or name the right one in ollama_server_unit."
    )


def _wrapped(told: Mapping[str, Any]) -> str:
    if told["wrapper"] is None:
        return ""
    return (
        f"{told['unit']} starts the server by {told['wrapper']}, so the settings of this role would not reach it: have ExecStart= run"
        " 'ollama serve' itself, or name another unit in ollama_server_unit."
    )


def _overruled(told: Mapping[str, Any]) -> str:
    found = [conflict["message"] for conflict in told["conflicts"] if conflict["wins"]]
    return f"{'; '.join(found)}. Change it there, or take the role's variable off the inventory to leave it to that file." if found else ""


def _rejected(told: Mapping[str, Any]) -> str:
    return "; ".join(told["dropin_errors"])


def _too_old(told: Mapping[str, Any]) -> str:
    version = told["version"]
    if version in (None, _NO_RELEASE) or _release(version) >= _OLDEST:
        return ""
    return f"{told['unit']} is Ollama {version} on this host, whose /api/ps does not tell a model's context: upgrade it to 0.10 or newer."


def _release(version: str) -> tuple[int, ...]:
    """The first two numbers; what is none counts as new."""
    parts = version.lstrip("v").split(".")[:2]
    return tuple(int(part) for part in parts) if len(parts) == 2 and all(part.isdigit() for part in parts) else _OLDEST


def warnings(told: Mapping[str, Any]) -> list[str]:
    """Values of others that do not count any more, and a server that others can reach."""
    found = [conflict["message"] for conflict in told["conflicts"] if not conflict["wins"]]
    return [*found, *_exposed(told)]


def _exposed(told: Mapping[str, Any]) -> Iterator[str]:
    if told["listens_beyond_loopback"]:
        firewall = " firewalld runs on this host and is left as it is: its zones decide who reaches the port." if told.get("firewalld") else ""
        yield (
            f"{told['unit']} listens beyond loopback (OLLAMA_HOST is {told['environment_predicted'].get('OLLAMA_HOST')}), and Ollama has no"
            f" authentication: whoever reaches it may use, unload and delete its models.{firewall}"
        )


@dataclass(frozen=True)
class Acts:
    """What becomes of the server. `runs`: whether it runs in the end."""

    starts: bool
    enables: bool
    restarts: bool
    runs: bool


def acts(declared: Declared, told: Mapping[str, Any]) -> Acts:
    """A stopped server is started that was just installed, that is enabled and has not run in this boot, or that failed."""
    in_container = declared.place.deployment.in_container
    is_new = told["first_run"] and (declared.ours if in_container else declared.brings or declared.place.grouped)
    is_due = is_new or told["active_state"] in ("failed", "activating") or (told["enabled"] and not told["has_run"])
    starts = declared.start == ALWAYS or (declared.start == AUTO and is_due)
    # What Podman makes is started at boot as its own file says, and cannot be enabled.
    enables = not in_container and (declared.start == ALWAYS or (declared.start == AUTO and is_new))
    restarts = told["restart_due"] and declared.restart != "never"
    return Acts(starts, enables, restarts, starts or told["active_state"] == "active")


def is_due(planned: Acts, told: Mapping[str, Any], kept: bool) -> bool:
    """Whether anything of it is still to be done. `kept`: a former drop-in, since no server has served with the present one."""
    is_to_change = planned.restarts or (planned.starts and told["active_state"] != "active") or (planned.enables and not told["enabled"])
    is_silent = planned.runs and told["version"] is None
    return is_to_change or is_silent or (kept and planned.runs and not told["restart_due"])


def notices(declared: Declared, planned: Acts, told: Mapping[str, Any]) -> Iterator[str]:
    """What the role does about the server, and what it leaves, one sentence each. Of a restart that unloads something the module that makes
    it warns."""
    if told["restart_due"] and (declared.restart == "never" or told["restart_unloads"] == []):
        yield f"{_restart(declared, told)}: {'; '.join(told['restart_reasons'])}"
    if told["pending"] and not planned.restarts:
        yield f"{told['unit']} is not restarted for these, which take effect at its next start: {'; '.join(told['pending'])}"
    if told["active_state"] == "inactive" and not planned.starts:
        yield f"{told['unit']} does not run and is left so, since it is {_stopped(declared, told)}: no model is in memory"


def _restart(declared: Declared, told: Mapping[str, Any]) -> str:
    loses = told["restart_unloads"]
    unloads = "unloads whatever is resident" if loses is None else f"unloads {' and '.join(loses) or 'no model'}"
    if declared.restart == "never":
        return f"a restart of {told['unit']} is pending (ollama_server_restart is never), which {unloads}"
    return f"{told['unit']} restarts{'' if declared.restart == 'now' else ' when it is idle'}, which {unloads}"


def _stopped(declared: Declared, told: Mapping[str, Any]) -> str:
    if declared.start == NEVER:
        return "not to be started (ollama_server_start is false)"
    return f"{'stopped, and had run before' if told['enabled'] else 'disabled'} (ollama_server_start: true starts it)"
