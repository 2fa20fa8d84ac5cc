# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's table."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._fleet_table import fleet_table

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)
LISTED = {"forever": False, "expires_at": "2026-11-21T12:04:30Z", "processor": "25%/75% CPU/GPU", "context_length": 512}


def said(code: int, result: str, *models: dict[str, Any]) -> dict[str, Any]:
    return {"rc": code, "stdout": json.dumps({"exit": code, "result": result, "models": models}), "stderr": ""}


def model(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "policy": "pin", "required": True, "resident": True, "drift": [], "after": LISTED, **changes}


def lines(results: dict[str, Any]) -> list[list[str]]:
    return [[cell for cell in line.split("  ") if cell] for line in fleet_table(results, NOW).splitlines()]


def test_each_model_of_each_host_has_a_line() -> None:
    forever = {**LISTED, "forever": True, "processor": "100% GPU"}
    table = [[cell.strip() for cell in line] for line in lines({
        "gpu1": said(0, "warm", model(after=forever), model(name="b", policy="warm", required=False)),
        "gpu2": said(1, "not warm", model(resident=False, after=None, drift=["not_loaded"])),
    })]  # fmt: skip
    assert table == [
        ["HOST", "MODEL", "POLICY", "STATE", "UNTIL", "PROCESSOR", "CONTEXT", "DRIFT"],
        ["gpu2", "a", "pin", "not resident", "-", "-", "-", "not_loaded"],
        ["gpu2", "-", "-", "not warm", "-", "-", "-", "-"],
        ["gpu1", "a", "pin", "resident", "for ever", "100% GPU", "512", "-"],
        ["gpu1", "b", "warm (optional)", "resident", "in 4 minutes", "25%/75% CPU/GPU", "512", "-"],
        [],
        ["1 of 2 hosts warm"],
    ]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "unreachable"),
        ({"unreachable": True}, "unreachable"),
        ({"rc": 127, "stdout": "", "stderr": "env: No such file"}, "no ollama-warmup here"),
        ({"msg": "no such module"}, "no ollama-warmup here"),
        ({"rc": 2, "stdout": "", "stderr": "ollama-warmup: bad\n"}, "ollama-warmup: bad"),
        ({"rc": 7, "stdout": "[]", "stderr": ""}, "status ended with 7"),
        (said(4, "stopped by an operator"), "nothing declared"),
        ({"rc": 124, "stdout": "", "stderr": ""}, "did not answer in time"),
        ({"rc": 137, "stdout": "", "stderr": ""}, "did not answer in time"),
    ],
)
def test_a_host_without_a_status_says_why(result: Any, words: str) -> None:
    table = fleet_table({"gpu1": result}, NOW)
    assert words in table
    assert table.endswith("0 of 1 hosts warm")


def test_each_server_of_a_host_has_its_lines_and_all_of_them_make_it_warm() -> None:
    several = {"exit": 1, "instances": [json.loads(said(0, "warm", model())["stdout"]) | {"instance": "one"},
                                        json.loads(said(1, "not warm", model(resident=False, after=None))["stdout"]) | {"instance": "two"}]}  # fmt: skip
    table = [[cell.strip() for cell in line[:5]] for line in lines({
        "gpu1": {"rc": 1, "stdout": json.dumps(several)},
        "gpu2": said(0, "warm", model()),
        "gpu3": None,
    })]  # fmt: skip
    assert table == [
        ["HOST", "INSTANCE", "MODEL", "POLICY", "STATE"],
        ["gpu3", "-", "-", "-", "unreachable"],
        ["gpu1", "one", "a", "pin", "resident"],
        ["gpu1", "two", "a", "pin", "not resident"],
        ["gpu1", "two", "-", "-", "not warm"],
        ["gpu2", "-", "a", "pin", "resident"],
        [],
        ["1 of 3 hosts warm"],
    ]


def test_a_host_one_of_whose_servers_cannot_be_looked_at_is_not_warm() -> None:
    left_out = {"exit": 2, "instances": [json.loads(said(0, "warm", model())["stdout"]) | {"instance": "one"}]}
    results = {"gpu1": {"rc": 2, "stdout": json.dumps(left_out)}}
    assert fleet_table(results, NOW).endswith("0 of 1 hosts warm")
    assert [row for row in short(results) if row[:1] == ["gpu1"]] == [["gpu1", "-", "-", "not warm: a server could not be looked at", "-", "-", "-", "-"]]


@pytest.mark.parametrize("models", [5, ["a"], [{}], [model(drift=[5])], [model(after="x")]])
def test_a_status_that_cannot_be_read_costs_the_others_nothing(models: Any) -> None:
    odd = {"rc": 0, "stdout": json.dumps({"exit": 0, "result": "warm", "models": models})}
    table = fleet_table({"gpu1": odd, "gpu2": said(0, "warm", model())}, NOW)
    assert "its status cannot be read" in table
    assert "resident" in table


def test_a_name_that_is_no_text_is_shown_all_the_same() -> None:
    assert lines({"gpu1": said(1, ["odd"], model(name=5, policy=["pin"]))})[1][1].strip() == "5"  # type: ignore[arg-type]


LOST = model(resident=False, after=None, drift=["not_loaded"])
SPILLED = model(drift=["spilled"])


def short(results: dict[str, Any], groups: dict[str, list[str]] | None = None) -> list[list[str]]:
    """The table as the play shows it by default."""
    table = fleet_table(results, NOW, groups, everything=False)
    return [[cell.strip() for cell in line.split("  ") if cell] for line in table.splitlines()]


def test_the_worst_host_comes_first_and_gpu2_before_gpu10() -> None:
    rows = short({
        "gpu10": said(1, "not warm", LOST), "gpu3": said(0, "warm", SPILLED), "gpu2": said(1, "not warm", LOST), "gpu4": said(5, "on hold", LOST),
        "gpu1": None, "gpu5": said(0, "nothing declared"), "gpu6": said(3, "server unreachable", LOST),
    })  # fmt: skip
    assert list(dict.fromkeys(row[0] for row in rows[1:] if len(row) > 1)) == ["gpu1", "gpu6", "gpu2", "gpu10", "gpu3", "gpu4", "gpu5"]


def test_what_is_warm_is_a_number_and_of_the_others_only_what_is_wrong_is_listed() -> None:
    rows = short({"gpu1": said(0, "warm", model()), "gpu2": said(1, "not warm", model(name="b"), LOST), "gpu3": said(0, "warm", model())})
    assert rows[1:] == [
        ["gpu2", "a", "pin", "not resident", "-", "-", "-", "not_loaded"],
        ["gpu2", "-", "-", "not warm", "-", "-", "-", "-"],
        [],
        ["2 that are warm are not listed (-e keepwarm_show_all=true shows them)"],
        ["2 of 3 hosts warm"],
    ]
    assert short({"gpu1": said(0, "warm", model())}) == [["1 that are warm are not listed (-e keepwarm_show_all=true shows them)"], ["1 of 1 hosts warm"]]


def test_each_group_that_is_a_part_of_the_hosts_has_a_line() -> None:
    results = {"gpu1": said(0, "warm", model()), "gpu2": said(1, "not warm", LOST), "gpu3": said(0, "warm", SPILLED), "gpu4": said(5, "on hold", LOST)}
    groups = {"all": [*results], "rack_b": ["gpu3", "gpu4"], "rack_a": ["gpu1", "gpu2", "web1"], "web": ["web1"], "empty": []}
    table = short(results, groups)
    start = next(number for number, row in enumerate(table) if row[:1] == ["GROUP"])
    assert table[start : start + 3] == [
        ["GROUP", "HOSTS", "WARM", "DEGRADED", "HELD", "NOTHING DECLARED", "NOT WARM"],
        ["rack_a", "2", "1", "0", "0", "0", "1"],
        ["rack_b", "2", "1", "1", "1", "0", "0"],
    ]


def test_a_table_of_five_hundred_hosts_has_the_lines_of_those_that_are_not_well() -> None:
    well, ill = said(0, "warm", *[model(name=f"m{one}") for one in range(8)]), said(1, "not warm", LOST)
    results = {f"gpu{number}": well if number % 50 else ill for number in range(500)}
    table = short(results, {f"rack{rack}": [f"gpu{number}" for number in range(500) if number % 20 == rack] for rack in range(20)})
    assert len(table) == 1 + 2 * 10 + 1 + 1 + 20 + 1 + 2
    assert table[-1] == ["490 of 500 hosts warm"]
