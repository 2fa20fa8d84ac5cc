# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of one server: what is refused, warned of and said, and whether it starts, is enabled, restarts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import server_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.server_dropin import Place
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.server_plan import Acts, Declared

GROUPED = Place(grouped=True)


def told(**changes: Any) -> dict[str, Any]:
    """What ollama_unit_info tells of a server that runs as its unit says."""
    return {
        "unit": "llm.service", "exists": True, "load_state": "loaded", "active_state": "active", "enabled": True, "has_run": True,
        "first_run": False, "wrapper": None, "conflicts": [], "dropin_errors": [], "version": "0.30.1", "listens_beyond_loopback": False,
        "environment_predicted": {}, "restart_due": False, "restart_reasons": [], "restart_unloads": [], "pending": [], **changes,
    }  # fmt: skip


def declared(**changes: Any) -> Declared:
    return Declared(environment={}, **changes)


WINS = {"wins": True, "message": "A: x sets '1', which wins over '2' of the drop-in"}
LOSES = {"wins": False, "message": "A: x sets '1', which loses to '2' of the drop-in"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"exists": False, "load_state": "not-found", "wrapper": "sh"}, "llm.service is not-found on this host: install Ollama with its vendor's installer"),
        ({"load_state": "masked"}, "llm.service is masked on this host: install Ollama"),
        ({"wrapper": "/bin/x, which sets A itself"}, "llm.service starts the server by /bin/x, which sets A itself, so the settings of this role would not"),
        ({"conflicts": [LOSES, WINS, WINS], "version": "0.9.6"}, f"{WINS['message']}; {WINS['message']}. Change it there, or take the role's variable off"),
        ({"dropin_errors": ["a", "b"]}, "a; b"),
        ({"version": "0.9.6"}, "llm.service is Ollama 0.9.6 on this host, whose /api/ps does not tell a model's context: upgrade it to 0.10 or newer."),
    ],
)
def test_a_host_that_does_not_fit_is_refused_for_the_first_reason_alone(changes: dict[str, Any], sentence: str) -> None:
    (refusal,) = server_plan.refusals(told(**changes))
    assert refusal.startswith(sentence)


@pytest.mark.parametrize("version", [None, "0.0.0", "0.10.0", "0.30.0-rc1", "1.0", "built by hand"])
def test_a_release_that_is_new_enough_or_tells_nothing_goes_on(version: str | None) -> None:
    assert server_plan.refusals(told(version=version, conflicts=[LOSES])) == []


def test_a_value_that_does_not_count_any_more_and_an_open_port_are_warned_of() -> None:
    found = server_plan.warnings(told(conflicts=[LOSES, WINS], listens_beyond_loopback=True, environment_predicted={"OLLAMA_HOST": "0.0.0.0:1"}))
    assert found[0] == LOSES["message"]
    assert found[1].startswith("llm.service listens beyond loopback (OLLAMA_HOST is 0.0.0.0:1), and Ollama has no authentication: ")
    assert server_plan.warnings(told()) == []


@pytest.mark.parametrize("runs", [True, False])
def test_firewalld_is_told_of_where_a_server_is_open_to_others(runs: bool) -> None:
    (found,) = server_plan.warnings(told(listens_beyond_loopback=True, firewalld=runs, environment_predicted={"OLLAMA_HOST": "0.0.0.0:1"}))
    assert found.endswith(" firewalld runs on this host and is left as it is: its zones decide who reaches the port.") is runs


@pytest.mark.parametrize(
    ("given", "exists", "is_judged"),
    [
        ({"beginning": True}, True, True),
        ({"beginning": True}, False, True),
        ({"beginning": True, "place": GROUPED}, False, False),
        ({"beginning": True, "install": "missing", "ours": True}, False, False),
        ({"beginning": True, "install": "missing"}, True, True),
        ({"beginning": True, "install": "takeover"}, True, False),
        ({"beginning": True, "install": "takeover", "ours": True}, True, True),
        ({"install": "takeover"}, True, True),
        ({"may_come": True}, False, False),
        ({"may_come": True}, True, True),
        ({}, False, True),
    ],
)
def test_a_unit_that_is_still_to_be_written_is_not_judged(given: dict[str, Any], exists: bool, is_judged: bool) -> None:
    assert server_plan.is_judged(declared(**given), told(exists=exists), check_mode=True) is is_judged


def test_only_check_mode_expects_a_unit() -> None:
    assert server_plan.is_expected(declared(may_come=True), told(exists=False), check_mode=True) is True
    assert server_plan.is_expected(declared(may_come=True), told(exists=False), check_mode=False) is False


@pytest.mark.parametrize(
    ("given", "changes", "starts", "enables"),
    [
        ({}, {}, False, False),
        ({}, {"active_state": "failed"}, True, False),
        ({}, {"active_state": "activating"}, True, False),
        ({}, {"enabled": True}, True, False),
        ({}, {"enabled": True, "has_run": True}, False, False),
        ({"install": "missing", "ours": True}, {"first_run": True}, True, True),
        ({"install": "missing"}, {"first_run": True}, False, False),
        ({"install": "takeover"}, {"first_run": True}, True, True),
        ({"place": GROUPED}, {"first_run": True}, True, True),
        ({}, {"first_run": True}, False, False),
        ({"start": "true"}, {"has_run": True}, True, True),
        ({"start": "false", "place": GROUPED}, {"first_run": True, "active_state": "failed"}, False, False),
    ],
)
def test_which_stopped_server_is_started_and_enabled(given: dict[str, Any], changes: dict[str, Any], starts: bool, enables: bool) -> None:
    stopped = told(**{"active_state": "inactive", "enabled": False, "has_run": False, **changes})
    found = server_plan.acts(declared(**given), stopped)
    assert (found.starts, found.enables, found.runs) == (starts, enables, starts)


@pytest.mark.parametrize(("restart", "due", "restarts"), [("auto", True, True), ("now", True, True), ("never", True, False), ("auto", False, False)])
def test_a_server_that_is_due_restarts_unless_it_may_not(restart: str, due: bool, restarts: bool) -> None:
    assert server_plan.acts(declared(restart=restart), told(restart_due=due)).restarts is restarts


RUNS, STOPPED = Acts(False, False, False, True), Acts(False, False, False, False)


@pytest.mark.parametrize(
    ("acts", "changes", "kept", "due"),
    [
        (RUNS, {}, False, False),
        (RUNS, {}, True, True),
        (RUNS, {"restart_due": True}, True, False),
        (STOPPED, {"version": None}, True, False),
        (RUNS, {"version": None}, False, True),
        (Acts(False, False, True, True), {}, False, True),
        (Acts(True, False, False, True), {}, False, False),
        (Acts(True, False, False, True), {"active_state": "failed"}, False, True),
        (Acts(True, True, False, True), {"enabled": False}, False, True),
    ],
)
def test_a_server_is_looked_after_until_it_answers_with_what_was_declared(acts: Acts, changes: dict[str, Any], kept: bool, due: bool) -> None:
    assert server_plan.is_due(acts, told(**changes), kept) is due


@pytest.mark.parametrize(
    ("restart", "unloads", "said"),
    [
        ("auto", [], ["llm.service restarts when it is idle, which unloads no model: X; Y"]),
        ("now", [], ["llm.service restarts, which unloads no model: X; Y"]),
        ("never", None, ["a restart of llm.service is pending (ollama_server_restart is never), which unloads whatever is resident: X; Y"]),
        ("never", ["a", "b"], ["a restart of llm.service is pending (ollama_server_restart is never), which unloads a and b: X; Y"]),
        ("auto", ["a", "b"], []),
        ("now", None, []),
    ],
)
def test_a_restart_is_said_with_why_unless_it_will_be_warned_of(restart: str, unloads: list[str] | None, said: list[str]) -> None:
    due = told(restart_due=True, restart_reasons=["X", "Y"], restart_unloads=unloads)
    assert list(server_plan.notices(declared(restart=restart), RUNS, due)) == said


def test_what_counts_at_the_next_start_only_is_said_unless_that_comes() -> None:
    pending = told(pending=["X", "Y"])
    (sentence,) = server_plan.notices(declared(), RUNS, pending)
    assert sentence == "llm.service is not restarted for these, which take effect at its next start: X; Y"
    assert list(server_plan.notices(declared(), Acts(False, False, True, True), pending)) == []


@pytest.mark.parametrize(
    ("start", "enabled", "why"),
    [
        ("false", True, "not to be started (ollama_server_start is false)"),
        ("auto", True, "stopped, and had run before (ollama_server_start: true starts it)"),
        ("auto", False, "disabled (ollama_server_start: true starts it)"),
    ],
)
def test_a_stopped_server_that_stays_so_is_said_with_the_reason(start: str, enabled: bool, why: str) -> None:
    (sentence,) = server_plan.notices(declared(start=start), STOPPED, told(active_state="inactive", enabled=enabled))
    assert sentence == f"llm.service does not run and is left so, since it is {why}: no model is in memory"
