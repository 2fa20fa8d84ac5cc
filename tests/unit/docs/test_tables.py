# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents and alert rules say of drifts and findings is what the code says: it is written from the registry."""

from __future__ import annotations

import pathlib
import sys

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.model_checks import KINDS
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.drifts import BY_WORD, REGISTRY

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))

import marked_tables
import role_tables
import tables


def test_nothing_that_is_derived_is_outdated() -> None:
    assert tables.main(["check"]) is None


@pytest.mark.parametrize("name", tables.DERIVED)
def test_a_drift_that_is_misspelt_is_put_right(name: str) -> None:
    text = (tables.TOP / name).read_text(encoding="utf-8")
    wrong = "".join(line.replace("overstaying", "staying") if "spilled" in line else line for line in text.splitlines(keepends=True))
    if name == "docs/doctor.md":
        wrong = text.replace("| `overstaying` | warning |", "| `overstaying` | note |")
    assert wrong != text
    assert tables.DERIVED[name](wrong) == text


def test_each_word_has_one_row_and_each_finding_a_kind() -> None:
    assert len(REGISTRY) == len(BY_WORD)
    assert {row.finding for row in REGISTRY} <= {kind.code for kind in KINDS}


def test_a_page_with_a_wrong_cell_is_reported_and_put_right() -> None:
    text = (tables.TOP / "roles/ollama_warmup/README.md").read_text(encoding="utf-8")
    wrong = text.replace("| `ollama_warmup_interval` | `4m` |", "| `ollama_warmup_interval` | `5m` |")
    assert wrong != text
    assert marked_tables.fill(wrong) == text


def test_every_role_has_its_table_of_variables() -> None:
    roles = sorted(path.parent.name for path in marked_tables.ROLES.glob("*/README.md"))
    assert len(roles) >= 5
    assert [role for role in roles if f"<!-- table: variables {role} -->" not in (marked_tables.ROLES / role / "README.md").read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("V(a\\)b) or C(x|y)", "`a)b` or `x\\|y`"),
        ("O(ollama_x=reload), M(keepwarm.ollama.ollama_warm), P(keepwarm.ollama.ollama_model#role)", "`ollama_x: reload`, `ollama_warm`, `ollama_model`"),
        ("L(here,https://a.example/b) and U(https://c.example)", "[here](https://a.example/b) and <https://c.example>"),
        ("OLLAMA_KEEP_ALIVE (an aside)", "OLLAMA_KEEP_ALIVE (an aside)"),
    ],
)
def test_the_markup_of_argument_specs_becomes_markdown(said: str, shown: str) -> None:
    assert role_tables.cell(said) == shown
