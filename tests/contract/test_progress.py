# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of a pull's lines accepts another pace and other models, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ollama_contract.progress import differences, is_progress

Line = dict[str, Any]
FIRST: Line = {"status": "pulling manifest"}
LAST: list[Line] = [{"status": "writing manifest"}, {"status": "success"}]
VERIFYING: Line = {"status": "verifying sha256 digest"}


def blob(digit: str, completed: int, total: int = 100) -> Line:
    return {"status": f"pulling {digit * 12}", "digest": f"sha256:{digit * 64}", "total": total, "completed": completed}


def recorded(completed: int) -> list[Line]:
    line = {"status": "pulling 90cd5890145b", "digest": "@digest:?", "total": 309728, "completed": completed}
    return [FIRST, line, {"@elided": "some"}, *LAST]


@pytest.mark.parametrize(
    "actual",
    [
        [FIRST, blob("a", 100), *LAST],
        [FIRST, blob("a", 100), blob("b", 100), VERIFYING, *LAST],
        [FIRST, blob("a", 1), blob("a", 50), blob("a", 100), VERIFYING, *LAST],
    ],
)
def test_agreement(actual: list[Line]) -> None:
    assert list(differences(recorded(309728), actual)) == []


def test_a_transfer_may_end_before_its_last_line() -> None:
    assert list(differences(recorded(71401), [FIRST, blob("a", 40), VERIFYING, *LAST])) == []


@pytest.mark.parametrize(
    "actual",
    [
        [FIRST, blob("a", 40), *LAST],
        [FIRST, VERIFYING, *LAST],
        [FIRST, blob("a", 100), *LAST[:1]],
        [FIRST, blob("a", 100), {"status": "removing unused layers"}, *LAST],
        [FIRST, blob("a", 101), *LAST],
        [FIRST, {**blob("a", 100), "digest": f"sha256:{'b' * 64}"}, *LAST],
        [blob("a", 100), *LAST],
    ],
)
def test_difference(actual: list[Line]) -> None:
    assert list(differences(recorded(309728), actual))


def test_only_streams_that_tell_of_blobs_are_compared_so() -> None:
    assert is_progress(recorded(1))
    assert not is_progress([FIRST, {"error": "pull model manifest: file does not exist"}])
    assert not is_progress(None)
