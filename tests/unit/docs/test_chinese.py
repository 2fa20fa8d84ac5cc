# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Chinese pages have the structure, the code and the links of the English ones."""

from __future__ import annotations

import re

import pytest
from support.markdown import TOP, prose

PAIRS = [("README.md", "README.zh-CN.md"), ("docs/tutorials/one-host.md", "docs/tutorials/one-host.zh-CN.md")]
# A page links to the other language, and to pages in its own.
OTHER_LANGUAGE = re.compile(r"README(\.zh-CN)?\.md$|(?<=one-host)\.zh-CN")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def code(page: str) -> list[str]:
    """The blocks of code, as they stand there."""
    return re.findall(r"^```\w*\n.*?^```$", (TOP / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def structure(page: str) -> list[str]:
    """The kind of each line that is no mere text: a heading of a level, an item, a row, a picture. Text is broken into lines as it comes."""
    kinds = [re.match(r"#+ |- |\||!\[", line) for line in prose(page).splitlines()]
    return [kind.group().strip() for kind in kinds if kind]


def links(page: str) -> list[str]:
    """Where the page leads, in order, whatever the language."""
    return [OTHER_LANGUAGE.sub("", target) for target in re.findall(r"\]\(([^()\s]+)\)", prose(page))]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_the_blocks_of_code_are_the_same(english: str, chinese: str) -> None:
    assert len(code(english)) >= 5
    assert code(chinese) == code(english)


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_headings_items_and_rows_follow_in_the_same_order(english: str, chinese: str) -> None:
    assert structure(chinese) == structure(english)


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_they_lead_to_the_same_pages(english: str, chinese: str) -> None:
    moved = (TOP / english).read_text(encoding="utf-8").rpartition("\nMoved: ")[2].count("](") if english == "README.md" else 0
    wanted = links(english)
    assert links(chinese) == wanted[: len(wanted) - moved]


@pytest.mark.parametrize("page", [chinese for _english, chinese in PAIRS])
def test_every_heading_but_names_is_translated(page: str) -> None:
    headings = re.findall(r"^## (.+)$", prose(page), re.MULTILINE)
    assert [heading for heading in headings if not CHINESE.search(heading)] == []
