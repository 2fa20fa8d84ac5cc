# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt name of a variable of ours is refused before anything else; names that may be somebody's own are one warning."""

from __future__ import annotations

import functools
import pathlib
import re
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_names import name_problems
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_specs import known_names, outputs
from support.role_tasks import ROLES, names, read, task, value

TOP = pathlib.Path(__file__).parents[3]
ROLE_NAMES = ["ollama_gateway", "ollama_model", "ollama_pull", "ollama_server", "ollama_warmup"]
PLAYBOOK_INPUTS = {
    "keepwarm_after_upgrade",
    "keepwarm_before_upgrade",
    "keepwarm_drain_seconds",
    "keepwarm_format",
    "keepwarm_hosts",
    "keepwarm_instance",
    "keepwarm_known_variables",
    "keepwarm_max_fail_percentage",
    "keepwarm_page",
    "keepwarm_remove_confirmed",
    "keepwarm_serial",
    "keepwarm_show_all",
}


@pytest.fixture(name="warnings")
def collected_warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, text, **_options: said.append(text))
    return said


def documented_outputs(role: str) -> set[str]:
    """What the role's README says that others may read."""
    section = (ROLES / role / "README.md").read_text().partition("\n## What other roles and plays may read\n")[2].partition("\n## ")[0]
    return set(re.findall(rf"^\| `({role}_\w+)`", section, re.MULTILINE))


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_outputs_are_in_the_readme(role: str) -> None:
    assert documented_outputs(role) == outputs(role)


def test_what_is_known_are_the_inputs_and_outputs_of_all_roles_and_the_inputs_of_playbooks() -> None:
    described: set[str] = set()
    for role in ROLE_NAMES:
        for point in read(ROLES / role / "meta/argument_specs.yml")["argument_specs"].values():
            described |= set(point["options"])
        described |= outputs(role)
    assert known_names() == described | PLAYBOOK_INPUTS | {"ollama_variables_removing"}


@pytest.mark.parametrize("role", [*ROLE_NAMES, "ollama_variables"])
def test_no_other_role_and_no_playbook_uses_a_private_variable(role: str) -> None:
    files = [path for kind in ("yml", "j2") for path in [*ROLES.glob(f"*/*/*.{kind}"), *(TOP / "playbooks").rglob(f"*.{kind}")]]
    assert len(files) > 50
    using = [str(path) for path in files if not path.is_relative_to(ROLES / role) and f"__{role}_" in path.read_text()]
    assert using == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ollama_warmup_modles", "ollama_warmup_models"),
        ("ollama_warmup_model", "ollama_warmup_models"),
        ("ollama_warmup_Models", "ollama_warmup_models"),
        ("ollama_server_hots", "ollama_server_host"),
        ("ollama_server_keepalive", "ollama_server_keep_alive"),
        ("ollama_server_port", "ollama_server_host"),
        ("ollama_model_pul", "ollama_model_pull"),
        ("ollama_models_pull", "ollama_model_pull"),
        ("olama_warmup_models", "ollama_warmup_models"),
        ("ollama_warmupmodels", "ollama_warmup_models"),
        ("keepwarm_host", "keepwarm_hosts"),
        ("keepwarm_known_variable", "keepwarm_known_variables"),
    ],
)
def test_a_name_within_two_letters_is_refused_and_the_right_one_named(name: str, meant: str, warnings: list[str]) -> None:
    (sentence,) = name_problems([name, "ollama_warmup_models", "inventory_hostname"])
    assert sentence.startswith(f"{name} is no variable of keepwarm.ollama: {meant} is meant;")
    assert warnings == []


def test_names_that_are_near_none_are_one_warning(warnings: list[str]) -> None:
    assert name_problems(["ollama_server_rack_number", "keepwarm_cost_centre", "ollama_models", "ollama_version"]) == []
    (warning,) = warnings
    assert warning.startswith("keepwarm_cost_centre, ollama_server_rack_number: no variable of keepwarm.ollama has that name")
    assert "keepwarm_known_variables" in warning


def test_what_a_role_hands_over_is_no_unknown_name(warnings: list[str]) -> None:
    assert {"ollama_server_outlook", "ollama_server_problems"} <= outputs("ollama_server")
    assert (name_problems(outputs("ollama_server")), warnings) == ([], [])


@pytest.mark.parametrize("known", [["ollama_server_rack_number", "ollama_server_port"], "ollama_server_rack_number, ollama_server_port"])
def test_names_that_are_somebody_s_own_are_left_alone(known: Any, warnings: list[str]) -> None:
    assert name_problems(["ollama_server_rack_number", "ollama_server_port"], known) == []
    assert warnings == []


def test_names_of_their_own_have_to_be_a_list(warnings: list[str]) -> None:
    (sentence,) = name_problems([], 7)
    assert sentence.startswith("keepwarm_known_variables is 7, not a list")
    assert warnings == []


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_every_role_looks_for_them_among_all_variables_of_the_host(role: str, warnings: list[str]) -> None:
    given = {"ollama_warmup_modles": ["a"], "ollama_server_rack_number": 7, "ansible_facts": {"architecture": "x86_64"}}
    given |= {"ollama_gateway_state": "absent", "ollama_pull_state": "absent"}
    problems = value(role, f"{{{{ {role}_problems }}}}", **given)
    assert problems == [
        "ollama_warmup_modles is no variable of keepwarm.ollama: ollama_warmup_models is meant; write that, or list ollama_warmup_modles in"
        " keepwarm_known_variables if it is yours"
    ]
    assert {text.split(":")[0] for text in warnings} == {"ollama_server_rack_number"}
    assert value(role, f"{{{{ {role}_problems }}}}", **given, keepwarm_known_variables=["ollama_warmup_modles", "ollama_server_rack_number"]) == []


@pytest.mark.parametrize("role", ["ollama_gateway", "ollama_model", "ollama_pull", "ollama_server"])
def test_it_is_the_first_thing_that_is_judged_with_the_settings(role: str) -> None:
    file = {"ollama_gateway": "begin.yml", "ollama_model": "settings.yml"}.get(role, "main.yml")
    first = next(found for found in map(functools.partial(task, role, file), names(role, file)) if "block" not in found)
    assert first["ansible.builtin.assert"]["that"] == f"{role}_problems | length == 0"


def test_of_the_agent_s_role_it_is_told_before_what_a_host_says() -> None:
    look = {"hold": "on hold", "problems": ["no unit"]}
    (problem,) = value("ollama_warmup", "{{ __ollama_warmup_refusals }}", ollama_warmup_modles=["a"], __ollama_warmup_look=look)
    assert problem.startswith("ollama_warmup_modles is no variable of keepwarm.ollama")
    assert value("ollama_warmup", "{{ __ollama_warmup_refusals }}", __ollama_warmup_look=look) == ["on hold"]
    assert value("ollama_warmup", "{{ __ollama_warmup_refusals }}", __ollama_warmup_look={**look, "hold": ""}) == ["no unit"]


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_it_comes_before_ansible_holds_them_against_the_argument_specs(role: str) -> None:
    """What a role depends on runs before the check that Ansible puts before the role's own tasks."""
    (dependency,) = read(ROLES / role / "meta/main.yml")["dependencies"]
    assert dependency == {"role": "keepwarm.ollama.ollama_variables"}
    assert not (ROLES / "ollama_variables/meta/argument_specs.yml").exists()


def test_the_role_that_the_others_depend_on_tells_all_of_it_at_once(warnings: list[str]) -> None:
    given = {"ollama_warmup_modles": [], "ollama_server_rocm": "maybe", "ollama_model_pull": "y", "ollama_warmup_models": ["a b"]}
    problems = value("ollama_variables", "{{ __ollama_variables_problems }}", **given)
    assert [problem.split(" ")[0] for problem in problems] == ["ollama_warmup_modles", "ollama_server_rocm", "ollama_model_pull"]
    assert value("ollama_variables", "{{ __ollama_variables_problems }}", **given, ollama_variables_removing=True) == problems[:1]
    assert warnings == []


def test_nothing_in_the_checkout_sets_a_name_that_would_be_refused(warnings: list[str]) -> None:
    """The documents' examples and the inventories that hosts are tried with."""
    files = [*TOP.glob("docs/examples/inventory/**/*.yml"), *TOP.glob("molecule/**/*.yml")]
    assert files
    words = {word.strip("\"'{}(),:|") for path in files for word in path.read_text().split()}
    assert name_problems({word for word in words if word.startswith(("ollama_", "keepwarm_"))}) == []
