# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boxes of the checklist look at: the tracked files, the documentation of plugins, the workflow."""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
NEWEST_CORE = re.compile(r"^ansible-core==2\.(\d+)", re.MULTILINE)


def tracked(*patterns: str) -> list[str]:
    """The files that git knows."""
    listing = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z", "--", *patterns], check=True, capture_output=True, text=True).stdout
    return [name for name in listing.split("\0") if name and (TOP / name).exists()]


def text(name: str) -> str:
    """What is in a file; nothing where there is none."""
    path = TOP / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def data(name: str) -> Any:
    return yaml.safe_load(text(name)) or {}


def headings() -> str:
    """Those of the README, one a line."""
    return "\n".join(re.findall(r"^#+ (.+)$", text("README.md"), re.MULTILINE))


def plugins(*kinds: str) -> list[str]:
    """The public plugins of these kinds."""
    return tracked(*(f"plugins/{kind}/*.py" for kind in kinds))


def blocks(name: str) -> Mapping[str, str]:
    """DOCUMENTATION, EXAMPLES and RETURN of a plugin, as far as they are there."""
    found = {}
    for node in ast.parse(text(name)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant):
            found[node.targets[0].id] = str(node.value.value)
    return found


def documentation(name: str) -> Mapping[str, Any]:
    return yaml.safe_load(blocks(name).get("DOCUMENTATION", "")) or {}


def fragments(name: str) -> list[Mapping[str, Any]]:
    """The fragments of the documentation that a plugin names."""
    named = documentation(name).get("extends_documentation_fragment") or []
    return [_fragment(each) for each in ([named] if isinstance(named, str) else named)]


def _fragment(full: str) -> Mapping[str, Any]:
    """`keepwarm.ollama.FILE[.PART]`."""
    file, dummy, part = full.removeprefix("keepwarm.ollama.").partition(".")
    tree = ast.parse(text(f"plugins/doc_fragments/{file}.py"))
    assigned = (node for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name))
    content = {node.targets[0].id: node.value.value for node in assigned if isinstance(node.value, ast.Constant)}
    found = yaml.safe_load(str(content[part.upper() or "DOCUMENTATION"]))
    assert isinstance(found, dict)
    return found


def attribute(name: str, key: str) -> Mapping[str, Any]:
    """What a plugin says of check_mode, diff_mode or platform, itself or by a fragment."""
    found: dict[str, Any] = {}
    for source in (*fragments(name), documentation(name)):
        found.update((source.get("attributes") or {}).get(key) or {})
    return found


def tasks_of(examples: str) -> Iterator[Mapping[str, Any]]:
    """The tasks of an EXAMPLES block, those inside blocks as well."""
    for entry in yaml.safe_load(examples) or []:
        yield from entry.get("tasks", [entry])


def supported_minors() -> set[int]:
    """The ansible-core 2.X that meta/runtime.yml admits, up to the newest that is released."""
    lowest = re.fullmatch(r">=2\.(\d+)\.\d+", str(data("meta/runtime.yml").get("requires_ansible")))
    newest = NEWEST_CORE.search(text("requirements/newest.txt"))
    assert lowest and newest
    return set(range(int(lowest[1]), int(newest[1]) + 1))
