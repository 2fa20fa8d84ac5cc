# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the rooms: each imports only from itself and from those above it, so that a reader knows where to look."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest
from ansible_collections.keepwarm.ollama.plugins import module_utils

LIBRARY = pathlib.Path(next(iter(module_utils.__path__)))
COLLECTION = LIBRARY.parents[1]
AGENT = COLLECTION / "roles/ollama_warmup/files/agent"

# From the one that knows nothing of the others to the one that may know all.
_ENGINE = ("values", "decide", "predict", "server", "execute", "report")
_AGENT = ("state", "ready", "notify", "metrics", "watch", "passes", "cli")
_BESIDE_EACH_OTHER = {"notify", "metrics", "watch"}


def _engine_rules() -> Iterator[tuple[str, set[str]]]:
    for index, room in enumerate(_ENGINE):
        yield f"_residency.{room}", {"_base", *(f"_residency.{above}" for above in _ENGINE[:index])}


def _agent_rules() -> Iterator[tuple[str, set[str]]]:
    library = {"_base", "_systemd", *(f"_residency.{room}" for room in _ENGINE)}
    for index, room in enumerate(_AGENT):
        above = [name for name in _AGENT[:index] if room not in _BESIDE_EACH_OTHER or name not in _BESIDE_EACH_OTHER]
        also = {"_doctor"} if room == "cli" else set()
        yield f"ollama_warmup.{room}", {*library, *also, "ollama_warmup", *(f"ollama_warmup.{name}" for name in above)}


RULES = {"_base": set[str](), **dict(_engine_rules()), "_systemd": {"_base", "_residency.values"}, **dict(_agent_rules())}
FLOOR = {"configuration", "events", "exits", "instance", "journal", "problems", "server_unit", "service"}  # what every room of the agent knows


def _folder(package: str) -> pathlib.Path:
    return (AGENT if package.startswith("ollama_warmup") else LIBRARY) / package.replace(".", "/")


def _target(path: pathlib.Path, node: ast.ImportFrom) -> list[str]:
    """The modules or packages of ours that a statement names, from the top of the library or of the agent; of others, their own names."""
    if not node.level:
        return [(node.module or "").replace("ansible_collections.keepwarm.ollama.plugins.module_utils.", "").replace("keepwarm.", "")]
    folder = path.parents[node.level - 1]
    top = AGENT if AGENT in path.parents else LIBRARY
    place = [*folder.relative_to(top).parts, *((node.module or "").split(".") if node.module else [])]
    return [".".join(place)] if node.module else [".".join((*place, alias.name)) for alias in node.names]


def _imports(path: pathlib.Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from _target(path, node)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _room_of(module: str) -> str | None:
    """The room that a module lies in; None for what is not of ours."""
    parts = module.split(".")
    if parts[0] == "ollama_warmup":
        return "ollama_warmup" if parts[1] in FLOOR else ".".join(parts[:2])
    if parts[0] == "_residency":
        return ".".join(parts[:2])
    return parts[0] if (LIBRARY / parts[0]).exists() or (LIBRARY / f"{parts[0]}.py").exists() or parts[0] == "ansible" else None


@pytest.mark.parametrize("package", RULES)
def test_a_room_knows_only_those_above_it(package: str) -> None:
    files = sorted(_folder(package).rglob("*.py"))
    assert len(files) > 2
    found = {(path.name, room) for path in files for room in map(_room_of, _imports(path)) if room not in (None, package)}
    assert {(name, room) for name, room in found if room not in RULES[package]} == set()


def test_every_file_of_engine_and_agent_lies_in_a_room() -> None:
    engine, agent = LIBRARY / "_residency", AGENT / "ollama_warmup"
    assert {path.name for path in engine.iterdir() if path.name != "__pycache__"} == {"__init__.py", *_ENGINE}
    assert {path.name for path in agent.iterdir() if path.name != "__pycache__"} == {"__init__.py", *_AGENT, *(f"{name}.py" for name in FLOOR)}


def test_the_floor_of_the_agent_knows_none_of_its_rooms() -> None:
    imported = {module for name in FLOOR for module in _imports(AGENT / "ollama_warmup" / f"{name}.py")}
    assert {module for module in imported if _room_of(module) in {f"ollama_warmup.{room}" for room in _AGENT}} == set()


def test_decisions_and_predictions_neither_read_nor_wait() -> None:
    """They are functions of values: the same values always give the same plan."""
    banned = {"os", "time", "socket", "subprocess", "glob", "pathlib", "threading", "random"}
    files = [path for room in ("values", "decide", "predict") for path in (LIBRARY / "_residency" / room).rglob("*.py")]
    assert len(files) > 15
    assert {(path.name, module) for path in files for module in _imports(path) if module.split(".")[0] in banned} == set()


def test_the_engine_never_imports_ansible() -> None:
    """It is deployed as it is, beside a host program."""
    files = list((LIBRARY / "_residency").rglob("*.py"))
    assert len(files) > 10
    assert [path.name for path in files if "import ansible" in path.read_text() or "from ansible" in path.read_text()] == []
