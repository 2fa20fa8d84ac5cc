# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What node_exporter finds after a pass, as Prometheus' own parser reads it."""

from __future__ import annotations

import errno
import math
import os
import pathlib
import stat
import sys
import time
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keepwarm._residency.decide.conflicts import Conflict
from keepwarm._residency.server.hold_file import Hold, write_hold
from ollama_warmup import exits
from ollama_warmup.cli.condition import condition
from ollama_warmup.cli.main import main
from ollama_warmup.configuration import Metrics, parse
from ollama_warmup.metrics.exposition import text
from ollama_warmup.metrics.metric_names import METRICS, labels
from ollama_warmup.metrics.sampling import CAUSES, Moment, samples
from ollama_warmup.passes import one_pass
from ollama_warmup.passes.signals import Interrupted
from ollama_warmup.state.counts import Counts
from ollama_warmup.state.state import LastPass, State
from ollama_warmup.state.state_file import StateFile
from prometheus_client.parser import text_string_to_metric_families
from support import fake_server
from support.agent import RUNNING, STOPPED, URL, Agent

METRICS_WANTED = {"textfile_directory": "/var/lib/prometheus/node-exporter", "period": 201.5, "longest_pass": 4000}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["resident", "drift", "after", "size", "size_vram", "expires_at"]), inner),
    max_leaves=8,
)


@pytest.fixture
def told(agent: Agent) -> Agent:
    """An agent with the folder that systemd makes for its metrics."""
    pathlib.Path(agent.instance.metrics).parent.mkdir(parents=True)
    return agent


def wanted(*models: Any, **policy: Any) -> dict[str, Any]:
    return {"url": URL, "policy": {"models": list(models), **policy}, "ready_timeout": 0.01, "metrics": METRICS_WANTED}


def run(agent: Agent, *models: Any) -> int:
    return one_pass.make_pass(agent.instance, parse(wanted(*models)))


def read(agent: Agent, name: str, **labels: str) -> dict[str, float]:
    """The samples of that name with these labels, by the value of the label that is left."""
    labels["ollama_instance"] = "default"
    text = pathlib.Path(agent.instance.metrics).read_text()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples if sample.name == f"ollama_warmup_{name}"]
    found = [sample for sample in found if labels.items() <= sample.labels.items()]
    return {" ".join(value for key, value in sample.labels.items() if key not in labels): sample.value for sample in found}


def one(agent: Agent, name: str, **labels: str) -> float:
    """The only such sample."""
    (value,) = read(agent, name, **labels).values()
    return value


def true(agent: Agent, name: str, **labels: str) -> list[str]:
    """What is 1 of the samples of that name."""
    return [label for label, value in read(agent, name, **labels).items() if value == 1]


def test_a_pass_tells_who_is_resident_and_until_when(told: Agent) -> None:
    assert run(told, "a", {"name": "c", "policy": "warm", "keep_alive": "30m"}, "nowhere") == exits.NOT_RESIDENT
    assert read(told, "model_resident") == {"a:latest": 1, "c:latest": 1, "nowhere:latest": 0}
    assert read(told, "model_required") == {"a:latest": 1, "c:latest": 0, "nowhere:latest": 1}
    listed = told.server.at("c")
    assert listed is not None
    assert read(told, "model_expiry_timestamp_seconds") == {"a:latest": math.inf, "c:latest": listed.expires_at.timestamp()}
    assert true(told, "model_drift", model="nowhere:latest") == ["not_installed"]
    assert (one(told, "warm"), true(told, "last_pass_result")) == (0, ["not_warm"])


def test_a_pass_tells_sizes_and_contexts(told: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = fake_server._listed
    monkeypatch.setattr(fake_server, "_listed", lambda entry: replace(listing(entry), size=5000, size_vram=2000))
    run(told, {"name": "a", "num_ctx": 512})
    found = {name: one(told, f"model_{name}") for name in ("size_bytes", "vram_bytes", "vram_ratio", "context_tokens")}
    assert found == {"size_bytes": 5000, "vram_bytes": 2000, "vram_ratio": 0.4, "context_tokens": 512}
    assert true(told, "model_drift", model="a:latest") == ["spilled"]


def test_a_pass_tells_of_itself(told: Agent) -> None:
    assert run(told, "a") == exits.WARM
    last = told.state.last_pass
    assert last is not None
    assert (one(told, "last_pass_timestamp_seconds"), one(told, "last_pass_duration_seconds")) == (last.at, last.seconds)
    assert one(told, "last_pass_start_timestamp_seconds") == pytest.approx(last.at - last.seconds)
    assert (one(told, "period_seconds"), one(told, "longest_pass_seconds")) == (201.5, 4000)
    assert (one(told, "warm"), true(told, "last_pass_result")) == (1, ["warm"])


def test_every_name_is_described_and_every_description_has_its_metric(told: Agent) -> None:
    StateFile(told.instance.state_folder).save(State(counts=Counts(load_seconds={"a:latest": 7.5})))
    run(told, "a")
    families = list(text_string_to_metric_families(pathlib.Path(told.instance.metrics).read_text()))
    # the parser takes a counter's suffix off
    assert {family.name + ("_total" if family.type == "counter" else ""): family.documentation for family in families} == METRICS
    shown = {sample.name: {label for label in sample.labels if label != "ollama_instance"} for family in families for sample in family.samples}
    assert {name: set(labels(name)) for name in shown} == shown


def test_a_server_that_does_not_answer_has_no_resident_model(told: Agent) -> None:
    run(told, "a")
    told.server.gone = True
    assert run(told, "a") == exits.UNREACHABLE
    assert (one(told, "model_resident"), one(told, "model_required"), true(told, "last_pass_result")) == (0, 1, ["server_unreachable"])


def test_what_was_resident_before_a_restart_of_the_server_is_not_while_the_next_pass_runs(told: Agent) -> None:
    run(told, "a")
    seen: list[tuple[float, float, bool]] = []

    def note(_server: object) -> None:
        begun = one(told, "last_pass_start_timestamp_seconds") >= one(told, "last_pass_timestamp_seconds")
        seen.append((one(told, "model_resident"), one(told, "warm"), begun))

    told.server.on_look = [note]
    run(told, "a")
    assert seen == [(1, 1, True)]
    told.start = "200-2"
    run(told, "a")
    assert seen[1:] == [(0, 0, True)]
    assert one(told, "model_resident") == 1


def test_a_pass_that_was_told_to_stop_leaves_what_was_proven(told: Agent) -> None:
    run(told, "a")
    ended = one(told, "last_pass_timestamp_seconds")

    def stop(_server: object) -> NoReturn:
        raise Interrupted("SIGTERM")

    told.server.on_look = [stop]
    assert run(told, "a") == exits.INTERRUPTED
    assert (one(told, "model_resident"), one(told, "last_pass_timestamp_seconds")) == (1, ended)


def test_a_pass_that_is_skipped_says_so(told: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    run(told, "a")
    ended = one(told, "last_pass_timestamp_seconds")
    told.configure("a", metrics=METRICS_WANTED)
    monkeypatch.setattr("ollama_warmup.cli.condition.unit_state", lambda _unit: STOPPED)
    assert condition(told.instance) == exits.STOPPED
    assert (one(told, "model_resident"), one(told, "warm"), true(told, "last_pass_result")) == (0, 0, ["server_stopped"])
    assert one(told, "last_pass_timestamp_seconds") > ended
    assert one(told, "last_pass_start_timestamp_seconds") == one(told, "last_pass_timestamp_seconds")


def test_a_hold_is_told_and_what_stays_resident_under_it(told: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    run(told, "a")
    told.configure("a", metrics=METRICS_WANTED)
    until = round(time.time()) + 3600.0
    write_hold(told.instance.hold, Hold(until=until, since=until - 3600))
    monkeypatch.setattr("ollama_warmup.cli.condition.unit_state", lambda _unit: RUNNING)
    monkeypatch.setattr("ollama_warmup.metrics.textfile.server_identity", lambda _unit, **_where: told.start)
    assert condition(told.instance) == exits.SKIPPED
    assert (one(told, "hold_until_timestamp_seconds"), true(told, "last_pass_result"), one(told, "model_resident")) == (until, ["on_hold"], 1)
    told.start = "200-2"
    condition(told.instance)
    assert one(told, "model_resident") == 0


def test_with_an_empty_list_there_is_nothing_to_be_warm(told: Agent) -> None:
    run(told, "a")
    assert run(told) == exits.WARM
    assert (read(told, "warm"), read(told, "model_resident"), true(told, "last_pass_result")) == ({}, {}, ["nothing_declared"])


def test_without_a_list_the_pass_of_the_list_before_is_not_told_any_longer(told: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    run(told, "a")
    ended = one(told, "last_pass_timestamp_seconds")
    told.configure(policy={"models": None}, metrics=METRICS_WANTED)
    monkeypatch.setattr("os.geteuid", lambda: 999)
    monkeypatch.setattr("ollama_warmup.passes.signals.install_signal_handlers", lambda: None)
    assert main(["run"], root=told.instance.root) == exits.UNDECLARED
    assert (one(told, "warm"), read(told, "model_resident"), true(told, "last_pass_result")) == (0, {}, ["nothing_declared"])
    assert one(told, "last_pass_timestamp_seconds") > ended


@pytest.mark.parametrize("broken", ["configuration", "state", "folder"])
def test_skipping_a_pass_never_fails_for_the_sake_of_metrics(told: Agent, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    told.configure("a", metrics=METRICS_WANTED)
    paths = {"configuration": told.instance.configuration, "state": f"{told.instance.state_folder}/state.json"}
    if broken in paths:
        pathlib.Path(paths[broken]).write_text("garbage")
    else:
        os.rmdir(os.path.dirname(told.instance.metrics))
    monkeypatch.setattr("ollama_warmup.cli.condition.unit_state", lambda _unit: STOPPED)
    assert condition(told.instance) == exits.STOPPED
    assert not os.path.exists(told.instance.metrics)


def test_what_was_counted_is_told_and_what_was_not_is_zero(told: Agent) -> None:
    counts = Counts(incidents={"a:latest": {"evicted": 3, "a_new_word": 1}}, loads={"a:latest": 5}, slow_loads={"a:latest": 2}, load_seconds={"a:latest": 7.5})
    state = State(counts=counts)
    StateFile(told.instance.state_folder).save(state)
    told.server.gone = True
    run(told, "a", "b")
    assert read(told, "model_loads_total") == {"a:latest": 5, "b:latest": 0}
    assert read(told, "model_slow_loads_total") == {"a:latest": 2, "b:latest": 0}
    assert read(told, "model_last_load_duration_seconds") == {"a:latest": 7.5}
    incidents = read(told, "model_incidents_total", model="a:latest")
    assert {cause: count for cause, count in incidents.items() if count} == {"evicted": 3, "a_new_word": 1}
    assert set(incidents) - {"a_new_word"} == set(read(told, "model_incidents_total", model="b:latest")) == set(CAUSES)


def test_a_conflict_is_told_by_its_kind(told: Agent) -> None:
    state = State(conflicts=(Conflict("a:latest", "context", ("512", "4096"), 1.0),))
    found = [sample for sample in samples(parse(wanted("a", "b")), Metrics("/x", 1, 1), state, Moment(5)) if sample.name.endswith("_conflict")]
    assert [(sample.labels["model"], sample.labels["kind"]) for sample in found if sample.value] == [("a:latest", "context")]
    assert len(found) == 4


def test_a_full_disk_is_told_and_costs_the_pass_nothing(told: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run(told, "a")
    before = pathlib.Path(told.instance.metrics).read_bytes()
    rename = os.replace

    def full(source: str, target: str) -> None:
        if target == told.instance.metrics:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)
        rename(source, target)

    monkeypatch.setattr(os, "replace", full)
    assert (run(told, "a"), told.is_marked_warm) == (exits.WARM, True)
    assert f'event=channel_failed channel=metrics path={told.instance.metrics} reason="No space left on device"' in capsys.readouterr().err
    assert pathlib.Path(told.instance.metrics).read_bytes() == before
    assert os.listdir(os.path.dirname(told.instance.metrics)) == ["metrics.prom"]


def test_a_missing_library_is_told_and_costs_the_pass_nothing(told: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert run(told, "a") == exits.WARM
    assert 'path=prometheus_client reason="the Python library is not installed: run the play again, which installs it"' in capsys.readouterr().err


def test_the_file_is_replaced_as_a_whole_and_everybody_may_read_it(told: Agent) -> None:
    umask = os.umask(0o077)
    try:
        run(told, "a")
        before = pathlib.Path(told.instance.metrics).read_text()
        with open(told.instance.metrics, encoding="utf-8") as reader:
            run(told, "a", "b")
            assert reader.read() == before
    finally:
        os.umask(umask)
    assert pathlib.Path(told.instance.metrics).read_text() != before
    assert stat.S_IMODE(os.stat(told.instance.metrics).st_mode) == 0o644


@given(ANY_JSON)
def test_whatever_a_state_says_of_a_model_becomes_samples(entry: Any) -> None:
    entry = {**(entry if isinstance(entry, dict) else {"after": entry}), "model": "a:latest"}
    state = State(last_pass=LastPass(at=1, seconds=1, exit=0, models=(entry,)))
    configuration = parse(wanted("a"))
    assert configuration.metrics is not None
    found = list(samples(configuration, configuration.metrics, state, Moment(5)))
    families = text_string_to_metric_families(text("default", found).decode())
    assert sum(len(family.samples) for family in families) == len(found)
