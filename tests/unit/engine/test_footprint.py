# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a model will take: measured, derived from a measurement, or worked out."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import Measurement, RunnerSettings
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.sizes import ESTIMATED, MEASURED, Footprint, Subject, footprint
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import CacheShape

PLAIN = RunnerSettings(1, "f16", "auto")
SHAPE = CacheShape(true=200, reckoned=100)


def subject(context: int | None = 1000, settings: RunnerSettings = PLAIN, shape: CacheShape | None = SHAPE, file_size: int = 5000) -> Subject:
    return Subject("d", file_size, shape, context, settings)


def measured(size: int, context: int = 1000, settings: RunnerSettings = PLAIN, digest: str = "d") -> Measurement:
    return Measurement(digest, context, settings, size, size, 1.0)


@pytest.mark.parametrize(
    ("wanted", "known", "expected"),
    [
        pytest.param(subject(), [], Footprint(5000 + 400_000, ESTIMATED, 5000 + 200_000), id="the file and the cache; the scheduler's own lengths"),
        pytest.param(subject(settings=RunnerSettings(2, "f16", "auto")), [], Footprint(805_000, ESTIMATED, 405_000), id="for each request"),
        pytest.param(subject(settings=RunnerSettings(1, "q8_0", "on")), [], Footprint(5000 + 212_500, ESTIMATED, 205_000), id="the scheduler counts f16"),
        pytest.param(subject(settings=RunnerSettings(1, "q4_0", "on")), [], Footprint(5000 + 112_500, ESTIMATED, 205_000), id="four bits and a scale"),
        pytest.param(subject(settings=RunnerSettings(None, None, None)), [], Footprint(405_000, ESTIMATED, 205_000), id="unknown counts as the default"),
        pytest.param(subject(settings=RunnerSettings(1, "new", "on")), [], Footprint(405_000, ESTIMATED, 205_000), id="a type of tomorrow as f16"),
        pytest.param(subject(), [measured(410_000)], Footprint(410_000, MEASURED, 205_000), id="measured"),
        pytest.param(subject(), [measured(1), measured(410_000)], Footprint(410_000, MEASURED, 205_000), id="the last of two"),
        pytest.param(subject(), [measured(9, digest="other")], Footprint(405_000, ESTIMATED, 205_000), id="of other weights nothing follows"),
        pytest.param(subject(2000), [measured(410_000)], Footprint(810_000, ESTIMATED, 405_000), id="twice the context"),
        pytest.param(
            subject(settings=RunnerSettings(1, "q8_0", "on")), [measured(410_000)], Footprint(222_500, ESTIMATED, 205_000), id="another type of cache"
        ),
        pytest.param(subject(500), [measured(20_000)], Footprint(0, ESTIMATED, 105_000), id="never less than nothing"),
        pytest.param(subject(shape=None), [], Footprint(None, ESTIMATED, None), id="heads that are not told"),
        pytest.param(subject(shape=None), [measured(7)], Footprint(7, MEASURED, None), id="measured all the same"),
        pytest.param(subject(2000, shape=None), [measured(7)], Footprint(None, ESTIMATED, None), id="no difference without them"),
        pytest.param(subject(None), [], Footprint(None, ESTIMATED, None), id="a context that is not known"),
        pytest.param(subject(file_size=0), [], Footprint(None, ESTIMATED, None), id="a file that is not there yet"),
    ],
)
def test_a_footprint(wanted: Subject, known: list[Measurement], expected: Footprint) -> None:
    assert footprint(wanted, known) == expected
