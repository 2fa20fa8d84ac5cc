# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every input of a role is in its defaults, its argument specs and its README, and they say the same."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from support import role_tasks

ROLES = pathlib.Path(__file__).parents[3] / "roles"
# The role ollama_variables has none.
NAMES = sorted(path.parents[1].name for path in ROLES.glob("*/meta/argument_specs.yml"))
TYPES = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict, "float": (int, float)}


def read(role: str, path: str) -> Any:
    return role_tasks.read(ROLES / role / path)


def options(role: str) -> dict[str, dict[str, Any]]:
    """Of all its entry points."""
    points = read(role, "meta/argument_specs.yml")["argument_specs"].values()
    return {name: option for point in points for name, option in point["options"].items()}


def is_template(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


def test_there_are_roles() -> None:
    assert NAMES == ["ollama_gateway", "ollama_model", "ollama_pull", "ollama_server", "ollama_warmup"]


@pytest.mark.parametrize("role", NAMES)
def test_defaults_and_argument_specs_name_the_same_inputs(role: str) -> None:
    assert sorted(read(role, "defaults/main.yml")) == sorted(options(role))


@pytest.mark.parametrize("role", NAMES)
def test_inputs_carry_the_role_s_name(role: str) -> None:
    assert [name for name in options(role) if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", NAMES)
def test_a_default_that_the_argument_specs_state_is_the_one_in_force(role: str) -> None:
    defaults = read(role, "defaults/main.yml")
    stated = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert stated == {name: defaults[name] for name in stated}


@pytest.mark.parametrize("role", NAMES)
def test_a_fixed_default_is_stated_and_of_its_type(role: str) -> None:
    specs = options(role)
    for name, value in read(role, "defaults/main.yml").items():
        if value is None or is_template(value):
            assert "default" not in specs[name], f"{name}: its default depends on the host, and is stated as fixed"
        else:
            assert "default" in specs[name], f"{name}: the argument specs do not state its default"
            assert isinstance(value, TYPES.get(specs[name]["type"], object)), name


@pytest.mark.parametrize("role", NAMES)
def test_every_input_is_described_and_in_the_readme(role: str) -> None:
    (variables,) = re.findall(r"^## Variables$(.*?)^## ", (ROLES / role / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    documented = set(re.findall(r"^\| `(\w+)`", variables, re.MULTILINE))
    assert documented == set(options(role))
    assert [name for name, option in options(role).items() if not option.get("description")] == []


@pytest.mark.parametrize("role", ["ollama_server"])
def test_no_other_role_and_no_playbook_names_a_private_variable_of_it(role: str) -> None:
    others = [path for path in ROLES.glob("*/*/**/*.yml") if path.relative_to(ROLES).parts[0] != role]
    files = [*others, *(ROLES.parent / "playbooks").rglob("*.yml")]
    assert [str(path) for path in files if f"__{role}_" in path.read_text()] == []


def test_what_a_role_hands_over_is_in_its_readme() -> None:
    outputs = {name for name in read("ollama_server", "vars/main.yml") if not name.startswith("__")}
    (section,) = re.findall(r"^## What other roles and plays may read$(.*?)^## ", (ROLES / "ollama_server/README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"^\| `(ollama_server_\w+)`", section, re.MULTILINE)) == outputs
