# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass as the service user makes it: observe, warm, remember, tell, and end with a number."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from _residency import report
from _residency.address import is_local
from _residency.gpus import count_gpus
from _residency.runners import server_identity
from _residency.server import REQUESTS_IMPORT_ERROR, Deadlines, OllamaServer, ServerFailure
from _residency.warmer import Pace, PassResult, Warmer

from . import exits, memory
from .changes import changes
from .configuration import Configuration
from .hold import hold_events, hold_problems
from .instance import Instance
from .interruption import Interrupted
from .patience import PatientObserver, ServerStopped
from .problems import ConfigurationError
from .state import LastPass, State
from .state_file import StateFile
from .telling import tell, tell_beginning
from .warm_mark import WarmMark


def make_pass(instance: Instance, configuration: Configuration) -> int:
    """The exit status. Whoever calls holds the lock."""
    file = StateFile(instance.state_folder)
    before = file.load()
    state = memory.begin(before, configuration.policy, server_start(configuration))
    if state.pinned != before.pinned:
        file.save(state)
    tell_beginning(instance, configuration, state)
    state, end = _warm(configuration, state)
    end = replace(end, warnings=(*hold_problems(instance), *end.warnings))
    state = replace(state, last_pass=end)
    file.save(state)
    tell(instance, configuration, state, [*hold_events(instance, before.last_pass, end), *changes(before.last_pass, end)])
    WarmMark(instance.warm_mark).say(end.exit == exits.WARM)
    return end.exit


def make_observer(configuration: Configuration, state: State, ready_timeout: float) -> PatientObserver:
    """An observer with what is known already. Raises C(ConfigurationError) where the HTTP library is missing."""
    if REQUESTS_IMPORT_ERROR is not None:
        missing = f"the Python library requests is not installed for {sys.executable}: install python3-requests"
        raise ConfigurationError([missing])
    return PatientObserver(
        server=OllamaServer(configuration.url, Deadlines(**configuration.deadlines)),
        policy=configuration.policy,
        unit=configuration.unit,
        cards=dict(state.cards),
        ready_timeout=ready_timeout,
    )


def server_start(configuration: Configuration) -> str | None:
    """Names this start of the server; None where its process is not this machine's."""
    return server_identity(configuration.unit) if is_local(configuration.url) else None


def _warm(configuration: Configuration, state: State) -> tuple[State, LastPass]:
    """What is remembered after it, and how it ended. Nothing that the server does makes it raise."""
    policy = configuration.policy
    observer = make_observer(configuration, state, configuration.ready_timeout)
    pace = Pace(loading=configuration.deadlines["load"])
    started = time.monotonic()
    try:
        result = Warmer(observer, policy, memory.history(state), pace=pace).run()
    except ServerStopped as reason:
        end = _end(state, started, exits.STOPPED, failures=[str(reason)])
    except ServerFailure as failure:
        end = _end(state, started, exits.UNREACHABLE, failures=[str(failure)])
    except Interrupted as signal:
        end = _end(state, started, exits.INTERRUPTED, failures=[f"the pass was told to stop ({signal})"])
    else:
        return memory.conclude(state, policy, result), _judged(configuration, state, started, result)
    return replace(state, cards=dict(observer.cards)), end


def _judged(configuration: Configuration, state: State, started: float, result: PassResult) -> LastPass:
    policy, now = configuration.policy, result.look.now
    failures = report.failures(result, policy.strict)
    own = policy.warnings(count_gpus()) if is_local(configuration.url) else ()
    return _end(
        state,
        started,
        exits.NOT_RESIDENT if failures else exits.WARM,
        models=tuple(report.model_data(progress, now) for progress in result.models),
        undeclared=tuple(report.stray_data(stray) for stray in result.strays),
        failures=failures,
        warnings=[*own, *report.warnings(result, policy.strict)],
    )


def _end(state: State, started: float, code: int, failures: Iterable[str], warnings: Iterable[str] = (), **found: Any) -> LastPass:
    return LastPass(
        at=round(time.time(), 3),
        seconds=round(time.monotonic() - started, 3),
        exit=code,
        server=state.server,
        failures=tuple(failures),
        warnings=tuple(warnings),
        **found,
    )
