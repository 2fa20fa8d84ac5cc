# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on hold: no pass, nothing hidden, and the end told once."""

from __future__ import annotations

import json
import os
import pathlib
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from keepwarm._residency.server.hold_file import Hold, read_hold, write_hold
from keepwarm._residency.values.model_name import ModelName
from ollama_warmup import exits
from ollama_warmup.cli import commands, hold_commands, waiting
from ollama_warmup.cli.condition import condition
from ollama_warmup.cli.main import main
from ollama_warmup.ready import rule
from ollama_warmup.state.hold import current_drain
from ollama_warmup.state.state_file import StateFile
from support.agent import STOPPED, Agent, at_once

Call = Callable[..., int]


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the commands note in the journal."""
    lines: list[str] = []
    monkeypatch.setattr("syslog.syslog", lambda _priority, text: lines.append(text))
    return lines


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The units that systemd was asked to start."""
    units: list[str] = []
    monkeypatch.setattr(hold_commands, "start", lambda unit: units.append(unit) is None)
    return units


@pytest.fixture
def call(agent: Agent, journal: list[str], started: list[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """A command, as root or `user`."""
    agent.configure("a")
    monkeypatch.setenv("SUDO_USER", "alice")
    monkeypatch.setattr("ollama_warmup.cli.condition.unit_state", lambda _unit: agent.unit)
    monkeypatch.setattr(hold_commands, "unit_state", lambda _unit: {"ActiveState": "inactive"})
    monkeypatch.setattr(commands, "import_http_client", lambda _url: None)
    monkeypatch.setattr(waiting, "import_http_client", lambda _url: None)
    monkeypatch.setattr(waiting, "_POLL", 0.01)
    monkeypatch.setattr("ollama_warmup.passes.signals.install_signal_handlers", lambda: None)

    def run(*words: str, user: int = 0) -> int:
        monkeypatch.setattr("os.geteuid", lambda: user)
        return main(words, root=agent.instance.root)

    return run


def kept(agent: Agent) -> Hold | None:
    return read_hold(agent.instance.hold, time.time())


def end_hold(agent: Agent, ago: float) -> None:
    """As if the time had run out that many seconds ago."""
    now = time.time()
    write_hold(agent.instance.hold, Hold(until=now - ago, since=now - ago - 3600, reason="new GPU", by="alice"))


def test_a_hold_is_kept_and_noted_with_who_why_and_until(agent: Agent, call: Call, journal: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = time.time()
    assert call("hold", "2h", "--reason", "new GPU") == 0
    hold = kept(agent)
    assert hold is not None
    assert (hold.by, hold.reason) == ("alice", "new GPU")
    assert before + 7200 <= hold.until <= time.time() + 7200
    assert capsys.readouterr().out == f"This host is {hold}\n"
    assert [line.partition(" until=")[0] for line in journal] == ["event=hold instance=default"]
    assert journal[0].endswith(' by=alice reason="new GPU"')


def test_a_second_hold_takes_the_place_of_the_first(agent: Agent, call: Call) -> None:
    call("hold", "2h")
    call("hold", "1m", "--reason", "nearly done")
    hold = kept(agent)
    assert hold is not None
    assert (hold.reason, hold.until - hold.since) == ("nearly done", 60)


def test_a_pass_that_runs_is_said_to_go_on(call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(hold_commands, "unit_state", lambda _unit: {"ActiveState": "activating"})
    call("hold", "2h")
    assert capsys.readouterr().out.splitlines()[1] == "A pass is running, and comes to its end first."


@pytest.mark.parametrize(
    ("words", "user", "sentence"),
    [
        (("hold", "2h"), 999, "only root may put a host on hold"),
        (("drain", "2h"), 999, "only root may put a host on hold, drain it"),
        (("undrain",), 999, "only root may put a host on hold, drain it"),
        (("drain", "for ever"), 0, "'for ever' is not how long"),
        (("release",), 999, "only root may put a host on hold"),
        (("hold", "2 days"), 0, "'2 days' is not how long"),
        (("hold", "-1"), 0, "a hold of '-1' is not between"),
        (("--instance", "two", "hold", "2h"), 0, "there is no instance 'two' here"),
    ],
)
def test_a_hold_that_cannot_be_is_refused_in_a_sentence(
    agent: Agent, call: Call, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], user: int, sentence: str
) -> None:
    assert call(*words, user=user) == exits.BAD_CONFIGURATION
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"ollama-warmup: {sentence}")
    assert not os.path.exists(agent.instance.hold)


def test_a_release_ends_it_and_begins_a_pass(agent: Agent, call: Call, journal: list[str], started: list[str]) -> None:
    call("hold", "2h")
    assert call("release") == 0
    assert (kept(agent), started) == (None, ["ollama-warmup.service"])
    assert os.path.exists(agent.instance.wake)
    assert journal[1] == "event=release instance=default by=alice"


def test_a_release_follows_no_link_of_the_service_user_s(agent: Agent, call: Call, tmp_path: pathlib.Path) -> None:
    os.symlink(tmp_path / "elsewhere", agent.instance.wake)
    call("hold", "2h")
    assert call("release") == 0
    assert not (tmp_path / "elsewhere").exists()


def test_a_release_whose_pass_cannot_begin_says_so(call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(hold_commands, "start", lambda _unit: False)
    call("hold", "2h")
    assert call("release") == exits.NOT_RESIDENT
    assert "no pass could be begun" in capsys.readouterr().err


def test_a_release_of_nothing_does_nothing(call: Call, journal: list[str], started: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("release") == 0
    assert (journal, started, capsys.readouterr().out) == ([], [], "This host was not on hold\n")


@pytest.mark.parametrize("user", [0, 999])
def test_there_is_no_pass_on_hold_for_anybody(agent: Agent, call: Call, capsys: pytest.CaptureFixture[str], user: int) -> None:
    call("hold", "2h", "--reason", "new GPU")
    capsys.readouterr()
    assert call("run", user=user) == exits.ON_HOLD
    assert "by alice: new GPU; 'ollama-warmup release' ends it" in capsys.readouterr().err
    assert agent.server.calls == []


def test_the_unit_s_condition_skips_the_pass_and_takes_the_mark_away(agent: Agent, call: Call) -> None:
    agent.run("a")
    call("hold", "2h")
    assert call("condition", user=999) == exits.SKIPPED
    assert not agent.is_marked_warm
    call("release")
    assert call("condition", user=999) == exits.WARM


def test_what_the_condition_skips_with_is_no_success_to_the_unit() -> None:
    """SuccessExitStatus= holds good for ExecCondition=, too: such a status would begin the pass (seen with 252 and 257)."""
    unit = (pathlib.Path(__file__).parents[3] / "roles/ollama_warmup/templates/ollama-warmup.service.j2").read_text()
    successes = next(line for line in unit.splitlines() if line.startswith("SuccessExitStatus=")).partition("=")[2].split()
    assert str(exits.ON_HOLD) in successes
    assert {str(exits.SKIPPED), str(exits.STOPPED)}.isdisjoint(successes)


def test_a_stopped_server_comes_before_a_hold(agent: Agent, call: Call) -> None:
    call("hold", "2h")
    agent.unit = STOPPED
    assert condition(agent.instance) == exits.STOPPED
    assert call("status") == exits.STOPPED


@pytest.mark.parametrize("found", [{"Job": "42"}, {"ActiveState": "active"}])
def test_a_server_that_starts_while_the_condition_is_judged_gets_its_pass(
    agent: Agent, call: Call, monkeypatch: pytest.MonkeyPatch, found: dict[str, str]
) -> None:
    """systemd takes the pass that is about to be skipped for the one that the start of the server asks for."""
    looks = [STOPPED, {**STOPPED, **found}]
    monkeypatch.setattr("ollama_warmup.cli.condition.unit_state", lambda _unit: looks.pop(0))
    assert (call("condition"), looks) == (exits.WARM, [])
    monkeypatch.setattr("ollama_warmup.cli.condition.unit_state", lambda _unit: {**STOPPED, **found})
    assert condition(agent.instance) == exits.WARM


def test_status_tells_of_the_hold_and_of_the_last_pass(agent: Agent, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a")
    call("hold", "2h", "--reason", "new GPU")
    capsys.readouterr()
    assert call("status") == exits.ON_HOLD
    said = at_once(capsys.readouterr().out).splitlines()
    assert said[1].startswith("looked just now: warm")
    assert said[2].startswith("last pass just now: warm")
    assert said[3].endswith("by alice: new GPU; 'ollama-warmup release' ends it")
    assert said[6].split()[:3] == ["a", "pin", "resident"]


def test_status_tells_programs_of_the_hold(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("hold", "2h", "--reason", "new GPU")
    capsys.readouterr()
    call("status", "--json")
    seen = json.loads(capsys.readouterr().out)
    assert (seen["exit"], seen["result"], seen["hold"]["by"], seen["hold"]["reason"]) == (5, "on hold", "alice", "new GPU")
    call("release")
    capsys.readouterr()
    call("status", "--json")
    assert json.loads(capsys.readouterr().out)["hold"] is None


def test_check_still_looks(agent: Agent, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a")
    call("hold", "2h")
    assert call("check") == exits.WARM
    assert "on hold until" in capsys.readouterr().out


def test_wait_looks_for_itself_on_hold_and_says_so_once(agent: Agent, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("hold", "2h")
    agent.run("a")
    assert call("wait") == exits.WARM
    agent.server.unload(ModelName.parse("a"))  # the last pass still says warm
    capsys.readouterr()
    assert call("wait", "--timeout", "0.05") == exits.ON_HOLD
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said] == ["event=waiting", "event=wait_timed_out"]
    assert "on hold" in said[0]


def test_the_end_of_a_hold_is_told_once_by_the_first_pass_after_it(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a")
    state = agent.state
    assert state.last_pass is not None
    StateFile(agent.instance.state_folder).save(replace(state, last_pass=replace(state.last_pass, at=time.time() - 120)))
    end_hold(agent, ago=60)
    capsys.readouterr()
    agent.run("a")
    assert capsys.readouterr().err.startswith("event=hold_expired until=")
    agent.run("a")
    assert capsys.readouterr().err == ""


def test_a_hold_that_was_over_before_the_last_pass_is_no_news(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    end_hold(agent, ago=60)
    agent.run("a")
    capsys.readouterr()
    agent.run("a")
    assert capsys.readouterr().err == ""


def test_garbage_holds_nothing_and_is_told_once(agent: Agent, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path(agent.instance.hold).write_text("garbage")
    assert condition(agent.instance) == exits.WARM
    assert agent.run("a") == exits.WARM
    assert "tells no hold, and is taken for none" in capsys.readouterr().err
    agent.run("a")
    assert capsys.readouterr().err == ""
    assert call("status") == exits.WARM
    assert "warning: " in capsys.readouterr().out
    call("hold", "2h")
    assert kept(agent) is not None


def is_drained(agent: Agent) -> bool:
    return current_drain(agent.instance) is not None


def test_a_drain_is_told_to_balancers_at_once_and_lets_passes_go_on(agent: Agent, call: Call, journal: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert agent.run("a") == 0
    capsys.readouterr()
    assert call("drain", "2h", "--reason", "cables") == 0
    assert capsys.readouterr().out.startswith("This host is drained until ")
    assert journal[0].startswith("event=drain instance=default until=")
    assert (is_drained(agent), kept(agent)) == (True, None)
    assert rule.answer(agent.instance.readiness).word == "drain"
    assert agent.run("a") == 0
    assert rule.answer(agent.instance.readiness).word == "drain"


def test_an_undrain_begins_the_pass_that_makes_it_ready(agent: Agent, call: Call, started: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a")
    call("drain", "2h")
    assert call("undrain") == 0
    assert (is_drained(agent), started) == (False, [agent.instance.unit])
    assert rule.answer(agent.instance.readiness).word == "drain"
    agent.run("a")
    assert rule.answer(agent.instance.readiness).word == "resident"
    capsys.readouterr()
    assert call("undrain") == 0
    assert capsys.readouterr().out == "This host was not drained\n"


def test_an_upgrade_ends_its_own_drain_and_leaves_an_operator_s(agent: Agent, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("drain", "2h", "--reason", "cables")
    call("drain", "720h", "--for-upgrade")
    capsys.readouterr()
    assert call("undrain", "--for-upgrade") == 0
    assert capsys.readouterr().out.startswith("This host stays drained until ")
    assert is_drained(agent)
    call("undrain")
    assert not is_drained(agent)


def test_an_operator_s_undrain_ends_that_of_an_upgrade_that_nobody_finished(agent: Agent, call: Call) -> None:
    call("drain", "720h", "--for-upgrade")
    call("undrain")
    assert not is_drained(agent)


def test_a_hold_is_told_to_balancers_at_once(agent: Agent, call: Call) -> None:
    agent.run("a")
    call("hold", "2h")
    assert rule.answer(agent.instance.readiness).word == "hold"


@pytest.mark.parametrize("order", ["hold", "drain"])
def test_an_order_that_balancers_cannot_be_told_of_holds_and_says_so(
    agent: Agent, call: Call, journal: list[str], capsys: pytest.CaptureFixture[str], order: str
) -> None:
    """The folder is the service user's, who may have put anything there."""
    planted = pathlib.Path(f"{agent.instance.readiness}.order")
    planted.mkdir(parents=True)
    assert call(order, "1h") == 2
    said = capsys.readouterr()
    assert said.out.startswith("This host is ")
    assert said.err.startswith(f"ollama-warmup: {planted} cannot be used: ")
    assert os.path.exists(getattr(agent.instance, order)) and len(journal) == 1


def test_status_tells_a_drain(agent: Agent, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    agent.run("a")
    call("drain", "2h", "--reason", "cables")
    capsys.readouterr()
    assert call("status", user=999) == 0
    assert ": cables; 'ollama-warmup undrain' ends it" in capsys.readouterr().out
    call("status", "--json", user=999)
    assert json.loads(capsys.readouterr().out)["drain"]["text"].startswith("drained until ")
