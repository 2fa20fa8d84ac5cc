# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role writes the names of declared models as the script makes them of a request's, and installs the whole script."""

from __future__ import annotations

import random

import yaml
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._gateway_clients import normal_name
from judge_rows import SCRIPTS, Rows

PIECES = ["a", "B", "qwen3", "_x", "-y", ".z", "8b", "latest", "library", "registry.ollama.ai", "host:5000", "local", "cloud", "", "é", "a" * 81]
SEPARATORS = ["/", "/", ":", ":", "//", "://", "@", " "]
MANY = 4000


def names() -> list[str]:
    """The same ones at every run."""
    chance = random.Random(12)
    found: list[str] = []
    while len(found) < MANY:
        name = chance.choice(PIECES)
        for dummy in range(chance.randint(0, 4)):
            name += chance.choice(SEPARATORS) + chance.choice(PIECES)
        found.append(name)
    return found


def by_the_role(name: str) -> str | None:
    try:
        return normal_name(name)
    except InvalidValue:
        return None


def test_role_and_script_have_one_normal_form(njs: Rows) -> None:
    """The script may refuse a name that the role takes: such a model can be declared, and not be used through the gateway."""
    asked = names()
    by_script = [verdict.get("name") for verdict in njs([{"name": name} for name in asked])]
    both = [(name, one, other) for name, one, other in zip(asked, by_script, map(by_the_role, asked)) if one is not None and "://" not in name]
    assert len(both) > MANY / 10
    assert [case for case in both if case[1] != case[2]] == []


def test_all_scripts_are_installed() -> None:
    variables = yaml.safe_load((SCRIPTS.parents[1] / "vars/main.yml").read_text())
    assert variables["__ollama_gateway_script_names"] == sorted(path.name for path in SCRIPTS.iterdir())
