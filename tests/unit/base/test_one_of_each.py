# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground floor has one of each: a second of a kind is a defect, wherever in plugins or agent it appears."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
from collections.abc import Iterable, Iterator

import pytest
from ansible_collections.keepwarm.ollama.plugins import module_utils

COLLECTION = pathlib.Path(next(iter(module_utils.__path__))).parents[1]
FILES = sorted([*COLLECTION.glob("plugins/**/*.py"), *COLLECTION.glob("roles/*/files/**/*.py")])
ALONE = "roles/ollama_gateway/files/metrics/ollama_gateway_metrics.py"
"""One file on a host that has nothing else of ours: it can share nothing."""
OURS = re.compile(r"/?(etc|run|var/lib|var/cache|usr/local/(bin|lib))/(ollama-|keepwarm|systemd/system)[^ ]*|zz-keepwarm\.conf")


def _name(path: pathlib.Path) -> str:
    return path.relative_to(COLLECTION).as_posix()


@functools.cache
def _parsed(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def _nodes(path: pathlib.Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_parsed(path)))


def _calls(nodes: Iterable[ast.AST], *names: str) -> Iterator[ast.Call]:
    """The calls of these functions, by their names with the module's."""
    last = {name.rpartition(".")[2] for name in names}
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in last and ast.unparse(node.func) in names:
            yield node


def _documentation(tree: ast.Module) -> set[int]:
    """The lines of docstrings, and of what a plugin says of itself to Ansible."""
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    texts += [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("DOCUMENTATION", "EXAMPLES", "RETURN")]
    return {line for node in texts for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


@functools.cache
def _texts(path: pathlib.Path) -> tuple[str, ...]:
    tree = _parsed(path)
    skipped = _documentation(tree)
    constants = (node for node in _nodes(path) if isinstance(node, ast.Constant) and node.lineno not in skipped)
    return tuple(node.value for node in constants if isinstance(node.value, str))


def _that_call(*names: str) -> set[str]:
    return {_name(path) for path in FILES if any(_calls(_nodes(path), *names))}


def test_the_search_sees_plugins_and_agent() -> None:
    names = {_name(path) for path in FILES}
    assert {"plugins/module_utils/_base/files.py", "plugins/modules/ollama_warm.py"} <= names
    assert "roles/ollama_warmup/files/agent/ollama_warmup/state/state_file.py" in names


def test_one_place_replaces_files_and_links_as_a_whole() -> None:
    assert _that_call("os.replace") - {ALONE} == {"plugins/module_utils/_base/files.py"}


def test_one_place_creates_files_that_are_not_there_yet() -> None:
    exclusive = {_name(path) for path in FILES if any(isinstance(node, ast.Attribute) and node.attr == "O_EXCL" for node in _nodes(path))}
    assert exclusive == {"plugins/module_utils/_base/files.py"}
    modes = {(_name(path), ast.unparse(call.args[1])) for path in FILES for call in _calls(_nodes(path), "open") if len(call.args) > 1}
    assert {name for name, mode in modes if "x" in mode} == set()


def test_one_place_asks_systemctl_show_and_reads_its_answer() -> None:
    assert {_name(path) for path in FILES if "show" in set(_texts(path)) and "systemctl" in set(_texts(path))} == {"plugins/module_utils/_base/systemctl.py"}


def test_one_place_names_our_paths() -> None:
    named = {(_name(path), text) for path in FILES for text in _texts(path) if OURS.fullmatch(text)}
    assert {text for name, text in named if name == "plugins/module_utils/_base/layout.py"} >= {"/etc/systemd/system", "/etc/ollama-warmup"}
    assert {entry for entry in named if entry[0] != "plugins/module_utils/_base/layout.py"} == set()


@pytest.mark.parametrize("text", ["/etc/ollama-warmup", "run/ollama-warmup/default", "/etc/systemd/system", "zz-keepwarm.conf"])
def test_a_path_of_ours_is_known_as_such(text: str) -> None:
    assert OURS.fullmatch(text)


def test_one_module_runs_the_commands_of_the_ground_floor() -> None:
    aliases = {_name(path) for path in FILES if re.search(r'^Run = Callable\[\[Sequence\[str\]\]', path.read_text(encoding="utf-8"), re.MULTILINE)}
    assert aliases == {"plugins/module_utils/_base/systemctl.py"}


READERS = "plugins/module_utils/_base/readers.py"


def _named(kind: type[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for path in FILES:
        yield from ((_name(path), node) for node in _nodes(path) if isinstance(node, kind))


def test_one_error_is_raised_for_a_value_that_is_not_what_it_should_be() -> None:
    """Others are kinds of it, so that whoever reads a file or an input catches one."""
    made = {(name, node.name) for name, node in _named(ast.ClassDef) for base in node.bases if ast.unparse(base) in ("ValueError", "TypeError")}
    assert made == {(READERS, "InvalidValue")}


def test_one_place_reads_typed_values_from_plain_data() -> None:
    readers = {"typed", "optional", "texts", "mapped", "objects", "read_value"}
    made = {(name, node.name) for name, node in _named(ast.FunctionDef) if node.name.lstrip("_") in readers}
    assert made == {(READERS, name) for name in readers}
