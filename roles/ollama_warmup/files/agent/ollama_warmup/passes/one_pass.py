# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass as the service user makes it: observe, warm, remember, tell, and end with a number."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from keepwarm._base.limits import WHEN_STUCK
from keepwarm._residency.decide.pace import Pace
from keepwarm._residency.decide.progress import PassResult
from keepwarm._residency.execute.warmer import Warmer
from keepwarm._residency.report import results
from keepwarm._residency.server.client import Deadlines, OllamaServer, ServerFailure, ServerSilent
from keepwarm._residency.server.gpus import count_gpus
from keepwarm._residency.server.processes import boot_id, server_identity
from keepwarm._residency.values.sightings import process_id, with_kills_of

from .. import exits
from ..configuration import Configuration
from ..instance import Instance
from ..ready.board import Board
from ..service import run_command
from ..state.hold import hold_events, hold_problems
from ..state.snapshot import sizes
from ..state.state import LastPass, State
from ..state.state_file import StateFile
from ..state.warm_mark import WarmMark
from . import carry_over
from .changes import changes
from .publish import publish_beginning, tell
from .restart import RestartRequest, is_due, since_when, trouble_of
from .signals import Interrupted
from .startup_wait import ServerStopped, WaitingObserver


def make_pass(instance: Instance, configuration: Configuration) -> int:
    """The exit status. Whoever calls holds the lock."""
    file = StateFile(instance.state_folder)
    before = file.load()
    moment = carry_over.Moment(time.time(), server_start(configuration, known_start(configuration, before)), boot_id(), by_hand=_is_by_hand(instance))
    state = carry_over.begin(before, configuration.policy, moment)
    if state.pinned != before.pinned:
        file.save(state)
    publish_beginning(instance, configuration, state)
    state, end = _warm(instance, configuration, before, state, moment)
    end = since_when(before.last_pass, replace(end, url=configuration.url, warnings=(*hold_problems(instance), *end.warnings)))
    state = replace(state, last_pass=end)
    file.save(state)
    request, trouble = RestartRequest(instance.restart), _worth_a_restart(configuration, before.last_pass, end)
    events = [*hold_events(instance, before.last_pass, end), *changes(before, state, configuration.policy), *request.news(trouble)]
    tell(instance, configuration, state, events)
    WarmMark(instance.warm_mark).say(end.ended == exits.WARM, process_id(state.server))
    request.say(trouble)  # last of all: the restart that it leads to ends the pass that asks for it
    return end.exit


def _worth_a_restart(configuration: Configuration, before: LastPass | None, end: LastPass) -> str | None:
    wanted = configuration.restart_server == WHEN_STUCK and is_due(before, end, configuration.restart_server_after)
    return end.trouble if wanted else None


def make_observer(configuration: Configuration, state: State, ready_timeout: float) -> WaitingObserver:
    """An observer with what is known already."""
    return WaitingObserver(
        server=OllamaServer(configuration.url, Deadlines(**configuration.deadlines)),
        policy=configuration.policy,
        unit=configuration.own_unit,
        follows_unit=configuration.follows_unit,
        cards=dict(state.cards),
        sightings=state.sightings,
        ready_timeout=ready_timeout,
        run=run_command,
        known=known_start(configuration, state),
    )


def server_start(configuration: Configuration, known: str | None = None) -> str | None:
    """Names this start of the server, by default the `known` one; None where its process is not this machine's."""
    return server_identity(configuration.own_unit, url=configuration.url, known=known) if configuration.own_unit else None


def known_start(configuration: Configuration, state: State) -> str | None:
    """Which start of a server answered at this URL at the last pass."""
    last = state.last_pass
    return last.server if last is not None and last.url == configuration.url else None


def _is_by_hand(instance: Instance) -> bool:
    try:
        os.unlink(instance.by_hand)
    except OSError:
        return False
    return True


def _warm(instance: Instance, configuration: Configuration, before: State, state: State, moment: carry_over.Moment) -> tuple[State, LastPass]:
    """What is remembered after it, and how it ended. Nothing that the server does makes it raise."""
    policy = configuration.policy
    # A server that answered since its start and no longer does is ill, not new: its host is not called warm while that is waited out.
    patience = 0 if carry_over.has_answered(before, moment) else configuration.ready_timeout
    observer = make_observer(configuration, state, patience)
    pace = Pace(loading=configuration.deadlines["load"])
    board = Board(instance, configuration)
    warmer = Warmer(observer, policy, carry_over.history(state, configuration, moment), pace=pace, looked=board.looked)
    started = time.monotonic()
    try:
        result = warmer.run()
    except ServerStopped as reason:
        end = _end(state, started, exits.STOPPED, failures=[str(reason)])
    except ServerFailure as failure:
        hung = str(failure) if isinstance(failure, ServerSilent) else None
        end = _end(state, started, exits.UNREACHABLE, failures=[str(failure)], trouble=hung)
    except Interrupted as signal:
        end = _end(state, started, exits.INTERRUPTED, failures=[f"the pass was told to stop ({signal})"])
    else:
        board.conclude(result.models)
        after = carry_over.conclude(before, state, configuration, moment, result, time.time())
        _keep_measurements(instance, configuration, before, after, result)
        return after, _judged(configuration, after, started, result)
    # Whatever cut the pass short, the next one need not wait as long; what was killed for want of memory it has still to name.
    state = replace(state, sightings=with_kills_of(state.sightings, observer.sightings))
    return carry_over.abort(state, dict(observer.cards), warmer.loading if end.exit == exits.UNREACHABLE else None, time.time()), end


def _keep_measurements(instance: Instance, configuration: Configuration, before: State, after: State, result: PassResult) -> None:
    """Where something is in memory that was not there before; a healthy pass neither reads nor imports anything for it."""
    if sizes(after.seen) <= sizes(before.seen) and os.path.exists(instance.measurements):
        return
    from .measuring import note

    note(instance.measurements, configuration, result, time.time())


def _judged(configuration: Configuration, state: State, started: float, result: PassResult) -> LastPass:
    policy, now = configuration.policy, result.look.now
    failures = results.failures(result, policy.strict)
    own = policy.warnings(count_gpus()) if configuration.own_unit else ()
    models = tuple(results.model_data(progress, now) for progress in result.models)
    return _end(
        state,
        started,
        exits.NOT_RESIDENT if failures else exits.WARM,
        models=models,
        trouble=trouble_of(models),
        undeclared=tuple(results.stray_data(stray) for stray in result.strays),
        failures=failures,
        warnings=[*own, *results.warnings(result, policy.strict)],
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
