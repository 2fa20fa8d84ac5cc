# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook remove takes all of it away: what check mode says, no more and no less."""

from __future__ import annotations

import os
import pathlib
import re

import pytest
from life.life import HOSTS, Host
from shared.machine import Outcome, play

FOR_EVER = "2300"  # a year; what is in memory for ever expires later
SCENARIO = pathlib.Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
INVENTORIES = [SCENARIO.parent / "shared/inventory.yml", SCENARIO / "inventory.yml"]


def remove(*options: str) -> Outcome:
    """On both hosts at once; the models of the installed one go, too."""
    return play("remove", INVENTORIES, "-e", "keepwarm_serial=100% ollama_server_purge_models=true", *options)


def differences(outcome: Outcome) -> list[str]:
    """The lines of all diffs; the hosts' may come in any order."""
    return sorted(re.findall(r"^[-+](?![-+] )(.+)$", outcome.output, re.MULTILINE))


def acts_of(host: Host) -> int:
    return int(host.server()[2])


@pytest.fixture(scope="module")
def hosts() -> dict[str, Host]:
    return {name: Host(name) for name in HOSTS}


@pytest.fixture(scope="module")
def application(hosts: dict[str, Host]) -> dict[str, str]:
    """Which start of it runs."""
    return {name: host.property("my-api.service", "InvocationID") for name, host in hosts.items()}


@pytest.fixture(scope="module")
def acts(hosts: dict[str, Host]) -> int:
    """How often the server of others was asked to load a model or to change its expiry."""
    return acts_of(hosts["vendors"])


@pytest.fixture(scope="module")
def refused(hosts: dict[str, Host]) -> Outcome:
    return remove()


@pytest.fixture(scope="module")
def expected(hosts: dict[str, Host], refused: Outcome) -> tuple[Outcome, bool]:
    """What check mode says, and whether it left the hosts as they are."""
    before = {name: host.difference().keys() for name, host in hosts.items()}
    outcome = remove("--check", "--diff")
    return outcome, before == {name: host.difference().keys() for name, host in hosts.items()}


@pytest.fixture(scope="module")
def removed(application: dict[str, str], acts: int, expected: tuple[Outcome, bool]) -> Outcome:
    return remove("--diff", "-e", "keepwarm_remove_confirmed=true")


def test_it_is_refused_unless_it_was_meant(refused: Outcome) -> None:
    assert {"say -e keepwarm_remove_confirmed=true" in message for message in refused.messages.values()} == {True}
    assert (sorted(refused.messages), refused.changed) == (sorted(HOSTS), [])


def test_check_mode_expects_it_and_changes_nothing(expected: tuple[Outcome, bool]) -> None:
    outcome, same = expected
    assert (outcome.status, same) == (0, True), outcome.output
    assert sorted(set(outcome.changed)) == sorted(HOSTS)


def test_what_happens_is_what_check_mode_said(expected: tuple[Outcome, bool], removed: Outcome) -> None:
    assert removed.status == 0, removed.output
    assert differences(removed) == differences(expected[0])
    assert sorted(removed.changed) == sorted(expected[0].changed)


@pytest.mark.parametrize("name", HOSTS)
def test_the_host_is_what_it_was_before(removed: Outcome, hosts: dict[str, Host], name: str) -> None:
    assert hosts[name].difference() == {}


@pytest.mark.parametrize("name", HOSTS)
def test_an_application_behind_a_gate_ran_through(
    removed: Outcome, hosts: dict[str, Host], application: dict[str, str], name: str
) -> None:
    assert hosts[name].property("my-api.service", "InvocationID") == application[name]
    assert hosts[name].property("my-api.service", "ActiveState") == "active"


def test_the_ollama_of_others_runs_on_as_its_own_unit_says(removed: Outcome, hosts: dict[str, Host]) -> None:
    host = hosts["vendors"]
    assert host.property("ollama.service", "ActiveState") == "active"
    assert "OLLAMA_" not in host.environment()
    assert "tiny-a:latest" in host.run("curl --fail --silent http://127.0.0.1:11434/api/tags")


def test_its_models_were_given_back_before(removed: Outcome, acts: int, hosts: dict[str, Host]) -> None:
    assert acts_of(hosts["vendors"]) >= acts + 2  # a pass may have come between
    assert [name for name, expiry in hosts["vendors"].resident().items() if expiry > FOR_EVER] == []


def test_removing_again_changes_nothing(removed: Outcome) -> None:
    again = remove("--diff", "-e", "keepwarm_remove_confirmed=true")
    assert (again.status, again.changed, differences(again)) == (0, [], [])
