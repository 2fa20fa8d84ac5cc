# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play that has looked at a host looks again only where what it saw may not hold any more."""

from __future__ import annotations

from typing import Any

import pytest
from support.role_tasks import value

SERVER, WARMUP = "ollama_server", "ollama_warmup"


def looked(*beginnings: bool, **changes: Any) -> dict[str, Any]:
    """What the look at each server came to; by default at the beginning of a play, and nothing is due."""
    plan = {"due": False, "left_units": [], "left_files": [], **changes}
    items = [f"ollama@{number}.service" for number in range(len(beginnings))]
    return {"results": [{"item": item, "plan": {**plan, "beginning": beginning}} for item, beginning in zip(items, beginnings, strict=True)]}


def is_true(role: str, name: str, **given: Any) -> bool:
    """Of a variable, which is text up to ansible-core 2.18."""
    return str(value(role, f"{{{{ {name} | bool }}}}", **given)) == "True"


@pytest.mark.parametrize(
    ("begun", "found", "once"),
    [
        (True, {"__ollama_server_looked": looked(True)}, True),
        (True, {"__ollama_server_looked": looked(True, True)}, True),
        (False, {"__ollama_server_looked": looked(True)}, False),
        # A run whose tags leave the beginning out has this from an earlier play, if from any.
        (True, {"__ollama_server_looked": looked(False)}, False),
        (True, {"__ollama_server_looked": looked(True, False)}, False),
        (True, {"__ollama_server_looked": looked()}, False),
        (True, {"__ollama_server_looked": {"results": [{"item": "ollama.service", "plan": {"refusals": ["no systemd"]}}]}}, False),
        (True, {}, False),
    ],
)
def test_a_server_is_looked_at_once_where_the_play_has_begun_with_that(begun: bool, found: dict[str, Any], once: bool) -> None:
    assert is_true(SERVER, "__ollama_server_begun", ollama_server_begun=begun, **found) is once


@pytest.mark.parametrize(
    ("found", "given", "unchanged"),
    [
        (looked(True), {}, True),
        (looked(True, due=True), {}, False),
        (looked(True, left_units=["ollama.target"]), {}, False),
        (looked(True, left_files=["/etc/systemd/system/ollama@.service"]), {}, False),
        (looked(False), {}, False),
        (looked(True), {"__ollama_server_written": {"changed": True}}, False),
        (looked(True), {"__ollama_server_written": {"changed": False}}, True),
        (looked(True), {"ollama_server_install": "missing"}, False),
        (looked(True), {"ollama_server_instances": [{"name": "a", "port": 11500}]}, False),
        (looked(True), {"ollama_server_state": "absent"}, False),
    ],
)
def test_the_agent_s_role_learns_whether_the_servers_are_as_they_were(found: dict[str, Any], given: dict[str, Any], unchanged: bool) -> None:
    facts = {"ansible_facts": {"architecture": "x86_64"}, "ollama_warmup_models": []}
    assert is_true(SERVER, "ollama_server_unchanged", __ollama_server_looked=found, **facts, **given) is unchanged


def test_what_was_never_looked_at_is_not_known_to_be_unchanged() -> None:
    assert not is_true(SERVER, "ollama_server_unchanged", ansible_facts={"architecture": "x86_64"}, ollama_warmup_models=[])


@pytest.mark.parametrize(
    ("told", "look", "holds"),
    [
        (True, {"servers": {"default": {"url": "http://127.0.0.1:11434"}}}, True),
        (False, {"servers": {"default": {"url": "http://127.0.0.1:11434"}}}, False),
        # At its beginning a play does not refuse a host that lacks the unit: somebody may install it.
        (True, {"servers": {"a": {"url": "http://127.0.0.1:1"}, "b": {"url": ""}}}, False),
        (True, None, False),
    ],
)
def test_the_look_of_the_agent_s_role_holds_where_it_found_every_server(told: bool, look: dict[str, Any] | None, holds: bool) -> None:
    given = {} if look is None else {"__ollama_warmup_look": look}
    assert is_true(WARMUP, "__ollama_warmup_look_holds", ollama_warmup_look_holds=told, **given) is holds


@pytest.mark.parametrize(
    ("found", "composed", "due"),
    [
        (looked(True, restarts=False, restorable=False), [], False),
        (looked(True, restarts=True, restorable=False), [], True),
        (looked(True, restarts=False, restorable=True), [], True),
        (looked(), [], False),
        # systemd has no unit of these.
        (looked(), [{"unit": "ollama-a.service", "restorable": True}], True),
        (looked(), [{"unit": "ollama-a.service", "restorable": False}], False),
    ],
)
def test_models_are_loaded_again_where_a_server_has_lost_some(found: dict[str, Any], composed: list[dict[str, Any]], due: bool) -> None:
    given = {"__ollama_server_looked": found, "__ollama_server_composed_found": {"servers": composed}}
    assert is_true(SERVER, "ollama_server_restorable", **given) is due


def test_nothing_is_loaded_again_after_a_removal_that_looked_at_no_server() -> None:
    skipped = {"skipped": True, "results": [{"item": "ollama.service", "skipped": True}]}
    assert not is_true(SERVER, "ollama_server_restorable", __ollama_server_looked=skipped, ollama_server_state="absent")
