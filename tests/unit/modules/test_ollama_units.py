# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of units from wherever a host is to how it is wanted, through the module, before a manager that has loaded what it read last."""

from __future__ import annotations

import os
import pathlib
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import scratch
from ansible_collections.keepwarm.ollama.plugins.module_utils._units import carry_out
from support.direct import Applying
from support.systemd_manager import UNITS, Systemd

MARK = "# Ansible managed (keepwarm.ollama.ollama_warmup)\n"
TIMER = f"{MARK}[Timer]\nOnUnitInactiveSec=240s\n\n[Install]\nWantedBy=timers.target\n"
PASS = f"{MARK}[Service]\nType=oneshot\nExecStart=/bin/true\n\n[Install]\nWantedBy=ollama.service\nWantedBy=suspend.target hibernate.target\n"
GATE = f"{MARK}[Service]\nType=oneshot\nExecStart=/bin/true\n"
CONFIGURATION = "/etc/ollama-warmup/default.json"
DROPIN = "50-ollama-warm-gate.conf"


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    made = Systemd(tmp_path / "host")
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command, **options: made.run(command, **options))
    return made


@pytest.fixture
def units(host: Systemd) -> Applying:
    host.write(CONFIGURATION, "{}")
    return Applying(host.root)


def options(timer: str = TIMER, gate: str = "", gated: Sequence[str] = (), passes: str = PASS) -> dict[str, Any]:
    wanted = [
        {"name": "ollama-warmup.service", "content": passes, "when_older": "stop", "follows": [CONFIGURATION]},
        {"name": "ollama-warm-gate.service", "content": gate},
        {"name": "ollama-warmup.timer", "content": timer, "active": True, "when_older": "restart", "follows": [CONFIGURATION]},
    ]
    return {
        "role": "ollama_warmup",
        "units": wanted,
        "dropins": [{"unit": unit, "content": f"{MARK}[Unit]\nRequires=ollama-warm-gate.service\n"} for unit in gated],
        "dropin_name": DROPIN,
    }


def thrice(entrance: Applying, host: Systemd, **wanted: Any) -> list[str]:
    """What a run did; check mode must have said the same, and a second run must find nothing to do."""
    host.calls.clear()
    expected = entrance.succeed(check=True, **wanted)
    assert host.calls == []
    done = entrance.succeed(**wanted)
    assert done["steps"] == expected["steps"]
    host.calls.clear()
    again = entrance.succeed(**wanted)
    assert (again["changed"], again["steps"], again["diff"], host.calls) == (False, [], [], [])
    return list(done["steps"])


def test_a_host_without_any_gets_them(units: Applying, host: Systemd) -> None:
    assert thrice(units, host, **options()) == [
        f"write {UNITS}/ollama-warmup.service",
        f"write {UNITS}/ollama-warmup.timer",
        "daemon-reload",
        "enable ollama-warmup.service",
        "enable ollama-warmup.timer",
        "start ollama-warmup.timer",
    ]
    assert os.readlink(f"{host.root}{UNITS}/hibernate.target.wants/ollama-warmup.service") == f"{UNITS}/ollama-warmup.service"


def test_a_file_that_was_written_and_never_read_is_read(units: Applying, host: Systemd) -> None:
    """As a play leaves it that was killed between two units."""
    units.succeed(**options())
    host.set("ollama-warmup.timer", "active", "waiting", since=-3600)
    host.write(f"{UNITS}/ollama-warmup.timer", TIMER.replace("240s", "60s"))
    assert thrice(units, host, **options(timer=TIMER.replace("240s", "60s"))) == ["daemon-reload", "restart ollama-warmup.timer"]
    assert "60s" in host.read["ollama-warmup.timer"][0]


@pytest.mark.parametrize("killed_at", ["write", "daemon-reload", "reenable", "restart", "start"])
def test_a_run_that_was_killed_anywhere_is_finished_by_the_next(units: Applying, host: Systemd, monkeypatch: pytest.MonkeyPatch, killed_at: str) -> None:
    units.succeed(**options())
    host.set("ollama-warmup.timer", "active", "waiting", since=-3600)
    host.set("ollama-warmup.service", "inactive", "dead")
    os.unlink(f"{host.root}{UNITS}/timers.target.wants/ollama-warmup.timer")
    changed = options(timer=TIMER.replace("240s", "60s"), passes=PASS.replace("true", "false"))
    if killed_at == "start":
        host.state.clear()

    def run(_module: Any, command: Sequence[str], **given: Any) -> tuple[int, str, str]:
        if command[1] == killed_at:
            raise KeyboardInterrupt
        return host.run(command, **given)

    with monkeypatch.context() as patched:
        patched.setattr(AnsibleModule, "run_command", run)
        if killed_at == "write":
            patched.setattr(carry_out, "replace_file", _dying(carry_out.replace_file))
        with pytest.raises(KeyboardInterrupt):
            units.succeed(**changed)
    assert thrice(units, host, **changed) != []
    assert {name: host.read[name] for name in host.read} == {name: host.disk(name) for name in host.read}
    assert "60s" in host.read["ollama-warmup.timer"][0] and "false" in host.read["ollama-warmup.service"][0]
    assert host.state["ollama-warmup.timer"][2] > time.monotonic() - 60
    assert host.exists(f"{UNITS}/timers.target.wants/ollama-warmup.timer")


def _dying(write: Any) -> Any:
    """Killed after the first file."""
    seen: list[str] = []

    def call(path: str, *arguments: Any, **given: Any) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(path)
        write(path, *arguments, **given)

    return call


def test_a_pass_of_a_former_configuration_ends_and_another_begins(units: Applying, host: Systemd) -> None:
    units.succeed(**options())
    host.set("ollama-warmup.service", "activating", "start", since=-100)
    host.set("ollama-warmup.timer", "active", "running", since=-3600)
    host.write(CONFIGURATION, '{"url": "http://127.0.0.1:11500"}')
    assert thrice(units, host, **options()) == ["stop ollama-warmup.service", "restart ollama-warmup.timer"]


def test_a_pass_of_the_present_configuration_goes_on(units: Applying, host: Systemd) -> None:
    units.succeed(**options())
    host.set("ollama-warmup.service", "activating", "start")
    assert thrice(units, host, **options()) == []


def test_a_pass_unit_that_remains_after_its_exit_is_stopped(units: Applying, host: Systemd) -> None:
    units.succeed(**options())
    host.set("ollama-warmup.service", "active", "exited")
    assert thrice(units, host, **options()) == ["stop ollama-warmup.service"]


def test_a_file_of_the_future_restarts_nothing(units: Applying, host: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    units.succeed(**options())
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real - 86400)
    assert thrice(units, host, **options()) == []


def test_a_first_drop_in_that_the_manager_did_not_notice_is_read(units: Applying, host: Systemd) -> None:
    """Up to systemd 256 NeedDaemonReload stays no."""
    units.succeed(**options())
    host.write(f"{UNITS}/ollama-warmup.service.d/mine.conf", "[Service]\nNice=5\n")
    host.write(f"{UNITS}/ollama-warmup.service.d/empty.conf", "")
    host.write(f"{UNITS}/ollama-warmup.service.d/notes.txt", "x")
    assert units.succeed(**options())["steps"] == ["daemon-reload"]
    assert host.calls[-1] == "daemon-reload"


def test_a_gate_comes_and_goes_with_its_drop_ins(units: Applying, host: Systemd) -> None:
    host.write(f"{UNITS}/my-api.service", "[Service]\n")
    host.write(f"{UNITS}/my-api.service.d/mine.conf", "[Service]\n")
    gate = GATE.replace("[Service]", "[Unit]\nRefuseManualStop=yes\n[Service]")
    units.succeed(**options())
    thrice(units, host, **options(gate=gate, gated=["my-api.service", "later.service"]))
    assert units.succeed(**options(gate=gate, gated=["my-api.service", "later.service"]))["absent"] == ["later.service"]
    host.set("ollama-warm-gate.service", "activating", "start")
    host.write(f"{UNITS}/other.service.d/{DROPIN}", "[Unit]\n")
    assert thrice(units, host, **options()) == [
        f"remove {UNITS}/later.service.d/{DROPIN}",
        f"remove {UNITS}/my-api.service.d/{DROPIN}",
        f"remove {UNITS}/ollama-warm-gate.service",
        "daemon-reload",
        "stop ollama-warm-gate.service",
    ]
    assert (host.exists(f"{UNITS}/later.service.d"), host.exists(f"{UNITS}/my-api.service.d/mine.conf")) == (False, True)
    assert host.exists(f"{UNITS}/other.service.d/{DROPIN}")  # of others


def test_what_is_not_wanted_any_more_stops_before_its_file_goes(units: Applying, host: Systemd) -> None:
    units.succeed(**options())
    done = thrice(units, host, **options(timer="", passes=""))
    assert done[0] == "stop ollama-warmup.timer" and done[-1] == "daemon-reload"
    assert [name for name in os.listdir(host.root + UNITS) if "ollama-warmup" in name] == []
    assert not host.exists(f"{UNITS}/timers.target.wants/ollama-warmup.timer")


def test_a_pass_that_ends_starts_no_target_that_stays(units: Applying, host: Systemd) -> None:
    def target(content: str) -> dict[str, Any]:
        return {"name": "ollama-warm.target", "content": content}

    there, gone = options(), options(timer="", passes="")
    units.succeed(**{**there, "units": [*there["units"], target(f"{MARK}[Unit]\n")]})
    host.set("ollama-warmup.service", "activating", "start")
    host.succeeded = {"ollama-warmup.service": "ollama-warm.target"}
    done = thrice(units, host, **{**gone, "units": [*gone["units"], target("")]})
    assert done[:3] == ["stop ollama-warmup.timer", "stop ollama-warmup.service", "stop ollama-warm.target"]
    assert "ollama-warm.target" not in host.state


def test_files_of_others_are_refused_where_one_is_wanted_and_left_where_none_is(units: Applying, host: Systemd) -> None:
    host.write(f"{UNITS}/ollama-warmup.timer", "[Timer]\n")
    assert units.fail(**options()).startswith(f"{UNITS}/ollama-warmup.timer was not made by keepwarm.ollama.ollama_warmup")
    assert (host.calls, os.listdir(host.root + UNITS)) == ([], ["ollama-warmup.timer"])
    units.succeed(**options(timer=""))
    assert host.text(f"{UNITS}/ollama-warmup.timer") == "[Timer]\n"


def test_what_systemd_does_not_accept_is_not_written(units: Applying, host: Systemd) -> None:
    host.verdict = "Failed to parse OnUnitInactiveSec"
    assert units.fail(**options()) == "systemd does not accept the units: ollama-warmup.service:3: Failed to parse OnUnitInactiveSec"
    assert (os.listdir(host.root + UNITS), os.path.exists(scratch.SCRATCH)) == ([], False)


def test_a_scratch_folder_is_root_s_alone_and_that_of_a_killed_run_goes(units: Applying, monkeypatch: pytest.MonkeyPatch) -> None:
    left = pathlib.Path(scratch.SCRATCH) / "99999999-killed"
    left.mkdir()
    modes: list[int] = []
    made = tempfile.TemporaryDirectory.__enter__
    monkeypatch.setattr(tempfile.TemporaryDirectory, "__enter__", lambda folder: modes.append(os.stat(folder.name).st_mode & 0o777) or made(folder))
    units.succeed(**options())
    assert (modes, left.exists()) == ([0o700], False)
