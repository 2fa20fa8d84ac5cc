# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between the pages lead somewhere, and so do the references of the code to a page."""

from __future__ import annotations

import json
import re

import pytest
from support.markdown import TOP, anchors, links, rows, section, tracked

SEMANTICS = "docs/ollama-semantics.md"
PAGES = tracked("*.md")
REFERENCE = re.compile(r"(?<![\w/])(docs/[\w./-]+\.md)#([\w-]+)")
SOURCES = [name for name in tracked("plugins", "roles", "tests", "playbooks", "molecule") if not name.endswith((".json", ".md"))]
REFERENCES = sorted({(name, *found) for name in SOURCES for found in REFERENCE.findall((TOP / name).read_text(encoding="utf-8"))})


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_exist(page: str) -> None:
    broken = []
    for path, anchor in links(page):
        inside = path.exists() and path.is_relative_to(TOP)
        name = str(path.relative_to(TOP)) if inside else str(path)
        if not inside or (anchor and anchor not in anchors(name)):
            broken.append(f"{name}#{anchor}" if anchor else name)
    assert broken == []


def test_every_picture_and_recording_is_shown_or_linked_by_a_page() -> None:
    pictures = {TOP / name for name in tracked("docs/images/*") if not name.endswith((".sha256", ".cast"))}
    assert len(pictures) >= 5
    assert pictures - {path for page in PAGES for path, dummy in links(page)} == set()


def test_the_code_refers_to_sections_that_exist() -> None:
    assert len(REFERENCES) >= 30
    assert [reference for reference in REFERENCES if reference[2] not in anchors(reference[1])] == []


def test_no_section_is_named_by_a_number() -> None:
    numbered = re.compile(r"\b(?:semantics|section|trap)[,:]? (?:section )?\d", re.IGNORECASE)
    assert [name for name in SOURCES if name.endswith(".py") and numbered.search((TOP / name).read_text(encoding="utf-8"))] == []


def test_every_scenario_that_proves_a_claim_is_recorded() -> None:
    recorded = json.loads((TOP / "tests/contract/v0.32.15.json").read_text(encoding="utf-8"))["scenarios"]
    named = {name for row in rows(section(SEMANTICS, "Proved on running servers")) for name in re.findall(r"`(\w+)`", row[-1])}
    assert len(named) >= 15
    assert named <= {scenario["scenario"].partition("[")[0] for scenario in recorded}
