# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""CONTRIBUTING.md names all rooms in their order, files that exist, and make targets that exist."""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator

import pytest
import yaml
from support.markdown import TOP, rows, section, tracked

PAGE = "CONTRIBUTING.md"
ROOMS_OF = "plugins/module_utils/"
PACKAGES = [f"{pathlib.PurePosixPath(name).parent}/" for name in tracked("plugins/module_utils/**/__init__.py", "roles/**/__init__.py")]
MODULES = [name for name in tracked(f"{ROOMS_OF}*.py") if name.count("/") == 2 and not name.endswith("/__init__.py")]
MAP = section(PAGE, "The map of rooms")
SPAN = re.compile(r"`([^`\s]+)`")
FILE = re.compile(r"[\w./-]+(?:/|\.(?:py|yml|md|j2|json|txt))")


def files_named(text: str) -> list[str]:
    """Paths in code spans: with a slash, and no command's option or glob."""
    return [span for span in SPAN.findall(text) if "/" in span and FILE.fullmatch(span) and not span.startswith("/")]


def matching(path: str) -> list[str]:
    """The tracked files that the path, or the end of a path, names; a folder names all that is in it."""
    inside = ".*" if path.endswith("/") else ""
    return [name for name in tracked() if re.fullmatch(f"(?:.*/)?{re.escape(path)}{inside}", name)]


def order() -> list[set[str]]:
    """The rooms of each row of the map, without the common folder."""
    table = [files_named(row[0]) for row in rows(MAP)]
    return [{path.removeprefix(ROOMS_OF).rstrip("/").removesuffix(".py") for path in row} for row in table if row and row[0].startswith(ROOMS_OF)]


def imported_rooms(name: str) -> Iterator[str]:
    """The rooms that a file's relative imports reach, its own left out."""
    inside = name.removeprefix(ROOMS_OF).removesuffix(".py").split("/")
    for node in ast.walk(ast.parse((TOP / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            target = [*inside[: -node.level], *(node.module.split(".") if node.module else [])]
            targets = [target] if target else [[alias.name] for alias in node.names]
            yield from (found[0] for found in targets if found[0] != inside[0])


@pytest.mark.parametrize("path", sorted(set(files_named((TOP / PAGE).read_text(encoding="utf-8")))))
def test_every_file_that_the_page_names_exists_once(path: str) -> None:
    found = matching(path)
    assert found, f"{PAGE} names {path}, which is not there: was it moved?"
    assert path.endswith("/") or len(found) == 1


def test_every_package_and_every_module_of_the_ground_floor_is_on_the_map() -> None:
    named = set(files_named(MAP))
    agent = "roles/ollama_warmup/files/agent/ollama_warmup/"
    assert len(PACKAGES) >= 5
    assert [path for path in (*PACKAGES, *MODULES) if path not in named and path != agent] == []


def test_a_room_imports_only_rooms_in_its_row_or_above() -> None:
    known = order()
    place = {room: number for number, row in enumerate(known) for room in row}
    sources = [name for name in tracked(f"{ROOMS_OF}**/*.py", f"{ROOMS_OF}*.py") if name != f"{ROOMS_OF}__init__.py"]
    wrong = {
        f"{name} imports {other}"
        for name in set(sources)
        for other in imported_rooms(name)
        if place[other] > place[name.removeprefix(ROOMS_OF).split("/")[0].removesuffix(".py")]
    }
    assert wrong == set()


def test_every_make_target_that_the_page_names_exists() -> None:
    text, makefile = (TOP / PAGE).read_text(encoding="utf-8"), (TOP / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+)%?:", makefile, re.MULTILINE))
    commands = re.findall(r"(?:`|^\$ )make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
    named = {target for command in commands for target in command.split()}
    assert len(named) >= 6
    assert named - targets == set()


def test_the_supported_versions_of_ansible_are_those_of_the_metadata_and_of_the_workflow() -> None:
    table = [row[0] for row in rows(section(PAGE, "Which ansible-core"))]
    oldest = yaml.safe_load((TOP / "meta/runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    workflow = yaml.safe_load((TOP / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    matrix = {entry["core"] for entry in workflow["jobs"]["core"]["strategy"]["matrix"]["include"]}
    assert table == sorted(table, reverse=True)
    assert oldest == f">={table[-1]}.0"
    assert matrix == set(table)
    for name, version in (("newest", table[0]), ("oldest", table[-1])):
        assert f"ansible-core=={version}." in (TOP / f"requirements/{name}.txt").read_text(encoding="utf-8")
