# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation tells people to copy is accepted by the roles and by the validators that they use."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import textwrap
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import policy_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import parse_policy
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.settings import judge as server_environment
from support.markdown import tracked

TOP = pathlib.Path(__file__).parents[3]
PREFIX = "ollama_server_"
ROLES = sorted(path.parents[1].name for path in (TOP / "roles").glob("*/meta/argument_specs.yml"))


def inputs(role: str) -> dict[str, Any]:
    points = yaml.safe_load((TOP / "roles" / role / "meta/argument_specs.yml").read_text())["argument_specs"]
    return {name: option for point in points.values() for name, option in point.get("options", {}).items()}


INPUTS = {**inputs("ollama_server"), **inputs("ollama_warmup")}
OF_THE_UNIT = {f"{PREFIX}{key}" for key in ("unit", "environment", "oom_policy", "start", "restart", "restart_wait", "restart_restore", "ready_timeout")}


def of_the_inventory() -> dict[str, dict[str, Any]]:
    """The variables of each host of the example, as Ansible reads it."""
    command = [sys.executable, "-m", "ansible", "inventory", f"--inventory={TOP}/docs/examples/inventory", "--list"]
    done = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return json.loads(done.stdout)["_meta"]["hostvars"]


def of_the_readme() -> dict[str, Any]:
    """The variables of the inventory that the README shows."""
    (block,) = re.findall(r"```yaml\n(# inventory.yml\n.*?)```", (TOP / "README.md").read_text(), re.DOTALL)
    return yaml.safe_load(block)["gpu_hosts"]["vars"]


HOSTS = {**of_the_inventory(), "README": of_the_readme()}


def test_the_inventory_has_hosts() -> None:
    assert len(HOSTS) >= 3


@pytest.mark.parametrize("host", HOSTS)
def test_every_variable_is_an_input_of_a_role(host: str) -> None:
    assert [name for name in HOSTS[host] if name not in INPUTS and not name.startswith("ansible_")] == []


@pytest.mark.parametrize("host", HOSTS)
def test_the_argument_specs_accept_it(host: str) -> None:
    given = {name: value for name, value in HOSTS[host].items() if name in INPUTS}
    assert ArgumentSpecValidator(INPUTS).validate(given).error_messages == []


@pytest.mark.parametrize("host", HOSTS)
def test_the_policy_can_be_kept_and_leaves_room_for_a_stray_model(host: str) -> None:
    models, places = HOSTS[host]["ollama_warmup_models"], HOSTS[host].get("ollama_server_max_loaded_models")
    policy = policy_data(parse_policy({"models": models, "max_loaded_models": places}))
    assert [model["name"] for model in policy["models"]] == [model if isinstance(model, str) else model["name"] for model in models]
    assert 0 < len(policy["models"]) < (places or 4)


@pytest.mark.parametrize("host", HOSTS)
def test_the_server_takes_the_settings_as_they_are_meant(host: str) -> None:
    given = {name[len(PREFIX) :]: value for name, value in HOSTS[host].items() if name.startswith(PREFIX) and name not in OF_THE_UNIT}
    told = server_environment(given, HOSTS[host].get("ollama_server_environment"))
    assert told["problems"] == []
    places = HOSTS[host].get("ollama_server_max_loaded_models")
    assert told["environment"].get("OLLAMA_MAX_LOADED_MODELS") == (None if places is None else str(places))


def yaml_blocks() -> list[tuple[str, str]]:
    """Each block of YAML that a page for users shows, with the page."""
    pages = [*tracked("docs/*.md", "docs/**/*.md"), *tracked("roles/*/README.md"), "README.md"]
    return [(page, block) for page in pages for block in re.findall(r"^ *```yaml\n(.*?)^ *```", (TOP / page).read_text(), re.MULTILINE | re.DOTALL)]


def test_every_block_of_yaml_can_be_read_and_names_only_inputs_that_there_are() -> None:
    known = {name for role in ROLES for name in inputs(role)} | {f"{role}_{part}" for role in ROLES for part in ("problems",)}
    wrong = []
    for page, block in yaml_blocks():
        list(yaml.safe_load_all(textwrap.dedent(block)))
        names = re.findall(r"^[ -]*((?:ollama_(?:server|warmup|model|gateway))_\w+):", block, re.MULTILINE)
        wrong += [(page, name) for name in names if name not in known]
    assert len(yaml_blocks()) > 25
    assert wrong == []
