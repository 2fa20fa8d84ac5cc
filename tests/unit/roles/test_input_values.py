# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With C(-e key=value) every value is a text: what means a boolean or a number is one, whatever does not is refused in a sentence."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_specs import options
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_values import value_problems
from support.role_tasks import ROLES, read, value

ROLE_NAMES = ["ollama_gateway", "ollama_model", "ollama_pull", "ollama_server", "ollama_warmup"]


def inputs(*types: str) -> list[tuple[str, str]]:
    return [(role, name) for role in ROLE_NAMES for name, option in options(role).items() if option["type"] in types]


def judged(role: str, name: str, given: Any) -> list[str]:
    """What the argument specs make of a value of this variable."""
    return value_problems({name: given}, role)


def expressions(data: Any, key: str = "") -> Iterator[str]:
    """All that Ansible evaluates in a file of tasks or variables, without the texts in it."""
    if isinstance(data, dict):
        for name, value_of in data.items():
            yield from expressions(value_of, name)
    elif isinstance(data, list):
        for entry in data:
            yield from expressions(entry, key)
    elif isinstance(data, str):
        found = [data] if key in ("when", "that", "until", "failed_when", "changed_when") else templates(data)
        yield from (re.sub(r"'[^']*'", "''", text) for text in found)


@cache
def evaluated(path: pathlib.Path) -> list[str]:
    """All that Ansible evaluates in this file of tasks, variables or a template."""
    return templates(path.read_text()) if path.suffix == ".j2" else list(expressions(read(path)))


def templates(text: str) -> list[str]:
    return re.findall(r"{[{%].*?[%}]}", text, re.DOTALL)


READ_OTHERWISE = {
    # By what judges the server's settings.
    "ollama_server_flash_attention": ["main.yml: ollama_server_flash_attention,"]
}


def test_there_are_booleans() -> None:
    assert len(inputs("bool")) > 12


@pytest.mark.parametrize(("role", "name"), inputs("bool"))
def test_a_text_that_is_no_boolean_is_refused(role: str, name: str) -> None:
    """'y' and 't' are booleans to Ansible's argument specs, and false to its filter."""
    for nonsense in ("nonsense", "y", "t", "", 7, "2", ["true"]):
        assert judged(role, name, nonsense) == [f"{name} is {nonsense!r}, neither true nor false"]


@pytest.mark.parametrize(("role", "name"), inputs("bool"))
def test_a_text_that_is_a_boolean_is_taken(role: str, name: str) -> None:
    for word in ("false", "no", "0", "off", "False", False, 0):
        assert judged(role, name, word) == []


@pytest.mark.parametrize(("role", "name"), inputs("bool"))
def test_wherever_a_boolean_is_asked_for_it_is_read_as_one(role: str, name: str) -> None:
    """Untreated, the text 'false' is true."""
    unread = []
    for path in [*ROLES.glob(f"{role}/*/*.yml"), *ROLES.glob(f"{role}/templates/*.j2"), *(ROLES.parent / "playbooks").glob("*.yml")]:
        for expression in evaluated(path):
            asked = re.finditer(rf"(?<![\w'\"]){name}\b(?! in )(?P<rest>[^\n]*)", expression)
            unread += [f"{path.name}: {found[0]}" for found in asked if not re.match(r"( \| default\(\w+\))? \| bool\b", found["rest"])]
    assert unread == READ_OTHERWISE.get(name, [])


EFFECTS = [
    ("ollama_warmup", "__ollama_warmup_servers.instances[0].judged.policy.strict", "ollama_warmup_strict"),
    ("ollama_warmup", "__ollama_warmup_servers.instances[0].judged.metrics is not none", "ollama_warmup_metrics"),
    ("ollama_warmup", "__ollama_warmup_flat.watch", "ollama_warmup_watch"),
    ("ollama_warmup", "__ollama_warmup_flat.prove", "ollama_warmup_prove"),
    ("ollama_warmup", "__ollama_warmup_flat.allow_long_interval", "ollama_warmup_allow_long_interval"),
    ("ollama_server", "__ollama_server_release.archives | length == 2", "ollama_server_rocm"),
    ("ollama_server", "__ollama_server_instances.instances[0].judged.environment.OLLAMA_FLASH_ATTENTION == '1'", "ollama_server_flash_attention"),
    ("ollama_model", "__ollama_model_servers.instances[0].judged.models | length == 1", "ollama_model_pull"),
    ("ollama_model", "__ollama_model_servers.instances[0].judged.models[0].insecure", "ollama_model_pull_insecure"),
]


@pytest.mark.parametrize(("role", "expression", "name"), EFFECTS)
@pytest.mark.parametrize(("word", "on"), [("false", False), ("no", False), ("0", False), ("true", True), ("yes", True), ("1", True)])
def test_a_text_has_the_effect_of_the_boolean(role: str, expression: str, name: str, word: str, on: bool) -> None:
    given = {"ansible_facts": {"architecture": "x86_64"}, "ollama_warmup_models": ["a"], "ollama_model_pull": "true", name: word}
    assert value(role, f"{{{{ {expression} }}}}", **given) in (on, str(on))


@pytest.mark.parametrize(("role", "name"), inputs("int", "float"))
def test_a_text_that_is_no_number_is_refused(role: str, name: str) -> None:
    for nonsense in ("many", "4x", True, ["4"]):
        problems = judged(role, name, nonsense)
        assert len(problems) == 1
        assert problems[0].startswith(f"{name} is {nonsense!r}, not a {'whole ' if options(role)[name]['type'] == 'int' else ''}number")


@pytest.mark.parametrize(("role", "name"), inputs("int", "float"))
def test_a_text_that_is_a_number_is_taken(role: str, name: str) -> None:
    assert judged(role, name, "4") == judged(role, name, 4) == []


def test_a_number_as_text_reaches_the_server() -> None:
    given = {"ollama_server_num_parallel": "4", "ollama_server_origins": "https://a,https://b"}
    environment = value("ollama_server", "{{ __ollama_server_instances.instances[0].judged.environment }}", **given)
    assert environment["OLLAMA_NUM_PARALLEL"] == "4"
    assert environment["OLLAMA_ORIGINS"] == "https://a,https://b"


@pytest.mark.parametrize(
    "given", ["", "json://one.example", "json://one.example,mailto://u:p@x?to=a,b  slack://t", ["json://one.example", "json://two.example"]]
)
def test_addresses_of_notifications_may_be_a_text(given: Any) -> None:
    assert value("ollama_warmup", "{{ ollama_warmup_problems }}", ollama_warmup_notify_urls=given, ollama_warmup_models=["a"]) == []


def test_a_text_that_is_no_address_is_refused_without_being_shown() -> None:
    (problem,) = value("ollama_warmup", "{{ ollama_warmup_problems }}", ollama_warmup_notify_urls="hunter2")
    assert problem.startswith("ollama_warmup_notify_urls[0] is not an address") and "hunter2" not in problem


def test_what_is_no_input_is_not_evaluated() -> None:
    """Somebody's own variable, and one whose value no argument specs judge, may be a lookup that works elsewhere only."""
    broken = "{{ lookup('ansible.builtin.file', '/nowhere') }}"
    assert value("ollama_variables", "{{ __ollama_variables_problems }}", ollama_server_rack_number=broken, ollama_warmup_interval=broken) == []


@pytest.mark.parametrize("broken", ["{{ nobody_defines_it }}", ["{{ nobody_defines_it }}"]])
def test_an_input_that_cannot_be_evaluated_is_told_as_ansible_tells_it(broken: Any) -> None:
    with pytest.raises(AnsibleError, match="'nobody_defines_it' is undefined"):
        value("ollama_variables", "{{ __ollama_variables_problems }}", ollama_warmup_gates=broken)


CHOICES = [(role, name) for role in ROLE_NAMES for name, option in options(role).items() if "choices" in option]


@pytest.mark.parametrize(("role", "name"), CHOICES)
def test_a_word_that_is_no_choice_is_one_sentence(role: str, name: str) -> None:
    (problem,) = judged(role, name, "whatever")
    assert problem.startswith(f"{name} is 'whatever', not one of ")


@pytest.mark.parametrize(("role", "name"), inputs("list", "dict"))
def test_what_is_no_list_or_mapping_is_one_sentence(role: str, name: str) -> None:
    problems = judged(role, name, 7)
    assert [problem.startswith(name) and len(problem) < 300 for problem in problems] == [True]


def test_null_is_refused_where_it_is_not_the_default() -> None:
    assert value_problems({"ollama_server_rocm": None, "ollama_server_num_parallel": None, "ollama_warmup_gates": []}, "ollama_server") == [
        "ollama_server_rocm is null, which is no value of it: leave it out, or give false, its default"
    ]


def test_secrets_are_not_shown() -> None:
    (problem,) = value_problems({"ollama_warmup_notify_urls": {"mailto": "hunter2"}}, "ollama_warmup")
    assert "hunter2" not in problem


def test_one_problem_is_told_once_and_all_of_them_at_once() -> None:
    given: dict[str, Any] = {
        "ollama_warmup_release": "drop",
        "ollama_warmup_strict": "maybe",
        "ollama_warmup_interval": "1d",
        "ollama_warmup_modles": [],
        "ollama_warmup_models": ["a b"],
    }
    problems = value("ollama_warmup", "{{ ollama_warmup_problems }}", **given)
    assert sorted(problem.split(" ")[0].rstrip(":") for problem in problems) == sorted(given)


def test_a_boolean_that_is_described_as_one_has_one_as_its_default() -> None:
    for role, name in inputs("bool"):
        default = read(ROLES / role / "defaults/main.yml")[name]
        assert isinstance(default, bool) or default is None or "{{" in default
