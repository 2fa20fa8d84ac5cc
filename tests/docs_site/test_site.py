# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built site, as a browser gets it: every link and every anchor leads somewhere, every page can be reached, none asks another site, none is heavy."""

from __future__ import annotations

import html.parser
import pathlib
import urllib.parse
from collections.abc import Iterator
from functools import cache

import pytest

SITE = pathlib.Path(__file__).parents[2] / ".cache/docs-site/html"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
# What Sphinx writes beside the pages that people read.
MADE = {"genindex.html", "search.html", "py-modindex.html"}
LARGEST_PAGE = 400_000  # bytes, its pictures, styles and scripts left out
LARGEST_PICTURE = 300_000
LOADED = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src"), ("object", "data")}


class Page(html.parser.HTMLParser):
    """What a page leads to, what it has the browser load, and where it can be led to."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed((SITE / name).read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key == "id":
                self.anchors.add(value or "")
            elif tag == "a" and key == "href":
                self.links.append(value or "")
            elif (tag, key) in LOADED:
                self.loaded.append(value or "")


@cache
def page(name: str) -> Page:
    return Page(name)


def targets(name: str, addresses: list[str]) -> Iterator[tuple[str, str]]:
    """The file of the site and the anchor of each address that leads into the site."""
    for address in addresses:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(f"/{name}", address))
        if not parts.scheme and not parts.netloc:
            yield urllib.parse.unquote(parts.path).lstrip("/"), urllib.parse.unquote(parts.fragment)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_every_anchor_leads_somewhere(name: str) -> None:
    there = [(path, anchor) for path, anchor in targets(name, [*page(name).links, *page(name).loaded]) if (SITE / path).is_file()]
    assert sorted({path for path, dummy in targets(name, [*page(name).links, *page(name).loaded])} - {path for path, dummy in there}) == []
    assert sorted(f"{path}#{anchor}" for path, anchor in there if anchor and path.endswith(".html") and anchor not in page(path).anchors) == []


def test_every_page_can_be_reached_from_the_first() -> None:
    reached, left = set(), ["index.html"]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += [path for path, dummy in targets(name, page(name).links) if path in PAGES]
    assert len(PAGES) > 60
    assert sorted(set(PAGES) - reached - MADE) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_the_browser_ask_another_site(name: str) -> None:
    assert [address for address in page(name).loaded if urllib.parse.urlsplit(address).netloc] == []


def test_no_page_and_no_picture_is_heavy() -> None:
    pictures = [path for path in SITE.rglob("*") if path.suffix in (".png", ".svg") and "_static" not in path.parts]
    heavy = [name for name in PAGES if (SITE / name).stat().st_size > LARGEST_PAGE]
    assert heavy + [str(path) for path in pictures if path.stat().st_size > LARGEST_PICTURE] == []
    assert len(pictures) >= 5
