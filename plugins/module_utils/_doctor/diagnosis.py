# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks over one examination, and what they looked at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from . import (
    address_checks,
    agent_checks,
    container_checks,
    crash_checks,
    environment_checks,
    gateway_checks,
    gpu_checks,
    journal_checks,
    line_checks,
    memory_checks,
    model_checks,
    sender_checks,
    shell_checks,
)
from .examination import Examination
from .finding import PROBLEM, WARNING, Finding, Kind, sorted_findings


def _always(_look: Examination) -> bool:
    return True


def _saw_unit(look: Examination) -> bool:
    return look.unit is not None


def _saw_journal(look: Examination) -> bool:
    return look.journal is not None


def _saw_models(look: Examination) -> bool:
    """Whether the server answered: of one that did not, nothing is known of its models."""
    return look.server is not None and look.server.observation is not None


def _has_gateway(look: Examination) -> bool:
    return bool(look.gateway)


class Group(NamedTuple):
    """Checks of one side of a host: what they are called, what they do, and which findings they may have. `saw` tells whether what
    they judge was seen: only then they may be called checked."""

    name: str
    check: Callable[[Examination], Iterator[Finding]]
    kinds: tuple[Kind, ...]
    saw: Callable[[Examination], bool] = _always


GROUPS = (
    Group("unit and environment", environment_checks.check, environment_checks.KINDS, _saw_unit),
    Group("files of the unit", line_checks.check, line_checks.KINDS, _saw_unit),
    Group("crash loop", crash_checks.check, crash_checks.KINDS, _saw_unit),
    Group("shell variables", shell_checks.check, shell_checks.KINDS),
    Group("container", container_checks.check, container_checks.KINDS),
    Group("addresses and ports", address_checks.check, address_checks.KINDS),
    Group("gateway", gateway_checks.check, gateway_checks.KINDS, _has_gateway),
    Group("GPU and driver", gpu_checks.check, gpu_checks.KINDS),
    Group("journal", journal_checks.check, journal_checks.KINDS, _saw_journal),
    Group("senders of keep_alive", sender_checks.check, sender_checks.KINDS, _saw_journal),
    Group("models", model_checks.check, model_checks.KINDS, _saw_models),
    Group("memory", memory_checks.check, memory_checks.KINDS, _saw_models),
    Group("agent", agent_checks.check, agent_checks.KINDS),
)
HEALTHY = 0
PROBLEMS_FOUND = 1
INCOMPLETE = 2


class Diagnosis(NamedTuple):
    """What is wrong with one instance, the most severe first, and a sentence for each group of checks that did not come to its end."""

    findings: list[Finding]
    failed: list[str]


def checked(looks: Sequence[Examination]) -> list[str]:
    """The names of the groups that saw, on every instance, what they judge."""
    return [group.name for group in GROUPS if all(group.saw(look) for look in looks)]


def diagnose(look: Examination) -> Diagnosis:
    """By all checks, each for itself: what breaks one on a broken host must not silence the others."""
    findings: list[Finding] = []
    failed: list[str] = []
    for group in GROUPS:
        try:
            findings.extend(group.check(look))
        except Exception as error:  # pylint: disable=broad-except  # whatever it is, the other groups tell what they see
            failed.append(f"the checks of {group.name} failed: {type(error).__name__}: {error}")
    return Diagnosis(sorted_findings(findings), failed)


def exit_status(findings: Sequence[Finding], unseen: Sequence[str]) -> int:
    """1 with a problem; without one 2 where not everything could be looked at, for then nobody can say that nothing is wrong."""
    if any(finding.severity == PROBLEM for finding in findings):
        return PROBLEMS_FOUND
    return INCOMPLETE if unseen else HEALTHY


def is_healthy(findings: Sequence[Finding], unseen: Sequence[str]) -> bool:
    """Neither a problem nor a warning, and everything looked at."""
    return not unseen and not any(finding.severity in (PROBLEM, WARNING) for finding in findings)
