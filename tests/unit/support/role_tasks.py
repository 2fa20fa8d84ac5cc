# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of a role decides, by Ansible's own templates, from given results of the tasks before it. No task runs."""

from __future__ import annotations

import pathlib
from functools import cache
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every string is a template
    trust_as_template = str

ROLES = pathlib.Path(__file__).parents[3] / "roles"


@cache
def read(path: pathlib.Path) -> Any:
    """What is in a YAML file of a role. Who asks does not change it: it is read once."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # the other takes ten times as long


def task(role: str, file: str, name: str) -> dict[str, Any]:
    """The task of that name, which may be in a block."""
    return next(found for found in _flat(read(ROLES / role / "tasks" / file)) if found["name"] == name)


def names(role: str, file: str) -> list[str]:
    """Of all tasks in their order."""
    return [found["name"] for found in _flat(read(ROLES / role / "tasks" / file))]


def value(role: str, text: str, **given: Any) -> Any:
    """What a template comes to among the role's variables. Those of a task are to be among what is given."""
    return Templar(loader=DataLoader(), variables={**_variables(role), **_trusted(given)}).template(trust_as_template(text))


def holds(role: str, conditions: str | list[str], **given: Any) -> bool:
    """Whether all of a `when`, or of an assertion's `that`, is true."""
    every = [conditions] if isinstance(conditions, str) else conditions
    return all(value(role, f"{{{{ ({condition}) | bool }}}}", **given) in (True, "True") for condition in every)


@cache
def _variables(role: str) -> dict[str, Any]:
    """The role's own, which tests ask for a thousand times."""
    files = [path for path in (ROLES / role / "defaults/main.yml", ROLES / role / "vars/main.yml") if path.exists()]
    return {name: _trusted(text) for path in files for name, text in read(path).items()}


def _flat(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [found for one in tasks for found in [one, *_flat(one.get("block", [])), *_flat(one.get("always", []))]]


def _trusted(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _trusted(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_trusted(item) for item in data]
    return trust_as_template(data) if isinstance(data, str) else data
