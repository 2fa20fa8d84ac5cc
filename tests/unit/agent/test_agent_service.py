# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which states of the server's unit count as an operator's word."""

from __future__ import annotations

import pathlib

import pytest
from ollama_warmup import service
from ollama_warmup.cli import condition as condition_module
from ollama_warmup.cli.condition import condition
from ollama_warmup.cli.main import main
from support.agent import STOPPED, Agent

STATES = [
    # LoadState, ActiveState, Result, of a unit that was started in this boot: stopped by an operator?
    ("loaded", "active", "success", False),
    ("loaded", "activating", "success", False),
    ("loaded", "activating", "exit-code", False),  # systemd restarts it by itself
    ("loaded", "inactive", "success", True),
    ("loaded", "deactivating", "success", True),
    ("loaded", "deactivating", "watchdog", False),
    ("loaded", "failed", "exit-code", False),
    ("loaded", "failed", "oom-kill", False),
    ("masked", "inactive", "success", True),
    ("not-found", "inactive", "success", False),
]


@pytest.mark.parametrize(("load", "active", "result", "stopped"), STATES)
def test_a_unit_is_stopped_when_it_is_down_without_having_failed(load: str, active: str, result: str, stopped: bool) -> None:
    unit = {"LoadState": load, "ActiveState": active, "Result": result}
    assert service.is_stopped({**unit, "InactiveExitTimestampMonotonic": "7000000"}) is stopped


@pytest.mark.parametrize(("load", "stopped"), [("loaded", False), ("masked", True), ("not-found", False)])
@pytest.mark.parametrize("never", [{"InactiveExitTimestampMonotonic": "0"}, {}])
def test_a_unit_that_was_not_started_in_this_boot_was_stopped_by_nobody(load: str, stopped: bool, never: dict[str, str]) -> None:
    assert service.is_stopped({"LoadState": load, "ActiveState": "inactive", "Result": "success", **never}) is stopped


def test_a_host_without_systemd_tells_nothing_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert service.unit_state("ollama.service") == service.unit_environment("ollama.service") == {}
    assert service.is_stopped({}) is False


@pytest.mark.parametrize(
    ("shown", "environment"),
    [
        ("", {}),
        ("Environment=", {}),
        ("Environment=PATH=/bin CUDA_VISIBLE_DEVICES=GPU-aa,GPU-bb", {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "GPU-aa,GPU-bb"}),
        ('Environment="CUDA_VISIBLE_DEVICES=0, 1" A=b=c', {"CUDA_VISIBLE_DEVICES": "0, 1", "A": "b=c"}),
        ('Environment="A=b', {}),
    ],
)
def test_what_a_units_files_give_its_process_is_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, shown: str, environment: dict[str, str]
) -> None:
    (tmp_path / "said").write_text(f"{shown}\n")
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\n[ "$*" = "show --property Environment -- two.service" ] && exec cat {tmp_path}/said\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert service.unit_environment("two.service") == environment


@pytest.mark.parametrize(("configuration", "asked"), [('{"unit": "two.service"}', "two.service"), ("garbage", "ollama.service"), ("[1]", "ollama.service")])
def test_the_condition_asks_for_the_configured_unit(agent: Agent, monkeypatch: pytest.MonkeyPatch, configuration: str, asked: str) -> None:
    units: list[str] = []

    def state(unit: str) -> dict[str, str]:
        units.append(unit)
        return STOPPED

    monkeypatch.setattr(condition_module, "unit_state", state)
    with open(agent.instance.configuration, "w", encoding="utf-8") as file:
        file.write(configuration)
    assert (condition(agent.instance), set(units)) == (4, {asked})


def test_a_condition_that_cannot_be_told_fails_the_pass_and_does_not_skip_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--instance", "a/b", "condition"]) == 255
    assert "is not a name" in capsys.readouterr().err


def test_a_skipped_pass_is_not_marked_warm(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.run("a")
    monkeypatch.setattr(condition_module, "unit_state", lambda _unit: STOPPED)
    assert (condition(agent.instance), agent.is_marked_warm) == (4, False)
