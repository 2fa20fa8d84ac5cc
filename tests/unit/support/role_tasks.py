# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of a role decides, by Ansible's own templates, from given results of the tasks before it. No task runs."""

from __future__ import annotations

import pathlib
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every string is a template
    trust_as_template = str

ROLES = pathlib.Path(__file__).parents[3] / "roles"


def task(role: str, file: str, name: str) -> dict[str, Any]:
    """The task of that name, which may be in a block."""
    return next(found for found in _flat(yaml.safe_load((ROLES / role / "tasks" / file).read_text())) if found["name"] == name)


def names(role: str, file: str) -> list[str]:
    """Of all tasks in their order."""
    return [found["name"] for found in _flat(yaml.safe_load((ROLES / role / "tasks" / file).read_text()))]


def value(role: str, text: str, **given: Any) -> Any:
    """What a template comes to among the role's variables. Those of a task are to be among what is given."""
    folder = ROLES / role
    files = [path for path in (folder / "defaults/main.yml", folder / "vars/main.yml") if path.exists()]
    variables = {name: text_of for path in files for name, text_of in yaml.safe_load(path.read_text()).items()} | given
    return Templar(loader=DataLoader(), variables=_trusted(variables)).template(trust_as_template(text))


def holds(role: str, conditions: str | list[str], **given: Any) -> bool:
    """Whether all of a `when`, or of an assertion's `that`, is true."""
    every = [conditions] if isinstance(conditions, str) else conditions
    return all(value(role, f"{{{{ ({condition}) | bool }}}}", **given) in (True, "True") for condition in every)


def _flat(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [found for one in tasks for found in [one, *_flat(one.get("block", [])), *_flat(one.get("always", []))]]


def _trusted(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _trusted(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_trusted(item) for item in data]
    return trust_as_template(data) if isinstance(data, str) else data
