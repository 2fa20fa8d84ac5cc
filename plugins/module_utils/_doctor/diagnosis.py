# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks over one examination, and what they looked at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from . import (
    address_checks,
    agent_checks,
    environment_checks,
    gpu_checks,
    journal_checks,
    memory_checks,
    model_checks,
    sender_checks,
    shell_checks,
)
from .examination import Examination
from .finding import PROBLEM, WARNING, Finding, Kind, sorted_findings

Check = Callable[[Examination], Iterator[Finding]]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("unit and environment", environment_checks.check),
    ("shell variables", shell_checks.check),
    ("addresses and ports", address_checks.check),
    ("GPU and driver", gpu_checks.check),
    ("journal", journal_checks.check),
    ("senders of keep_alive", sender_checks.check),
    ("models", model_checks.check),
    ("memory", memory_checks.check),
    ("agent", agent_checks.check),
)
_GROUPS: Sequence[tuple[Kind, ...]] = (
    environment_checks.KINDS, shell_checks.KINDS, address_checks.KINDS, gpu_checks.KINDS, journal_checks.KINDS, sender_checks.KINDS,
    model_checks.KINDS, memory_checks.KINDS, agent_checks.KINDS,
)  # fmt: skip
KINDS: tuple[Kind, ...] = tuple(kind for group in _GROUPS for kind in group)
HEALTHY = 0
ILL = 1
BLIND = 2


def diagnose(look: Examination) -> list[Finding]:
    """What is wrong with one instance, the gravest first."""
    return sorted_findings(finding for dummy, check in CHECKS for finding in check(look))


def exit_status(findings: Sequence[Finding], unseen: Sequence[str]) -> int:
    """1 with a problem; without one 2 where not everything could be looked at, for then nobody can say that nothing is wrong."""
    if any(finding.severity == PROBLEM for finding in findings):
        return ILL
    return BLIND if unseen else HEALTHY


def is_healthy(findings: Sequence[Finding], unseen: Sequence[str]) -> bool:
    """Neither a problem nor a warning, and everything looked at."""
    return not unseen and not any(finding.severity in (PROBLEM, WARNING) for finding in findings)
