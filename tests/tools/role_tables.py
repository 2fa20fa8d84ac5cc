# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a role's inputs, as Markdown: from its defaults, which give the order, and its argument specs, which give the meaning."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
_MARKUP = re.compile(r"\b([VCOIBMPUE]|RV)\(((?:\\.|[^\\)])*)\)|\bL\(([^,]+), *([^)]+)\)")
_TEMPLATE = re.compile(r"\{\{ *(\w+) *\| *default\((.*?)(?:, *true)?\) *\}\}")
# The sentence that goes before paragraphs which describe one key each.
_KEYS_FOLLOW = re.compile(r"[^.]*\bthe keys that follow\b.*")
_KEY = re.compile(r"C\((\w+)\)(?:[.,]? +(.*)|\.)")


def cell(text: str) -> str:
    """A text of the argument specs as a cell of a table in Markdown."""
    return _MARKUP.sub(_in_markdown, text).replace("|", "\\|")


def _in_markdown(found: re.Match[str]) -> str:
    kind, value, words, address = found.groups()
    if words:
        return f"[{words}]({address})"
    value = re.sub(r"\\(.)", r"\1", value)
    if kind == "U":
        return f"<{value}>"
    if kind in "IB":
        return f"*{value}*"
    if kind in ("M", "P"):
        value = value.partition("#")[0].rpartition(".")[2]
    return f"`{value.replace('=', ': ')}`" if kind == "O" else f"`{value}`"


def variables(role: str) -> str:
    """The table of all inputs of a role, in the order of its defaults."""
    described = _described(role)
    rows = [(f"`{name}`", _default(value), described[name]) for name, value in _read(role, "defaults").items()]
    return table(("variable", "default", "meaning"), rows)


def _described(role: str) -> dict[str, str]:
    """What each input means; one that only another entry point has says which. A role without argument specs says it above its defaults."""
    if not (ROLES / role / "meta/argument_specs.yml").exists():
        text = (ROLES / role / "defaults/main.yml").read_text(encoding="utf-8")
        return {name: said for said, name in re.findall(r"^# (.+)\n(\w+):", text, re.MULTILINE)}
    found: dict[str, str] = {}
    for point, spec in _points(role):
        only = "" if point == "main" else f"For `tasks_from: {point}`. "
        for name, option in spec.get("options", {}).items():
            found.setdefault(name, cell(only + _meaning(option)))
    return found


def _points(role: str) -> list[tuple[str, Mapping[str, Any]]]:
    points = _read(role, "meta", "argument_specs")["argument_specs"]
    return sorted(points.items(), key=lambda point: (point[0] != "main", point[0]))


def _paragraphs(option: Mapping[str, Any]) -> list[str]:
    described = option["description"]
    return [described] if isinstance(described, str) else list(described)


def _meaning(option: Mapping[str, Any]) -> str:
    """The description up to what is said of single keys, which have a table of their own."""
    kept = []
    for paragraph in _paragraphs(option):
        kept.append(_KEYS_FOLLOW.sub("", paragraph).strip())
        if _KEYS_FOLLOW.search(paragraph):
            break
    return " ".join(filter(None, kept))


def keys(name: str) -> str:
    """The table of the keys that an entry of this input has."""
    role = "_".join(name.split("_")[:2])
    option = next(spec["options"][name] for _point, spec in _points(role) if name in spec.get("options", {}))
    if "options" in option:
        rows = [(f"`{key}`", cell(" ".join(_paragraphs(sub)))) for key, sub in option["options"].items()]
    else:
        rows = [(f"`{key}`", cell(said)) for key, said in _told_of_keys(option)]
    return table(("key", "meaning"), rows)


def _told_of_keys(option: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for paragraph in _paragraphs(option):
        told = _KEY.fullmatch(paragraph)
        if told:
            words = told[2] or "Required."
            yield told[1], words[0].upper() + words[1:]


def _default(value: Any) -> str:
    """A default as the table shows it: what stands in the inventory if nobody sets it."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        return f"`{_flow(value)}`"
    template = _TEMPLATE.fullmatch(value)
    if template is None:
        return f"`{value}`" if value else '`""`'
    other = template[2].strip("'")
    return f"`{template[1]}`" + (f", else `{other}`" if other and other not in ("[]", "none", "{}") else "")


def _flow(value: Any) -> str:
    """A value on one line, its texts in double quotes."""
    return json.dumps(value)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as Markdown."""
    line = "| " + " | ".join(head) + " |\n|" + "---|" * len(head) + "\n"
    return line + "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _read(role: str, folder: str, name: str = "main") -> Any:
    return yaml.safe_load((ROLES / role / folder / f"{name}.yml").read_text(encoding="utf-8"))
