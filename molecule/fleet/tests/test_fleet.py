# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator does with a fleet, one thing after the other. Each play is a fixture that asks for the one before it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import GONE
from shared.machine import Machine, Outcome

Fleet = dict[str, dict[str, Any]]
Play = Callable[..., Outcome]
MODELS = [{"name": "tiny-a"}]


@pytest.fixture(scope="module")
def virgin(gpu1: Machine, gpu2: Machine) -> list[list[str]]:
    return [gpu1.state(), gpu2.state()]


@pytest.fixture(scope="module")
def checked(virgin: list[list[str]], over_ssh: Play, fleet: Fleet) -> Outcome:
    return over_ssh("site", fleet, "--check", "--diff", "--limit=gpu1", ollama_warmup_models=MODELS)


@pytest.mark.parametrize(
    "line",
    [
        '+Environment="OLLAMA_KEEP_ALIVE=1800s"',
        '+        "name": "tiny-a",',
        "+WantedBy=ollama.service",
        "+OnUnitInactiveSec=240s",
        "+  in memory: true",
    ],
)
def test_check_mode_shows_what_would_come_on_the_host(checked: Outcome, line: str) -> None:
    assert checked.status == 0, checked.output
    assert checked.hosts == ["gpu1"]
    assert line in checked.output.splitlines()


def test_check_mode_changes_nothing(checked: Outcome, virgin: list[list[str]], gpu1: Machine, gpu2: Machine) -> None:
    assert [gpu1.state(), gpu2.state()] == virgin


@pytest.fixture(scope="module")
def cold_canary(checked: Outcome, over_ssh: Play, fleet: Fleet) -> Outcome:
    hosts = {**fleet, "gpu1": {**fleet["gpu1"], "ollama_warmup_models": [{"name": "missing:7b"}]}}
    return over_ssh("site", hosts, ollama_warmup_models=MODELS, ansible_pipelining=False)  # as Ansible does by default


def test_a_canary_that_does_not_get_warm_stops_the_play(cold_canary: Outcome) -> None:
    assert cold_canary.status != 0
    assert cold_canary.hosts == ["gpu1"]
    sentence = "missing:7b is not installed on the server: pull or create it first (ollama_model, or ollama pull missing:7b)"
    assert cold_canary.messages == {"gpu1": f"not warm: {sentence}"}


def test_nothing_of_a_host_is_left_with_the_user_who_logs_in(cold_canary: Outcome, gpu1: Machine) -> None:
    """Who may not remove what root wrote there; drop-ins may hold secrets."""
    assert gpu1.run("find ~deploy/.ansible -type f; test ! -e /run/keepwarm-ollama") == ""


def test_the_rest_of_the_fleet_was_not_touched(cold_canary: Outcome, virgin: list[list[str]], gpu2: Machine) -> None:
    assert gpu2.state() == virgin[1]


def test_a_canary_that_cannot_be_reached_stops_the_play(over_ssh: Play, fleet: Fleet) -> None:
    outcome = over_ssh("site", {"gone": GONE, **fleet}, ollama_warmup_models=MODELS)
    assert outcome.status != 0
    assert outcome.hosts == ["gone"]


@pytest.fixture(scope="module")
def limited(cold_canary: Outcome, over_ssh: Play, fleet: Fleet) -> Outcome:
    return over_ssh("site", fleet, "--limit=gpu1", ollama_warmup_models=MODELS)


def test_a_limit_holds(limited: Outcome, virgin: list[list[str]], gpu1: Machine, gpu2: Machine) -> None:
    assert limited.status == 0, limited.output
    assert limited.hosts == ["gpu1"]
    assert {name: expiry > "2300" for name, expiry in gpu1.resident().items()} == {"tiny-a:latest": True}
    assert gpu1.state() != virgin[0]
    assert gpu2.state() == virgin[1]


@pytest.fixture(scope="module")
def status(limited: Outcome, over_ssh: Play, fleet: Fleet) -> Outcome:
    return over_ssh("status", {"gone": GONE, **fleet}, keepwarm_show_all=True)


def test_the_status_of_the_fleet_is_one_table(status: Outcome) -> None:
    assert status.status == 0, status.output
    (table,) = re.findall(r'"msg": (\[\s*"HOST .*?\])', status.output, re.DOTALL)
    assert [line.split() for line in json.loads(table)[1:]] == [
        ["gone", "-", "-", "unreachable", *"----"],
        ["gpu2", "-", "-", "no", "ollama-warmup", "here", *"----"],
        ["gpu1", "tiny-a", "pin", "resident", "for", "ever", "100%", "GPU", "4096", "-"],
        [],
        ["1", "of", "3", "hosts", "warm"],
    ]
    assert status.output.count("HOST ") == 1


@pytest.fixture(scope="module")
def local(status: Outcome, on_itself: Play, gpu2: Machine) -> Outcome:
    return on_itself(gpu2, ollama_warmup_models=MODELS)


def test_a_host_can_be_its_own_controller(local: Outcome, gpu2: Machine) -> None:
    assert local.status == 0, local.output
    assert local.hosts == ["localhost"]
    assert {name: expiry > "2300" for name, expiry in gpu2.resident().items()} == {"tiny-a:latest": True}


def test_another_run_over_the_whole_fleet_changes_nothing(local: Outcome, over_ssh: Play, fleet: Fleet, gpu1: Machine, gpu2: Machine) -> None:
    before = [gpu1.server(), gpu2.server()]
    outcome = over_ssh("site", fleet, '--extra-vars={"keepwarm_serial": 2}', ollama_warmup_models=MODELS)
    assert (outcome.status, outcome.hosts, outcome.changed) == (0, ["gpu1", "gpu2"], []), outcome.output
    assert [gpu1.server(), gpu2.server()] == before
