# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The anchors of a page, its links and its tables, as GitHub makes and shows them."""

from __future__ import annotations

import pathlib
import re
import subprocess
from collections.abc import Iterator
from functools import cache

TOP = pathlib.Path(__file__).parents[3]
_FENCE = re.compile(r"^( *)(```+).*?^\1\2`* *$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
# A page's address where it is published; README.md may have no other links, since it is shown outside of the repository too.
PUBLISHED = "https://github.com/keepwarm/ansible-ollama/blob/main/"
_OTHERS = re.compile(r"[^\w\- ]")  # neither letter, digit, underscore, hyphen nor space


def tracked(*patterns: str) -> list[str]:
    """The files of the checkout that git tracks and these patterns match."""
    return list(_listed(*patterns))


@cache
def _listed(*patterns: str) -> tuple[str, ...]:
    listing = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z", "--", *patterns], check=True, capture_output=True, text=True).stdout
    return tuple(name for name in listing.split("\0") if name and (TOP / name).is_file())


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", (TOP / page).read_text(encoding="utf-8"))


def anchors(page: str) -> set[str]:
    """One for each heading, and those that are written out; a second heading of the same text gets C(-1)."""
    found: set[str] = set(_ANCHOR.findall(prose(page)))
    for heading in _HEADING.findall(prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = _OTHERS.sub("", text.lower()).replace(" ", "-")
        count = sum(other == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", other) is not None for other in found)
        found.add(f"{slug}-{count}" if count else slug)
    return found


def links(page: str) -> Iterator[tuple[pathlib.Path, str]]:
    """The links into the checkout: the file, and the anchor or nothing."""
    for link in _LINK.findall(prose(page)):
        folder = TOP if link.startswith(PUBLISHED) else (TOP / page).parent
        target = link.removeprefix(PUBLISHED)
        if not re.match(r"[a-z]+:", target):
            path, dummy, anchor = target.partition("#")
            yield (folder / path).resolve() if path else (TOP / page).resolve(), anchor


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in this text, headings and rules left out."""
    lines = text.splitlines()
    tables = [number for number, line in enumerate(lines) if re.fullmatch(r"\|[\s:|-]+\|", line)]
    heads = {number - 1 for number in tables} | set(tables)
    kept = [line for number, line in enumerate(lines) if line.startswith("|") and number not in heads]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in kept]


def section(page: str, heading: str) -> str:
    """What stands below that heading, up to the next of the same level or above."""
    text = (TOP / page).read_text(encoding="utf-8")
    begin = re.search(rf"^(#+) {re.escape(heading)} *$", text, re.MULTILINE)
    assert begin, f"{page} has no heading {heading}"
    end = re.search(rf"^#{{1,{len(begin[1])}}} ", text[begin.end() :], re.MULTILINE)
    return text[begin.end() :][: end.start() if end else None]
