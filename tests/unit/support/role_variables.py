# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of the roles come to where a play sets some of them, by Ansible's own templating."""

from __future__ import annotations

import pathlib
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every text is a template

    def trust_as_template(value: str) -> str:
        return value


ROLES = pathlib.Path(__file__).parents[3] / "roles"


def templated(text: str, **variables: Any) -> Any:
    """The text as a play would see it."""
    return Templar(DataLoader(), variables=trusted({**role_variables(), **variables})).template(trusted(text))


def task(path: str, name: str) -> dict[str, Any]:
    """The task of a file below C(roles) whose name begins like that."""
    tasks: list[dict[str, Any]] = yaml.safe_load((ROLES / path).read_text())
    (found,) = [each for each in tasks if each["name"].startswith(name)]
    return found


def role_variables() -> dict[str, Any]:
    """Those of all roles."""
    paths = sorted(ROLES.glob("*/defaults/main.yml")) + sorted(ROLES.glob("*/vars/main.yml"))
    return {name: value for path in paths for name, value in yaml.safe_load(path.read_text()).items()}


def trusted(value: Any) -> Any:
    """With every text in it a template."""
    if isinstance(value, dict):
        return {key: trusted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [trusted(each) for each in value]
    return trust_as_template(value) if isinstance(value, str) else value
