# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of what is on a host names every unit and every place that the code knows as ours."""

from __future__ import annotations

import re

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.parts import UNITS, Names
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import layout
from support.markdown import TOP, rows

PAGE = (TOP / "docs/host-files.md").read_text(encoding="utf-8")
TABLE = " ".join(" ".join(row) for row in rows(PAGE))
SERVERS = ["RECORDS", "GATEWAY_RECORD", "SERVER_COMMAND", "SERVER_PROGRAMS", "DROPIN"]
AGENTS = ["AGENT_COMMAND", "AGENT_PROGRAMS", "AGENT_CONFIGURATION", "AGENT_STATE", "AGENT_CACHE"]
OWNED = {name: getattr(layout, name) for name in SERVERS + AGENTS}


def is_named(unit: str) -> bool:
    """Whether the unit stands there, in full or by its suffix behind another of the same name."""
    stem, dot, kind = unit.rpartition(".")
    return unit in TABLE or re.search(rf"{re.escape(stem)}\.\w+`, `{re.escape(dot + kind)}`", TABLE) is not None


@pytest.mark.parametrize("row", UNITS, ids=lambda row: row.key)
def test_every_unit_of_the_agent_is_named(row: object) -> None:
    assert is_named(row.key)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", OWNED)
def test_every_place_is_named(name: str) -> None:
    assert OWNED[name] in TABLE


@pytest.mark.parametrize("word", ["configuration", "state_folder", "notify_file", "metrics_file"])
def test_the_files_of_one_agent_are_named(word: str) -> None:
    assert Names("default")[word] in TABLE


def test_a_unit_that_is_not_there_is_missed() -> None:
    assert not is_named("ollama-warmup.socket")
