# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running server answers and logs, as the doctor reads it: the lines are the server's own, whose wording the contract judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.diagnosis import diagnose
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.examination import DriverLook, Entry, Examination, JournalLook
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.server_ask import ask_server
from support.examinations import EPOCH, healthy
from support.live_host import LiveHost
from support.values import policy

Act = Callable[[LiveHost], Any]
POLICY = policy("tiny-a", "embed")


def evict(live: LiveHost) -> None:
    live.stand_in.generate("tiny-a", keep_alive=-1)
    live.stand_in.door.order("hardware", vram="3MiB")
    live.stand_in.generate("tiny-b")


def run_out_of_memory(live: LiveHost) -> None:
    live.stand_in.generate("tiny-a", keep_alive=-1)
    live.stand_in.door.order("load", model="tiny-b", failure="CUDA error: out of memory")
    live.stand_in.generate("tiny-b")


def outgrow(live: LiveHost) -> None:
    live.stand_in.door.order("load", model="tiny-b", failure="Deepseek2 does not support K-shift")
    live.stand_in.generate("tiny-b")


def kill(live: LiveHost) -> None:
    live.stand_in.generate("tiny-a")
    live.stand_in.kill_runners()
    live.stand_in.generate("tiny-a")


def shorten(live: LiveHost) -> None:
    live.stand_in.generate("tiny-a", keep_alive="5m")
    live.stand_in.wait_for(lambda: any("adding timer" in line for line in live.stand_in.log_lines()))


def nothing(_live: LiveHost) -> None:
    return


def examined(live: LiveHost) -> Examination:
    """The server's log as its journal, its access log before it, beside a host in order."""
    access = (live.stand_in.home / "access.log").read_text().splitlines()
    entries = tuple(Entry(EPOCH + number, line) for number, line in enumerate([*access, *live.stand_in.log_lines()]))
    return healthy(journal=JournalLook(startup=entries, current=entries), server=None, policy=POLICY)


@pytest.mark.parametrize(
    ("environment", "act", "code"),
    [
        ({"OLLAMA_NUM_PARALLEL": "many"}, nothing, "invalid_variable"),
        ({}, nothing, "cpu_only_start"),
        ({"OLLAMA_STUB_VRAM": "1GiB"}, evict, "evicted_for_memory"),
        (
            {"OLLAMA_DEBUG": "1", "OLLAMA_MAX_LOADED_MODELS": "1"},
            lambda live: [live.stand_in.generate(name) for name in ("tiny-a", "tiny-b")],
            "evicted_for_count",
        ),
        ({}, run_out_of_memory, "evicted_after_oom"),
        ({}, outgrow, "context_shift_refused"),
        ({}, kill, "runner_died"),
        ({}, lambda live: live.stand_in.generate("tiny-a", options={"num_ctx": 99999}), "context_above_training"),
        ({}, lambda live: live.stand_in.generate("tiny-a", options={"no_such": 1}), "option_unknown"),
        ({"OLLAMA_DEBUG": "1"}, shorten, "keep_alive_sent"),
    ],
)
def test_what_the_server_logs_is_understood(environment: dict[str, str], act: Act, code: str, live: LiveHost) -> None:
    live.stand_in.run(**environment)
    act(live)
    assert code in {finding.code for finding in diagnose(examined(live)).findings}


def test_a_quiet_server_logs_nothing_to_be_told(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_STUB_VRAM="1GiB")
    live.stand_in.generate("tiny-a", keep_alive=-1)
    assert {finding.code for finding in diagnose(examined(live)).findings if finding.code != "clock_skew"} == set()


def test_a_server_is_asked_and_left_as_it_was(live: LiveHost) -> None:
    live.stand_in.run()
    live.stand_in.generate("tiny-a", keep_alive=-1)
    before = (live.stand_in.counters(), live.stand_in.residents())
    look = ask_server(live.url, POLICY, "ollama.service")
    after = (live.stand_in.counters(), live.stand_in.residents())
    assert look.observation is not None
    assert {str(entry.name) for entry in look.observation.resident} == {"tiny-a:latest"}
    assert ".".join(map(str, look.observation.release or ())) == look.version
    assert (look.failure, after[1]) == ("", before[1])
    assert {key: after[0][key] for key in after[0] if "load" in key} == {key: before[0][key] for key in before[0] if "load" in key}


def test_a_server_that_is_down_is_told_in_a_sentence(live: LiveHost) -> None:
    live.stand_in.run()
    url = live.url
    live.stand_in.stop()
    look = ask_server(url, POLICY, "ollama.service")
    assert (look.failed, look.observation) == ("ServerUnreachable", None)
    assert look.failure == f"no Ollama server answers at {url}: Connection refused"
    assert "server_unreachable" in {finding.code for finding in diagnose(healthy(server=look, driver=DriverLook())).findings}
