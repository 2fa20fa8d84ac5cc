# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan's loads will come to in memory on this host: one question for module, agent and doctor. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..._base.readers import InvalidValue
from ..._base.systemctl import Run
from ..decide.verdicts import Plan
from ..predict.predict import Fit, Knowledge, predict
from ..values.model_name import ModelName
from ..values.observation import Observation
from ..values.policy import Policy
from .knowledge import gather
from .measurement_record import Record, read_record


@dataclass(frozen=True)
class Source:
    """Where to learn it: `url` is the server's, `measurements` the path of their file, `environment` what the server has, or will
    have when it loads, None where that is not known; `run` runs the driver's program (see `vram.py`), `root` is where /proc and
    /sys are."""

    url: str
    measurements: str
    environment: Mapping[str, str | None] | None = None
    run: Run | None = None
    root: str = "/"


@dataclass(frozen=True)
class HostPrediction:
    """`fits` has one for each verdict of the plan, in its order; `problems` are sentences."""

    fits: tuple[Fit, ...]
    problems: tuple[str, ...] = ()


def predict_on_host(
    policy: Policy, plan: Plan, look: Observation, source: Source, seen: Observation | None = None, last: Iterable[ModelName] = ()
) -> HostPrediction:
    """`look` is what the plan was made from, `seen` what is really there, where that is something else; `last` is loaded after
    the others. Asks the GPUs' drivers, which may take a second, and only where something is to be loaded."""
    if not plan.would_load:
        return HostPrediction(predict(plan, look, Knowledge()))
    record, problems = _record(source.measurements)
    knowledge = gather(record, policy, seen or look, source.url, source.environment, source.root, source.run)
    return HostPrediction(predict(plan, look, knowledge, last), problems)


def _record(path: str) -> tuple[Record, tuple[str, ...]]:
    try:
        return read_record(path), ()
    except InvalidValue as error:
        return Record(), (str(error),)
