# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of journal lines name every event that the agent can write, with its priority, and no other."""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator

from support.markdown import TOP, rows, section

AGENT = TOP / "roles/ollama_warmup/files/agent/ollama_warmup"
WRITERS = {"Event": 1, "log": 1, "_note": 0}  # which argument is the event's name
PRIORITIES = {"ERROR": "error", "WARNING": "warning", "NOTICE": "notice"}
# Where the name is an action of the engine.
ACTIONS = {"load", "revive", "reload", "set_expiry", "unload"}


def written(path: pathlib.Path) -> Iterator[tuple[str, set[str]]]:
    """Each event whose name stands in the code, and the priorities that stand there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        place = WRITERS.get(getattr(node.func, "id", "")) if isinstance(node, ast.Call) else None
        if place is not None and isinstance(node.args[place], ast.Constant):
            named = {found.id for found in ast.walk(node.args[0]) if isinstance(found, ast.Name)}
            yield node.args[place].value, {PRIORITIES[name] for name in named if name in PRIORITIES}


def events() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {action: {"notice"} for action in ACTIONS}
    for path in AGENT.rglob("*.py"):
        for name, priorities in written(path):
            found.setdefault(name, set()).update(priorities)
    return found


def documented() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for cells in rows(section("docs/reference/journal.md", "The journal")):
        if len(cells) == 4:  # the others are the table of causes
            for name in re.findall(r"`(\w+)`", cells[0]):
                found.setdefault(name, set()).update(re.findall("error|warning|notice", cells[1]))
    return found


def test_every_event_is_in_a_table_and_no_other() -> None:
    assert len(events()) > 30
    assert set(documented()) == set(events())


def test_the_tables_tell_the_priorities_of_the_code() -> None:
    told = documented()
    assert {name: told[name] - priorities for name, priorities in events().items() if priorities - told[name]} == {}
