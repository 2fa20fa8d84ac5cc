# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance may have of its own reaches its tasks: a variable that went past them would be the host's for all instances."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.options import OPTIONS, SERVER_SETTINGS
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.own import READERS, read_own
from support.role_tasks import ROLES, read

NOT_OF_ONE = (
    "absent.yml",
    "absent_look.yml",
    "gates_preflight.yml",
    "settings.yml",
    "upgrade_undo.yml",
)
"""Tasks of the whole host, or of whatever an upgrade goes back to, what routes, and a sentence that tells where gates are declared."""
OPTIONS_OF = [(role, name) for role, names in OPTIONS.items() for name in names]


def text(role: str, path: str) -> str:
    return (ROLES / f"ollama_{role}" / path).read_text()


@pytest.mark.parametrize(("role", "name"), OPTIONS_OF)
def test_it_is_an_input_of_the_role_and_judged_with_the_list(role: str, name: str) -> None:
    variable = f"ollama_{role}_{name}"
    assert variable in read(ROLES / f"ollama_{role}" / "defaults/main.yml")
    assert re.search(rf"'{name}': {variable}\b", text(role, "vars/main.yml")), f"{variable} is not handed to role_settings"


@pytest.mark.parametrize(("role", "name"), OPTIONS_OF)
def test_tasks_and_templates_that_name_it_get_the_instance_s(role: str, name: str) -> None:
    variable = f"ollama_{role}_{name}"
    folders = [ROLES / f"ollama_{role}" / folder for folder in ("tasks", "templates")]
    files = [path for folder in folders for path in folder.glob("*") if path.name not in NOT_OF_ONE]
    named_in = [path.name for path in files if re.search(rf"(?<![\w.]){variable}\b(?! is )", path.read_text())]
    assert named_in == []


JUDGED_WITH_THE_ROLE_S = {
    "context_mismatch", "release", "restart_server", "reload_budget", "context_reloads", "slow_load_seconds", "gates", "ready_listen", "ready_agent_listen",
}  # fmt: skip
"""Those that the filters of the roles judge, besides what becomes the server's environment."""


def specs(role: str) -> dict[str, Any]:
    options: dict[str, Any] = read(ROLES / f"ollama_{role}" / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return {name: options[f"ollama_{role}_{name}"] for name in OPTIONS[role]}


@pytest.mark.parametrize("role", OPTIONS)
def test_what_argument_specs_refuse_of_a_variable_is_refused_of_an_entry(role: str) -> None:
    judged = JUDGED_WITH_THE_ROLE_S | set(SERVER_SETTINGS if role == "server" else ()) | {"environment"}
    unread = {name: spec for name, spec in specs(role).items() if spec["type"] != "raw" and name not in judged and name not in READERS[role]}
    assert unread == {}


@pytest.mark.parametrize("role", OPTIONS)
def test_an_entry_may_say_what_a_variable_may(role: str) -> None:
    for name, spec in specs(role).items():
        for value in [*spec.get("choices", ()), *([spec["default"]] if "default" in spec else [])]:
            problems: list[str] = []
            assert read_own(role, {name: value}, problems) == {name: value}
            assert problems == []
