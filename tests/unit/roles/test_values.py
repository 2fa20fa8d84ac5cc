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
        ({UNIT: {"restarts": True}, "ollama.service": {"restarts": False}}, True),
        ({UNIT: {"restarts": False}, "ollama.service": {"restarts": True}}, False),
        ({"ollama.service": {"restarts": True}}, False),
        ({}, False),
    ],
)
def test_whether_an_instance_restarts_is_its_own_affair(given: dict[str, Any], restarted: bool) -> None:
    assert holds(WARMUP, "__ollama_warmup_assume_restarted", __ollama_warmup_entry=ENTRY, ollama_server_outlook=given) is restarted


def test_no_restart_is_assumed_where_no_role_has_looked() -> None:
    assert holds(WARMUP, "__ollama_warmup_assume_restarted", __ollama_warmup_entry=ENTRY) is False


@pytest.mark.parametrize(("said", "restarted"), [(True, True), ("false", False), (None, True), ("", True)])
def test_whoever_says_whether_it_restarts_is_believed(said: Any, restarted: bool) -> None:
    given = {"ollama_server_outlook": {"ollama.service": {"restarts": True}}, "ollama_warmup_assume_restarted": said}
    assert holds(WARMUP, "__ollama_warmup_assume_restarted", __ollama_warmup_entry={"unit": "ollama.service"}, **given) is restarted


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"restarted": False, "installed": [], "empty": False, "environment": None}),
        (
            {"ollama_server_outlook": {UNIT: {"restarts": True, "empty": True, "environment": {"X": "1"}}}, "ollama_model_expected": {UNIT: ["a"], "b": ["c"]}},
            {"restarted": True, "installed": ["a"], "empty": True, "environment": {"X": "1"}},
        ),
        (
            {"ollama_server_outlook": {UNIT: {"restarts": False, "environment": {"X": "1"}}}, "ollama_warmup_assume_installed": ["d"]},
            {"restarted": False, "installed": ["d"], "empty": False, "environment": None},
        ),
    ],
)
def test_what_check_mode_expects_of_a_server(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert value(WARMUP, "{{ __ollama_warmup_expected }}", __ollama_warmup_entry=ENTRY, ansible_check_mode=True, **given) == expected


@pytest.mark.parametrize(
    ("given", "empty"),
    [
        ({}, False),
        ({UNIT: {"comes": True, "empty": True, "url": "http://127.0.0.1:1"}}, True),
        ({UNIT: {"comes": True, "empty": False, "url": "http://127.0.0.1:1"}}, False),
        ({"ollama@b.service": {"comes": True, "empty": True, "url": "http://127.0.0.1:1"}}, False),
    ],
)
def test_a_server_yet_to_start_is_empty_unless_models_are_there(given: dict[str, Any], empty: bool) -> None:
    module = task("ollama_model", "main.yml", "Pull, create and delete models")["keepwarm.ollama.ollama_model"]
    assert holds("ollama_model", module["expected"]["empty"].strip("{} "), __ollama_model_entry=ENTRY, ollama_server_outlook=given) is empty


@pytest.mark.parametrize(
    ("given", "asked", "to_come"),
    [
        ({}, False, []),
        ({"ollama_warmup_models": ["b"]}, False, []),
        ({"ollama_warmup_models": ["b"], "ollama_model_pull": True}, True, ["b"]),
        ({"ollama_model_models": ["a", {"name": "c", "state": "latest"}, {"name": "d", "state": "absent"}]}, True, ["a", "c"]),
        ({"ollama_model_prune": "unlisted", "ollama_warmup_models": ["b"]}, True, []),
        ({"ollama_model_instances": [{"name": "x", "port": 1, "model": {"models": ["a"]}}, {"name": "y", "port": 2}]}, True, ["a"]),
    ],
)
def test_a_play_learns_whether_models_are_asked_for_and_which_come(given: dict[str, Any], asked: bool, to_come: list[str]) -> None:
    assert holds("ollama_model", "ollama_model_asked_for", **given) is asked
    assert value("ollama_model", "{{ ollama_model_to_come }}", **given) == to_come


def test_only_servers_for_which_something_is_asked_and_that_are_there_are_due() -> None:
    rows = (("a", [{"name": "m"}], "none"), ("b", [], "none"), ("c", [], "unlisted"), ("d", [{"name": "m"}], "none"))
    entries = [{"name": name, "unit": f"{name}.service", "url": "", "judged": {"models": models}, "settings": {"prune": prune}} for name, models, prune in rows]
    servers = {"instances": entries}
    looked = {"results": [{"item": f"{name}.service", "exists": name != "d", "url": f"http://{name}"} for name in "abcd"]}
    given = {"__ollama_model_servers": servers, "__ollama_model_looked": looked}
    assert value("ollama_model", "{{ __ollama_model_due | map(attribute='name') }}", **given) == ["a", "c"]
    assert value("ollama_model", "{{ __ollama_model_unknown }}", **given) == ["d.service"]
    assert value("ollama_model", "{{ __ollama_model_url }}", __ollama_model_entry=servers["instances"][2], **given) == "http://c"


def test_a_server_to_come_is_asked_where_it_will_answer() -> None:
    outlook = {UNIT: {"comes": True, "url": "http://127.0.0.1:1"}, "ollama.service": {"comes": False, "url": "http://127.0.0.1:2"}}
    given = {"ollama_server_outlook": outlook}
    for role in ("ollama_model", "ollama_warmup"):
        assert value(role, f"{{{{ __{role}_expected_urls }}}}", **given) == {UNIT: "http://127.0.0.1:1"}


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
    refusal = task(WARMUP, "residency.yml", "Refuse a server that does not tell what it holds")["ansible.builtin.assert"]
    given = {"__ollama_warmup_held": {"results": [{**look, "__ollama_warmup_entry": ENTRY}]}, "ollama_warmup_silent_units": blind}
    assert holds(WARMUP, refusal["that"], **given) is goes_on
    if not goes_on:
        assert value(WARMUP, refusal["fail_msg"], **given) == f"it cannot be seen which models {UNIT} has in memory: {look['unobserved']}"


@pytest.mark.parametrize("results", [[], [{"skipped": True, "__ollama_warmup_entry": ENTRY}]])
def test_a_server_that_was_not_asked_is_not_refused(results: list[dict[str, Any]]) -> None:
    """Ansible words a refusal before it asks whether there is one."""
    refusal = task(WARMUP, "residency.yml", "Refuse a server that does not tell what it holds")["ansible.builtin.assert"]
    assert holds(WARMUP, refusal["that"], __ollama_warmup_held={"results": results})
    assert value(WARMUP, refusal["fail_msg"], __ollama_warmup_held={"results": results})


def test_what_each_server_holds_is_noted_by_its_unit() -> None:
    note = task(WARMUP, "residency.yml", "Note what each server holds")["ansible.builtin.set_fact"]["ollama_warmup_residency"]
    told = [{"models": [{"name": "a"}], "observed": True, "__ollama_warmup_entry": ENTRY}, {"skipped": True, "__ollama_warmup_entry": {"unit": "b"}}]
    servers = {"instances": [ENTRY, {"unit": "b"}]}
    assert value(WARMUP, note, __ollama_warmup_held={"results": told}, __ollama_warmup_servers=servers) == {UNIT: [{"name": "a"}], "b": []}


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


SEEN = {"results": [{"item": "ollama.service", "version": "0.30.0"}, {"item": UNIT, "version": None}]}


@pytest.mark.parametrize(
    ("record", "given", "down"),
    [
        (None, {}, [UNIT]),
        ({"units": ["ollama.service"]}, {}, ["ollama.service", UNIT]),  # of an upgrade that was interrupted
        ({"units": ["ollama.service"]}, {"__ollama_server_upgrading": True}, [UNIT]),
        ({"units": ["ollama.service"]}, {"__ollama_server_upgrading": True, "ansible_check_mode": True}, ["ollama.service", UNIT]),
    ],
)
def test_which_servers_may_be_down_at_each_point_of_an_upgrade(record: Any, given: dict[str, Any], down: list[str]) -> None:
    found = {"__ollama_server_upgrade": {"record": record, "current": "0.30.0"}, "__ollama_server_upgrade_seen": SEEN}
    units = {"__ollama_server_units": ["ollama.service", UNIT], "ansible_check_mode": False}
    assert value(SERVER, "{{ ollama_server_upgrade_down }}", **found, **{**units, **given}) == down


@pytest.mark.parametrize(("record", "current", "due"), [(None, "0.30.0", False), (None, "0.29.0", True), ({"units": []}, "0.30.0", True)])
def test_an_upgrade_is_due_for_another_release_or_to_be_taken_up(record: Any, current: str, due: bool) -> None:
    found = {"__ollama_server_upgrade": {"record": record, "current": current}, "ollama_server_version": "0.30.0"}
    assert holds(SERVER, "ollama_server_upgrade_due", **found) is due
