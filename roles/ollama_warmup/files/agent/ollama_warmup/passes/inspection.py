# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look without any act, in the form of a pass."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from keepwarm._residency.decide.causes import chief, name_causes, present_of
from keepwarm._residency.decide.drifts import LOADING
from keepwarm._residency.decide.plan import make_plan
from keepwarm._residency.decide.verdicts import History, Plan, Verdict
from keepwarm._residency.report import results
from keepwarm._residency.server.client import ServerFailure, leading_numbers
from keepwarm._residency.server.processes import boot_id
from keepwarm._residency.values.observation import Observation
from keepwarm._residency.values.past import Cause

from .. import exits
from ..configuration import Configuration
from ..state.state import LastPass, State
from . import carry_over
from .one_pass import known_start, make_observer, server_start
from .proof import unproven
from .startup_wait import ServerStopped


def inspect(configuration: Configuration, state: State, measurements: str | None = None) -> LastPass:
    """What a pass would find now; where `measurements` names their file, also what its loads would come to in memory."""
    started = time.monotonic()
    moment = carry_over.Moment(time.time(), server_start(configuration, known_start(configuration, state)), boot_id())
    state = carry_over.begin(state, configuration.policy, moment)
    past = carry_over.history(state, configuration, moment)
    try:
        observer = make_observer(configuration, state, ready_timeout=0)
        look = observer.look()
        plan = make_plan(configuration.policy, look, past)
        if measurements and plan.would_load:  # only what these come to goes by the release
            look = replace(look, release=leading_numbers(observer.server.require_version()))
    except ServerStopped as reason:
        return _failed(exits.STOPPED, str(reason), started)
    except ServerFailure as failure:
        return _failed(exits.UNREACHABLE, str(failure), started)
    found = _judged(plan, look, past, configuration.policy.strict)
    lacking = tuple(unproven(plan.verdicts, state.last_pass, moment.server, configuration.url))
    if lacking:
        found = replace(found, exit=exits.NOT_RESIDENT, failures=(*found.failures, *lacking))
    predicted = _predicted(configuration, plan, look, past, measurements) if measurements else ()
    return replace(found, warnings=predicted, seconds=time.monotonic() - started)


def _predicted(configuration: Configuration, plan: Plan, look: Observation, past: History, measurements: str) -> tuple[str, ...]:
    """What waits for a host to get warm looks often, and needs none of this."""
    from keepwarm._residency.report.prediction_report import warnings
    from keepwarm._residency.server.host_prediction import Source, predict_on_host
    from keepwarm._residency.server.knowledge import running_environment

    environment = running_environment(configuration.unit, configuration.url)
    source = Source(configuration.url, measurements, environment, _run)
    found = predict_on_host(configuration.policy, plan, look, source, last=past.failed)
    return (*found.problems, *warnings(found.fits))


def _run(command: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def _failed(code: int, reason: str, started: float) -> LastPass:
    return LastPass(at=time.time(), seconds=time.monotonic() - started, exit=code, failures=(reason,))


def _judged(plan: Plan, look: Observation, past: History, strict: bool) -> LastPass:
    present = present_of(past.server, look, plan, past.past)
    causes = [name_causes(verdict, past.past, present, past.going_on) for verdict in plan.verdicts]
    failures = tuple(reason for verdict, named in zip(plan.verdicts, causes) for reason in _failures(verdict, strict, named))
    return LastPass(
        at=time.time(),
        seconds=0,
        exit=exits.NOT_RESIDENT if failures else exits.WARM,
        models=tuple(_seen(verdict, look, chief(named)) for verdict, named in zip(plan.verdicts, causes)),
        failures=failures,
    )


def _seen(verdict: Verdict, look: Observation, cause: Cause | None) -> dict[str, Any]:
    """As it is, beside what a pass would do about it."""
    now = {"resident": verdict.resident, "after": results.listed_data(verdict, look.now)}
    return {**results.predicted_data(verdict, look.now, cause), **now}


def _failures(verdict: Verdict, strict: bool, causes: Mapping[str, Cause]) -> Iterator[str]:
    """A sentence for each fault of a required model. Liveness that cannot be seen is `unproven`'s to judge."""
    if verdict.model.required:
        yield from [verdict.refusal] if verdict.refusal else []
        waits = verdict.withheld is not None and not verdict.resident
        yield from [str(verdict.withheld)] if waits else _shortfalls(verdict, strict, causes)


def _shortfalls(verdict: Verdict, strict: bool, causes: Mapping[str, Cause]) -> Iterator[str]:
    """A look waits for no load, so that it has no deadline for one."""
    if LOADING in verdict.drift:
        yield f"{verdict.model.declared} is being loaded"
    yield from results.shortfalls(replace(verdict, drift=tuple(word for word in verdict.drift if word != LOADING)), strict, causes)
