# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the agent in which any value may be of the wrong kind: nothing that reads or shows them fails, and what is written is read back."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keepwarm._base.readers import read_value
from keepwarm._residency.values.model_name import ModelName
from ollama_warmup import exits
from ollama_warmup.cli.status import describe, status_data
from ollama_warmup.configuration import Metrics, parse
from ollama_warmup.events import Event
from ollama_warmup.metrics.sampling import Moment, samples
from ollama_warmup.notify import message, pending
from ollama_warmup.notify.pending import Pending
from ollama_warmup.passes import carry_over
from ollama_warmup.passes.changes import changes
from ollama_warmup.passes.restart import is_due, since_when
from ollama_warmup.state import state_file
from ollama_warmup.state.state import LastPass, State, parse_state, state_data
from ollama_warmup.state.state_file import StateFile
from ollama_warmup.watch.subjects import resident, retries
from support.agent import RUNNING, URL, Agent
from test_agent_state import FULL

Path = tuple[Any, ...]
ODD = st.sampled_from([float("nan"), float("inf"), -float("inf"), 10**30, -(10**30), 1e308, 2**62, -1, 0, True, None, "", "\x1b[31m\n\0", [], {}, [[]]])
ANY = st.recursive(
    ODD | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
LISTED = {
    "name": "qwen3:8b",
    "digest": "d" * 64,
    "expires_at": "2318-12-02T09:47:16Z",
    "forever": True,
    "context_length": 4096,
    "size": 9,
    "size_vram": 9,
    "processor": "100% GPU",
    "alive": True,
}
MODEL = {
    "name": "qwen3:8b",
    "model": "qwen3:8b",
    "policy": "pin",
    "required": True,
    "resident": True,
    "drift": ["spilled"],
    "cause": "evicted",
    "cause_evidence": "inferred",
    "action": "load",
    "before": LISTED,
    "after": LISTED,
    "load_seconds": 2.5,
    "failure": None,
}
STRAY = {"name": "x", "action": "set_expiry", "keep_alive": "5m"}
LAST = LastPass(
    at=1.5, seconds=0.25, exit=1, server="131-77", models=(MODEL,), undeclared=(STRAY,), failures=("no",), warnings=("hm",), trouble="stuck", trouble_since=1.0
)
WHOLE: Any = json.loads(json.dumps(state_data(replace(FULL, last_pass=LAST))))
ENTRY: Any = {
    "at": 1700000000.25,
    "events": [
        {"priority": 4, "name": "drift_detected", "fields": {"model": "a:latest", "cause": "evicted"}},
        {"priority": 5, "name": "pass", "fields": {"result": "not warm", "seconds": 1.5, "models": 2}},
    ],
}
CONFIGURATION = parse({"url": URL, "policy": {"models": ["qwen3:8b", "big"]}})


def paths(data: Any, here: Path = ()) -> Iterator[Path]:
    """Where a value could be another."""
    yield here
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from paths(value, (*here, key))


def changed(data: Any, path: Path, value: Any) -> Any:
    """The data with another value there."""
    if not path:
        return value
    found = copy.deepcopy(data)
    place = found
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return found


def use(state: State) -> None:
    """Everything that is ever made of a remembered state."""
    seen = status_data("default", CONFIGURATION, RUNNING, state, None, None)
    blind = status_data("default", CONFIGURATION, {}, state, None, LastPass(at=2, seconds=0, exit=exits.UNREACHABLE))
    for found in (seen, blind):
        text = describe(found, 2.0)
        assert all(character.isprintable() or character == "\n" for character in text)
        json.dumps(found, allow_nan=False)
    end = replace(state, last_pass=LastPass(at=3, seconds=1, exit=0, server=state.server))
    list(changes(state, end, CONFIGURATION.policy))
    is_due(state.last_pass, since_when(state.last_pass, LAST), 600)
    list(samples(CONFIGURATION, Metrics("/srv", 1, 1), state, Moment(1)))
    moment = carry_over.Moment(4.0, "1-1")
    carry_over.history(carry_over.begin(state, CONFIGURATION.policy, moment), CONFIGURATION, moment)
    retries(state, 5.0)
    resident(state, "131-77")


def test_the_state_that_is_changed_here_is_one() -> None:
    use(parse_state(WHOLE))


@given(st.sampled_from(sorted(paths(WHOLE), key=repr)), ANY)
def test_a_state_with_any_value_of_the_wrong_kind_is_refused_in_a_sentence_or_usable(path: Path, value: Any) -> None:
    text = json.dumps(changed(WHOLE, path, value))
    try:
        state = parse_state(read_value(text.encode()))
    except ValueError as refusal:
        assert "\n" not in str(refusal)
        return
    use(state)
    assert parse_state(json.loads(json.dumps(state_data(state)))) == state


@pytest.mark.parametrize("garbage", ['{"schema": 3, "server": ' + "[" * 200_000, '{"schema": ' + "9" * 100_000 + "}", '{"schema": 3, "schema": 3}', "NaN"])
def test_what_takes_long_or_deep_to_read_is_no_state(tmp_path: pathlib.Path, garbage: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state.json").write_text(garbage)
    assert StateFile(str(tmp_path)).load() == State()
    assert capsys.readouterr().err.count("event=state_unreadable") == 1


@given(st.sampled_from(sorted(paths(ENTRY), key=repr)), ANY)
def test_a_pending_notification_of_the_wrong_kind_silences_no_other(path: Path, value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        said: list[Any] = []
        waiting = Pending(os.path.join(folder, "notify"), lambda *_words, **fields: said.append(fields))
        waiting.append(1700000001.0, [Event(5, "test", {"reason": "x"})])
        pathlib.Path(waiting.folder, "0.json").write_text(json.dumps(changed(ENTRY, path, value)))
        entries = waiting.read()
        assert entries[-1].events[0].name == "test"
        told, result = message.news(entries, None)
        body = message.compose(told, "gpu1", "default")
        assert result is None or isinstance(result, str)
        assert all(character.isprintable() or character == "\n" for character in body.title + body.body)
        assert len(entries) + len(said) == 2


def test_what_a_server_made_of_a_text_is_queued_so_that_it_is_read_back(tmp_path: pathlib.Path) -> None:
    waiting = Pending(str(tmp_path / "notify"))
    fields = {"reason": "a\x1b[31m\0" * 99, "seconds": float("nan"), "by": ["x", {"y": 1}], "many": 10**30}
    waiting.append(1.0, [Event(4, "warning", fields)] * 3)
    waiting.append(2.0, [Event(4, "warning", {"reason": "z" * 1_000_000})] * 9)
    first, second = waiting.read()
    assert [event.name for event in first.events] == ["warning"] * 3
    assert 1 <= len(second.events) <= 9
    assert all(path.stat().st_size <= pending.LARGEST for path in (tmp_path / "notify").iterdir())


@pytest.mark.parametrize("large", [{"failures": ("x" * 3000,) * 9}, {"warnings": ("x",), "seconds": float("nan")}])
def test_a_state_that_could_not_be_read_back_is_cut_to_what_is_owed(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], large: dict[str, Any]
) -> None:
    monkeypatch.setattr(state_file, "LARGEST", 20_000)
    file = StateFile(agent.instance.state_folder)
    pins = frozenset({ModelName.parse("a")})
    file.save(State(server="1-1", pinned=pins, declared=("a",), last_pass=replace(LAST, **large)))
    assert "event=state_truncated" in capsys.readouterr().err
    assert (agent.state.pinned, agent.state.declared, agent.state.last_pass) == (pins, ("a",), None)
