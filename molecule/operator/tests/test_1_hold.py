# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator at work is not fought: by no pass, over a reboot, by no play."""

from __future__ import annotations

import json
import pathlib

from conftest import Passes
from shared.gpu import PINS, SHARED, Gpu, eventually
from shared.machine import Outcome, play

SCENARIO = pathlib.Path(__file__).parents[1]


def hold(gpu: Gpu, length: str = "2h") -> Passes:
    """The passes from the first that is skipped on: no earlier one is still at work."""
    passes = Passes(gpu)
    gpu.run(f"ollama-warmup hold {length} --reason 'new GPU'")
    passes.wait(skipped=True, count=1)
    return passes


def noted(gpu: Gpu, cursor: str, event: str) -> int:
    """How often the journal tells of it."""
    gpu.run("journalctl --sync")
    lines = gpu.run(f"journalctl --quiet --output=cat --identifier=ollama-warmup --after-cursor='{cursor}'").splitlines()
    return sum(line.split()[:1] == [f"event={event}"] for line in lines)


def site(*options: str) -> Outcome:
    inventories = [SHARED / "inventory.yml", SCENARIO / "inventory.yml"]
    return play("site", inventories, *options, ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")


def test_a_model_that_was_unloaded_on_hold_stays_away_until_the_release(gpu: Gpu) -> None:
    cursor = gpu.cursor()
    passes = hold(gpu)
    gpu.ask("tiny-a", "0s")
    passes.wait(skipped=True, count=3)
    assert set(gpu.listed()) == {"embed:latest"}
    assert gpu.runner("tiny-a") == ""
    assert gpu.targets() == ["active", "inactive"]  # a hold makes no host cold
    assert gpu.run("systemctl list-units --failed --plain --no-legend") == ""
    gpu.run("ollama-warmup release")
    eventually(gpu.is_warm)
    assert (noted(gpu, cursor, "hold"), noted(gpu, cursor, "release"), noted(gpu, cursor, "hold_expired")) == (1, 1, 0)


def test_a_hold_is_told_by_each_command_and_none_of_them_loads(gpu: Gpu) -> None:
    hold(gpu)
    gpu.ask("tiny-a", "0s")
    eventually(lambda: gpu.runner("tiny-a"), "")
    statuses = {command: gpu.host.run(f"ollama-warmup {command}") for command in ("status", "run", "check")}
    assert {command: done.rc for command, done in statuses.items()} == {"status": 5, "run": 5, "check": 1}
    assert all("new GPU; 'ollama-warmup release' ends it" in done.stdout + done.stderr for done in statuses.values())
    assert json.loads(gpu.host.run("ollama-warmup status --json").stdout)["hold"]["reason"] == "new GPU"
    assert gpu.runner("tiny-a") == ""


def test_a_hold_outlasts_a_reboot(gpu: Gpu) -> None:
    hold(gpu)
    gpu.reboot()
    gpu.run("curl --fail --silent --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:11434/api/version")
    Passes(gpu).wait(skipped=True)
    assert gpu.run("curl --fail --silent http://127.0.0.1:11434/api/ps").strip() == '{"models":[]}'
    assert gpu.targets() == ["inactive", "inactive"]
    gpu.run("ollama-warmup release")
    eventually(gpu.is_warm)


def test_the_time_runs_out_and_the_host_heals(gpu: Gpu) -> None:
    cursor = gpu.cursor()
    hold(gpu)
    gpu.ask("tiny-a", "0s")
    eventually(lambda: gpu.runner("tiny-a"), "")
    until = gpu.run("ollama-warmup hold 5s").partition(" until ")[2].partition(" by ")[0].strip()  # in place of the other
    eventually(gpu.is_warm)
    begun = gpu.run(f"ps --format=lstart= --pid={gpu.runner('tiny-a')}").strip()
    assert int(gpu.run(f"date --date='{begun}' +%s")) >= int(gpu.run(f"date --date='{until}' +%s")) - 1  # both in whole seconds
    Passes(gpu).wait(skipped=False)
    assert (noted(gpu, cursor, "hold"), noted(gpu, cursor, "hold_expired"), noted(gpu, cursor, "release")) == (2, 1, 0)


def test_a_play_leaves_the_host_out_and_its_result_says_so(gpu: Gpu) -> None:
    hold(gpu)
    gpu.ask("tiny-a", "0s")
    for options in ((), ("--check",)):
        done = site(*options)
        assert done.status != 0
        assert done.changed == []
        assert done.output.rindex("PLAY [Name the hosts that were left out]") < done.output.rindex("fatal: [gpu1]")
        assert "This host is on hold until" in done.messages["gpu1"]
        assert "new GPU. Wait, run 'ollama-warmup release' on it, or set ollama_warmup_override_hold." in done.messages["gpu1"]
    assert set(gpu.listed()) == {"embed:latest"}


def test_a_play_that_overrides_the_hold_makes_the_host_warm_and_leaves_the_hold_on(gpu: Gpu) -> None:
    passes = hold(gpu)
    gpu.ask("tiny-a", "0s")
    eventually(lambda: gpu.runner("tiny-a"), "")
    done = site("--extra-vars=ollama_warmup_override_hold=true")
    assert done.status == 0, done.output
    assert gpu.pinned() == set(PINS)
    assert gpu.host.run("ollama-warmup status").rc == 5
    passes.wait(skipped=True, count=2)


def test_garbage_holds_nothing_and_is_told(gpu: Gpu) -> None:
    gpu.run("echo garbage > /var/lib/ollama-warmup/default.hold && touch --date=tomorrow /var/lib/ollama-warmup/default.hold")
    gpu.ask("tiny-a", "0s")
    eventually(gpu.is_warm)
    assert "warning: /var/lib/ollama-warmup/default.hold tells no hold" in gpu.run("ollama-warmup status")
    gpu.run("rm /var/lib/ollama-warmup/default.hold")


def test_only_root_may_hold_and_only_where_root_alone_writes(gpu: Gpu) -> None:
    refused = gpu.host.run("setpriv --reuid=ollama-warmup --clear-groups ollama-warmup hold 2h")
    assert (refused.rc, refused.stderr.strip()) == (2, "ollama-warmup: only root may put a host on hold, drain it, or end that: use sudo")
    hold(gpu)
    assert gpu.run("stat --format='%U %a' /var/lib/ollama-warmup /var/lib/ollama-warmup/default.hold").split() == ["root", "755", "root", "644"]
