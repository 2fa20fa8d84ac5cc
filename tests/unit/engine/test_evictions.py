# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load that drove a pin out tells of how much memory there is; before the stand-in, test_memory_live.py has it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.actions import LOAD
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.plan import make_plan
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.progress import PassResult, Progress
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Eviction, evictions
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import CacheShape, Runners
from support.values import card, digest, look, policy, resident, runners

DECLARED = policy("a", {"name": "b", "num_ctx": 512}, max_loaded_models=5)


def set_aside(alive: Runners) -> PassResult:
    """What drove a out gave its place back; a stray is listed, too."""
    cards = {digest("b"): replace(card("b"), cache=CacheShape(1, 1))}
    seen = look(["a", "b", "stray"], [resident("a", size=4000), resident("stray", size=9000)], alive, cards)
    progress = {verdict.model.name: Progress(verdict.model, verdict, verdict) for verdict in make_plan(DECLARED, seen).verdicts}
    newcomer = progress[DECLARED.models[1].name]
    newcomer.set_aside, newcomer.attempts = True, {LOAD: 1}
    return PassResult(tuple(progress.values()), (), seen, ())


@pytest.mark.parametrize(("alive", "others"), [(runners("a", "stray"), 13_000), (runners("a"), 4000)], ids=["all live", "the stray died"])
def test_what_was_in_memory_beside_it_is_what_lived(alive: Runners, others: int) -> None:
    assert list(evictions(DECLARED, set_aside(alive))) == [Eviction(others, 1000 + 2 * 512)]
