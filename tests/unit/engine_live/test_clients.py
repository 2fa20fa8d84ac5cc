# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes while clients are at work: they lose nothing, and the models stay."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report import results
from support.clients import Clients
from support.live_host import LiveHost, actions, left
from support.values import policy

DECLARED = policy("tiny-a", "embed")
PINNED = {"tiny-a": "forever", "embed": "forever"}
CHAT = {"model": "tiny-a", "messages": [{"role": "user", "content": "w1"}], "max_tokens": 20}
IN_FLIGHT = 300


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_v1_traffic_throughout_changes_no_stay_and_is_not_disturbed(live: LiveHost, stream: bool) -> None:
    live.stand_in.run(OLLAMA_KEEP_ALIVE="2m")
    live.run(DECLARED)
    runners = live.stand_in.runners()
    with Clients(live.stand_in.caller.address, "/v1/chat/completions", {**CHAT, "stream": stream, "keep_alive": "1s"}, count=4) as clients:
        for answers in range(4, 24, 4):
            live.stand_in.wait_for(lambda least=answers: clients.outcomes.total() >= least)
            assert results.failures(live.run(DECLARED)) == []
    assert set(clients.outcomes) == {"whole"}
    assert (left(live), live.stand_in.runners()) == (PINNED, runners)


@pytest.mark.parametrize("expiry", [None, "5m"], ids=["as pinned", "each sends its own keep_alive"])
def test_hundreds_of_requests_in_flight_are_not_disturbed_by_passes(live: LiveHost, expiry: str | None) -> None:
    live.stand_in.run(OLLAMA_NUM_PARALLEL="4", OLLAMA_STUB_TOKENS_PER_SECOND="2000", OLLAMA_MAX_QUEUE="1000")
    live.run(DECLARED)
    runners = live.stand_in.runners()
    before = live.stand_in.counters()
    body = {"model": "tiny-a", "prompt": "w1", "stream": False, "options": {"num_predict": 40}, **({"keep_alive": expiry} if expiry else {})}
    passes = []
    with Clients(live.stand_in.caller.address, "/api/generate", body, IN_FLIGHT) as clients:
        for _pass in range(3):
            live.stand_in.wait_for(lambda: live.stand_in.door.order("users")["tiny-a:latest"] >= 200)
            passes.append(live.run(DECLARED))
    after = live.stand_in.counters()
    assert set(clients.outcomes) == {"whole"}
    assert (after["loads"], after["reloads"], after["unloads"], after["evictions"]) == (before["loads"], {}, {}, {})
    assert live.stand_in.runners() == runners
    assert [results.failures(result) for result in passes] == [[], [], []]
    if expiry:  # the last to arrive has the say, until it is idle and a pass comes
        assert actions(live.run(DECLARED))["tiny-a"] in ("none", "set_expiry")
    assert left(live) == PINNED
