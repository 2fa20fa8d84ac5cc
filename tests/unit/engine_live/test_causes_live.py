# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What befell a model on a running server, told from two looks: real processes, the scheduler's own evictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import History
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.processes import server_identity
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.past import Cause, Past
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import Policy
from support.live_host import UNIT, LiveHost, left
from support.values import policy

DECLARED = policy({"name": "tiny-a", "num_ctx": 512}, "embed")


def look_after(live: LiveHost, declared: Policy, past: Past) -> PassResult:
    """A pass that remembers the one before."""
    return live.run(declared, history=History(server=server_identity(UNIT, live.proc()), past=past))


def unload(live: LiveHost) -> None:
    live.stand_in.generate("tiny-a", keep_alive=0)
    live.stand_in.wait_for(lambda: "tiny-a" not in left(live))


@pytest.mark.parametrize(
    ("happens", "cause"),
    [
        (lambda live: live.stand_in.generate("tiny-a", keep_alive="5m", options={"num_ctx": 512}), Cause("client_changed_expiry", "observed")),
        (lambda live: live.stand_in.generate("tiny-a", keep_alive=-1, options={"num_ctx": 1024}), Cause("context_changed_by_client", "observed")),
        (lambda live: live.stand_in.generate("tiny-a", options={"num_ctx": 1024}), Cause("context_changed_by_client", "observed")),
        (unload, Cause("unloaded_by_client", "inferred")),
        (lambda live: live.stand_in.restart(), Cause("server_restarted", "observed")),
    ],
    ids=["5m", "another context", "another context and the server's expiry", "unloaded", "restarted"],
)
def test_the_cause_is_what_happened(live: LiveHost, happens: Callable[[LiveHost], Any], cause: Cause) -> None:
    live.stand_in.run()
    before = look_after(live, DECLARED, Past())
    assert {progress.cause for progress in before.models} == {Cause("never_loaded", "inferred")}
    happens(live)
    assert look_after(live, DECLARED, before.past).models[0].cause == cause


def test_an_eviction_is_told_with_what_took_the_place(live: LiveHost) -> None:
    live.stand_in.run(OLLAMA_MAX_LOADED_MODELS="2")
    before = look_after(live, DECLARED, Past())
    live.stand_in.generate("tiny-b")
    after = look_after(live, DECLARED, before.past)
    assert [progress.cause for progress in after.models if progress.cause] == [Cause("evicted", "inferred", ("tiny-b:latest",))]
    assert set(left(live).values()) == {"forever"}


def test_a_gpu_that_is_lost_shows_without_a_declared_share(live: LiveHost) -> None:
    live.stand_in.run()
    before = look_after(live, DECLARED, Past())
    live.stand_in.door.order("hardware", gpu_share=0)
    for dummy in range(2):
        before = look_after(live, DECLARED, before.past)
        assert [(progress.last.drift, progress.cause) for progress in before.models] == [(("spilled",), Cause("gpu_lost", "inferred"))] * 2
    assert live.stand_in.counters()["loads"] == {"tiny-a:latest": 1, "embed:latest": 1}


def test_nothing_happened_and_nothing_is_named(live: LiveHost) -> None:
    live.stand_in.run()
    before = look_after(live, DECLARED, Past())
    assert [progress.causes for progress in look_after(live, DECLARED, before.past).models] == [{}, {}]
