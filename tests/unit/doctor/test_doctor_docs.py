# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/doctor.md names every finding and every line of the journal, and says of them what the code does."""

from __future__ import annotations

import pathlib
import re

from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.diagnosis import GROUPS
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.finding import SEVERITIES, Kind
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.journal_patterns import KERNEL_PATTERNS, PATTERNS

DOCS = (pathlib.Path(__file__).parents[3] / "docs/doctor.md").read_text()


def cell(template: str) -> str:
    """A template with its places in capitals, as a table of Markdown holds it."""
    return re.sub(r"\{(\w+)\}", lambda place: place[1].upper(), template).replace("|", "\\|")


def row(kind: Kind) -> str:
    return f"| `{kind.code}` | {kind.severity} | {cell(kind.what)} | {cell(kind.remedy)} |"


def rows(head: str) -> list[str]:
    """The rows of all tables with this head."""
    tables = re.findall(re.escape(head) + r"\n\|[-|]+\|\n((?:\|.*\n)+)", DOCS)
    return [line for table in tables for line in table.splitlines()]


def test_every_finding_is_documented_as_it_is() -> None:
    assert rows("| finding | severity | what is wrong | remedy |") == [row(kind) for group in GROUPS for kind in group.kinds]


def test_every_line_of_the_journal_is_documented_with_its_level() -> None:
    wanted = ["| `" + pattern.text.replace("|", "\\|") + f"` | {pattern.level} | `{pattern.kind.code}` |" for pattern in (*PATTERNS, *KERNEL_PATTERNS)]
    assert rows("| line | logged at | finding |") == wanted


def test_a_code_is_of_one_finding_only() -> None:
    codes = [kind.code for group in GROUPS for kind in group.kinds]
    assert sorted(codes) == sorted(set(codes))


def test_severities_are_of_three_kinds() -> None:
    assert {kind.severity for group in GROUPS for kind in group.kinds} == set(SEVERITIES)
