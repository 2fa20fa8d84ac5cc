# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that is taken off the list is not left resident for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from shared.gpu import CONFIGURATION, STATE, Gpu, eventually


@pytest.fixture
def declared(gpu: Gpu) -> Iterator[Gpu]:
    """The host gets its declaration back afterwards."""
    gpu.run(f"cp --preserve {CONFIGURATION} {CONFIGURATION}.kept")
    yield gpu
    gpu.run(f"mv {CONFIGURATION}.kept {CONFIGURATION}")


def test_a_model_that_is_taken_off_the_list_is_given_back(declared: Gpu) -> None:
    declared.play(ollama_warmup_models=[{"name": "embed", "num_ctx": 256}])
    eventually(declared.pinned, {"embed:latest"})
    assert "tiny-a:latest" in declared.listed()  # it leaves as any model that nobody declared
    eventually(lambda: json.loads(declared.host.file(STATE).content_string)["pinned"], ["embed:latest"])
