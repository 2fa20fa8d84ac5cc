# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role's variable comes to where a play sets others."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from support.role_tasks import holds, task, value

SERVER, WARMUP = "ollama_server", "ollama_warmup"
UNIT = "ollama@a.service"
ENTRY = {"unit": UNIT}


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ({}, None),
        ({"ollama_server_max_loaded_models": 0}, 0),
        ({"ollama_server_max_loaded_models": ""}, None),
        ({"ollama_server_max_loaded_models": 5}, 5),
        ({"ollama_server_max_loaded_models": 5, "ollama_warmup_max_loaded_models": 0}, 0),
        ({"ollama_server_max_loaded_models": None}, None),
    ],
)
def test_the_agent_counts_with_the_places_that_the_server_has(given: dict[str, Any], most: int | None) -> None:
    (found,) = value(WARMUP, "{{ [__ollama_warmup_flat.max_loaded_models] }}", **given)
    # Up to ansible-core 2.18 a templated number is a text.
    assert (found if found is None else int(found)) == most


@pytest.mark.parametrize("seconds", [0, 30, 600, "60"])
def test_a_wait_for_gpus_is_a_number_of_seconds(seconds: Any) -> None:
    assert value(SERVER, "{{ __ollama_server_gpu_problems }}", ollama_server_gpu_timeout=seconds) == []


@pytest.mark.parametrize("seconds", [601, "900", -1, "soon"])
def test_a_wait_for_gpus_that_is_none_is_refused(seconds: Any) -> None:
    (sentence,) = value(SERVER, "{{ __ollama_server_gpu_problems }}", ollama_server_gpu_timeout=seconds)
    assert sentence == f"ollama_server_gpu_timeout is {seconds}, not a whole number of seconds from 0 to 600"


@pytest.mark.parametrize(("seconds", "written"), [(7, "7"), (900, "600")])
def test_the_unit_waits_for_no_longer_whatever_came_past_the_check(seconds: int, written: str) -> None:
    found = value(SERVER, "{{ [__ollama_server_gpu_kinds, __ollama_server_gpu_seconds | string] }}", ollama_server_gpu_timeout=seconds)
    assert found == [["auto"], written]


def test_one_unit_waits_for_what_any_server_asks_for() -> None:
    instances = [{"settings": {"gpu": gpu, "gpu_timeout": seconds}} for gpu, seconds in (("nvidia", 20), ("none", 90), ("amd", "40"), ("nvidia", 1))]
    given = {"__ollama_server_instances": {"instances": instances}}
    found = value(SERVER, "{{ [__ollama_server_gpu_kinds, __ollama_server_gpu_seconds | string] }}", **given)
    assert found == [["amd", "nvidia"], "40"]


@pytest.mark.parametrize(
    ("given", "restarted"),
    [
        ({"__ollama_server_plans": {UNIT: {"restart_due": True, "restart": "auto"}}, "ollama_server_restart": "never"}, True),
        ({"__ollama_server_plans": {UNIT: {"restart_due": True, "restart": "never"}}, "ollama_server_restart": "auto"}, False),
        ({"__ollama_server_plans": {UNIT: {"restart_due": False, "restart": "auto"}}}, False),
        (
            {
                "__ollama_server_plans": {UNIT: {"restart_due": False, "restart": "never"}},
                "__ollama_server_foreseen": {UNIT: "http://127.0.0.1:1"},
                "ollama_server_restart": "never",
            },
            True,
        ),
        ({}, False),
    ],
)
def test_whether_an_instance_restarts_is_its_own_affair(given: dict[str, Any], restarted: bool) -> None:
    others = {"__ollama_server_plan": {"restart_due": not restarted, "restart": "auto"}}
    assert holds(WARMUP, "__ollama_warmup_assume_restarted", __ollama_warmup_entry=ENTRY, **{**(others if given else {}), **given}) is restarted


@pytest.mark.parametrize(
    ("given", "restarted"),
    [
        ({}, False),
        ({"__ollama_server_plan": {"restart_due": True}}, False),
        ({"ollama_server_restart": "auto"}, False),
        ({"__ollama_server_plan": {"restart_due": True}, "ollama_server_restart": "auto"}, True),
        ({"__ollama_server_plan": {"restart_due": True}, "ollama_server_restart": "never"}, False),
    ],
)
def test_whether_the_one_server_restarts(given: dict[str, Any], restarted: bool) -> None:
    assert holds(WARMUP, "__ollama_warmup_assume_restarted", __ollama_warmup_entry={"unit": "ollama.service"}, **given) is restarted


@pytest.mark.parametrize(("said", "restarted"), [(True, True), ("false", False), (None, True), ("", True)])
def test_whoever_says_whether_it_restarts_is_believed(said: Any, restarted: bool) -> None:
    given = {"__ollama_server_plan": {"restart_due": True}, "ollama_server_restart": "auto", "ollama_warmup_assume_restarted": said}
    assert holds(WARMUP, "__ollama_warmup_assume_restarted", __ollama_warmup_entry={"unit": "ollama.service"}, **given) is restarted


@pytest.mark.parametrize(
    ("given", "empty"),
    [
        ({}, False),
        ({"__ollama_server_foreseen": {UNIT: "http://127.0.0.1:1"}}, True),
        ({"__ollama_server_foreseen": {UNIT: "http://127.0.0.1:1"}, "__ollama_server_stocked": [UNIT]}, False),
        ({"__ollama_server_foreseen": {UNIT: "http://127.0.0.1:1"}, "__ollama_server_stocked": ["ollama@b.service"]}, True),
    ],
)
def test_a_server_yet_to_start_is_empty_unless_models_are_there(given: dict[str, Any], empty: bool) -> None:
    module = task("ollama_model", "models.yml", "Pull, create and delete models")["keepwarm.ollama.ollama_model"]
    assert value("ollama_model", module["assume_empty"], ollama_model_unit=UNIT, **given) is empty


@pytest.mark.parametrize(
    ("look", "blind", "goes_on"),
    [
        ({"observed": True, "unobserved": None}, [], True),
        ({"observed": False, "unobserved": "it times out"}, [], False),
        ({"observed": False, "unobserved": "it times out"}, ["ollama@b.service"], False),
        ({"observed": False, "unobserved": "it times out"}, [UNIT], True),
    ],
)
def test_what_a_server_holds_has_to_be_seen(look: dict[str, Any], blind: list[str], goes_on: bool) -> None:
    refusal = task(WARMUP, "held_models.yml", "Refuse a server that does not tell what it holds")["ansible.builtin.assert"]
    given = {"__ollama_warmup_residency": look, "__ollama_warmup_blind": blind, "__ollama_warmup_entry": ENTRY}
    assert holds(WARMUP, refusal["that"], **given) is goes_on
    assert value(WARMUP, refusal["fail_msg"], **given) == f"it cannot be seen which models {UNIT} has in memory: {look['unobserved'] or ''}"


def test_a_server_that_was_not_asked_is_not_refused() -> None:
    """Ansible words a refusal before it asks whether there is one."""
    refusing = task(WARMUP, "held_models.yml", "Refuse a server that does not tell what it holds")
    assert holds(WARMUP, refusing["when"], __ollama_warmup_residency={"skipped": True}) is False
    assert holds(WARMUP, refusing["when"], __ollama_warmup_residency={"observed": True}) is True


@pytest.mark.parametrize(
    ("plans", "start", "runs"),
    [
        ([("active", True), ("inactive", True)], "auto", True),
        ([("inactive", True), ("inactive", True)], "auto", False),
        ([("inactive", True), ("inactive", False)], "auto", True),
        ([("failed", True)], "auto", True),
        ([("inactive", True)], True, True),
    ],
)
def test_servers_that_somebody_has_stopped_are_not_started_by_their_target(plans: list[tuple[str, bool]], start: Any, runs: bool) -> None:
    looked = [{"item": str(number), "active_state": state, "has_run": has_run} for number, (state, has_run) in enumerate(plans)]
    instances = {"instances": [{"settings": {"start": start}}]}
    assert holds(SERVER, "__ollama_server_any_runs", __ollama_server_looked={"results": looked}, __ollama_server_instances=instances) is runs


@pytest.mark.parametrize("start", ["perhaps", "", None, 2])
def test_a_start_that_is_none(start: Any) -> None:
    (sentence,) = value(SERVER, "{{ __ollama_server_start_problems }}", ollama_server_start=start)
    assert sentence.endswith("none of auto, true and false")


@pytest.mark.parametrize(("wait", "fits"), [("5m", True), (300, True), ("90s", True), ("1d", False), ("-1", False), (None, False)])
def test_how_long_to_wait_for_an_idle_server(wait: Any, fits: bool) -> None:
    assert (value(SERVER, "{{ __ollama_server_wait_problems }}", ollama_server_restart_wait=wait) == []) is fits


def test_a_checksum_comes_from_the_variable_first_and_else_from_the_release_s_own_list() -> None:
    list_of = "".join(f"{digit * 64}  ./ollama-linux-amd64{part}.tar.zst\n" for digit, part in (("a", ""), ("b", "-rocm")))
    given = {"ansible_facts": {"architecture": "x86_64"}, "ollama_server_rocm": True, "ollama_server_version": "0.32.15", "ollama_server_release_folder": ""}
    given |= {"ollama_server_checksums": {"ollama-linux-amd64.tar.zst": "c" * 64}, "__ollama_server_list": {"content": b64encode(list_of.encode()).decode()}}
    sums = [archive["sha256"] for archive in value(SERVER, "{{ __ollama_server_archives }}", **given)]
    assert sums == ["c" * 64, "b" * 64]


def test_a_list_that_nothing_needs_is_not_read() -> None:
    given = {"ansible_facts": {"architecture": "x86_64"}, "ollama_server_version": "0.32.15", "ollama_server_release_folder": "/nowhere"}
    given["ollama_server_checksums"] = {"ollama-linux-amd64.tar.zst": "c" * 64}
    assert [archive["sha256"] for archive in value(SERVER, "{{ __ollama_server_archives }}", **given)] == ["c" * 64]
