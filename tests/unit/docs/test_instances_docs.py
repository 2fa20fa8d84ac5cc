# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of instances that the documentation shows are right."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.entry import KEYS
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries

ROOT = pathlib.Path(__file__).parents[3]
PAGES = ("docs/instances.md", "roles/ollama_server/README.md")


def lists(page: str) -> list[list[dict[str, Any]]]:
    """Those that are written out on the page."""
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    found = [yaml.safe_load(block)["ollama_server_instances"] for block in blocks if "ollama_server_instances:" in block]
    return [one for one in found if one]


@pytest.mark.parametrize("page", PAGES)
def test_a_list_that_a_page_shows_is_accepted(page: str) -> None:
    assert lists(page)
    for shown in lists(page):
        entries = [{**entry, "models": [] if isinstance(entry.get("models"), str) else entry.get("models")} for entry in shown]
        assert server_entries(entries, "server", {"gpu": "auto"})["problems"] == []


def test_every_key_of_an_entry_is_in_the_argument_specs_that_the_tables_are_written_from() -> None:
    specs = yaml.safe_load((ROOT / "roles/ollama_server/meta/argument_specs.yml").read_text())
    assert set(specs["argument_specs"]["main"]["options"]["ollama_server_instances"]["options"]) == set(KEYS)
