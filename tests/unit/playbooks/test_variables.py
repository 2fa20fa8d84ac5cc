# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play has the variables of those roles only that it imports; of one that it includes, it has none before that task."""

from __future__ import annotations

import pathlib
import re

import pytest

PLAYBOOKS = pathlib.Path(__file__).parents[3] / "playbooks"
_ASKED = re.compile(r"\b(ollama_[a-z]+)_(?:asked_for|problems)\b")
_IMPORTED = re.compile(r"import_role:\n +name: keepwarm\.ollama\.(ollama_[a-z]+)\n")


@pytest.mark.parametrize("name", ["site", "upgrade"])
def test_a_role_whose_variables_are_asked_is_imported(name: str) -> None:
    text = (PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8")
    assert _ASKED.findall(text)
    assert set(_ASKED.findall(text)) <= set(_IMPORTED.findall(text))
