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
