# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What loads would come to in memory, before they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from _residency.drift import Plan
from _residency.fit_report import warnings
from _residency.knowledge import gather, running_environment
from _residency.measurement_record import Record, RecordError, read_record
from _residency.model_name import ModelName
from _residency.observation import Observation
from _residency.prediction import predict

from .configuration import Configuration


def foresee(configuration: Configuration, plan: Plan, look: Observation, last: Iterable[ModelName], measurements: str) -> Iterator[str]:
    """A sentence for each model that will not fit when the next pass loads it. C(last): what that loads after the others;
    C(measurements) is the path of their file."""
    if not plan.would_change:
        return
    record = Record()
    try:
        record = read_record(measurements)
    except RecordError as error:
        yield str(error)
    environment = running_environment(configuration.unit, configuration.url)
    knowledge = gather(record, configuration.policy, look, configuration.url, environment)
    yield from warnings(predict(plan, look, knowledge, last))
