# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages on the site lead where they lead in the repository, and a flowchart is drawn as it is written."""

from __future__ import annotations

import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))

import diagram
import docs_site

BLOB = docs_site.PUBLISHED
KNOWN = frozenset({"README.md", "text/a.md", "text/deep/b.md"})


@pytest.mark.parametrize(
    ("page", "target", "wanted"),
    [
        ("README.md", BLOB + "text/a.md#x", "text/a.md#x"),
        ("text/deep/b.md", BLOB + "README.md", "../../README.md"),
        ("text/deep/b.md", "../a.md#x", "../a.md#x"),
        ("text/a.md", "../Makefile", BLOB + "Makefile"),
        ("text/a.md", "examples", BLOB + "text/examples"),
        ("text/a.md", "#here", "#here"),
        ("text/a.md", "https://example.org/b.md", "https://example.org/b.md"),
        ("text/a.md", "images/fleet.png", "images/fleet.png"),
        ("README.md", docs_site.RAW + "text/images/fleet.png", "text/images/fleet.png"),
    ],
)
def test_a_link_leads_to_the_site_or_to_the_repository(page: str, target: str, wanted: str) -> None:
    assert docs_site.rewritten(page, f"see [it]({target}).", KNOWN) == f"see [it]({wanted})."


def listed_pages(contents: str) -> list[str]:
    """The pages of each list, by their paths, whatever they are called there."""
    return re.findall(r"^(?:[^`#:<\n]+<)?([\w./-]+)>?$", contents, re.MULTILINE)


def test_every_page_is_in_the_contents_once() -> None:
    names = docs_site.pages()
    listed = listed_pages(docs_site.index(names))
    listed.remove("reference/index")
    assert sorted(listed) == sorted(name.removesuffix(".md") for name in names)
    assert len(names) > 40


def test_the_list_of_pages_has_every_page_for_users() -> None:
    listed = listed_pages(docs_site.index(docs_site.pages()).partition(":caption: The project")[0])
    pages = [name.removesuffix(".md") for name in docs_site.pages() if name.startswith("docs/") and not name.startswith("docs/decisions/")]
    assert [page for page in pages if page not in listed] == []


def test_a_flowchart_has_its_nodes_and_arrows() -> None:
    drawn = diagram.dot("flowchart TD\n  a[one] -->|two| b[three] --> c[four]\n  c --> a\n")
    assert re.findall(r"^  (\w) \[label=\"(.*)\"\];$", drawn, re.MULTILINE) == [("a", "one"), ("b", "three"), ("c", "four")]
    assert re.findall(r"(\w) -> (\w) \[label=\"(.*)\"\]", drawn) == [("a", "b", "two"), ("b", "c", ""), ("c", "a", "")]


def test_a_line_that_is_no_arrow_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no arrow: *a\[one\]"):
        diagram.dot("flowchart TD\n  a[one]\n")


def test_the_flowcharts_of_the_pages_can_be_drawn() -> None:
    texts = [(docs_site.TOP / name).read_text(encoding="utf-8") for name in docs_site.pages()]
    charts = [chart for text in texts for chart in re.findall(r"^```mermaid\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    assert charts
    assert all(diagram.dot(chart).count("->") >= 3 for chart in charts)
