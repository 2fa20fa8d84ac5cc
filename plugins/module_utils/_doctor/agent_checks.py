# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent that is to keep the models warm: is it there, able, on time, and let work. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.text import utc
from .._residency.report.display import span
from .examination import AgentLook, Examination, Properties, entries_of
from .finding import PROBLEM, WARNING, Evidence, Finding, Kind, seen

AGENT_MISSING = Kind("agent_missing", PROBLEM, "there is no agent on this host: nobody keeps models warm", "run the play site (role ollama_warmup)")
NOT_CONFIGURED = Kind("agent_not_configured", PROBLEM, "the agent has no configuration for this instance", "run the play site (role ollama_warmup)")
INVALID = Kind("configuration_invalid", PROBLEM, "{sentence}", "correct the role's variables and run the play site; {path} is its, and would be written over")
PYTHON_MISSING = Kind(
    "interpreter_missing", PROBLEM, "the agent's interpreter is not there: {python}", "install it, or set ollama_warmup_python and run the play site"
)
USER_MISSING = Kind("agent_user_missing", PROBLEM, "the agent's user {user} does not exist", "run the play site (role ollama_warmup)")
NOT_ITS_OWN = Kind("agent_state_not_its_own", PROBLEM, "{sentence}", "chown -R {user}:{user} {path}")
TIMER_DOWN = Kind("timer_inactive", PROBLEM, "{timer} is {state}: no pass is made by time", "systemctl enable --now {timer}")
TIMER_MISSING = Kind("timer_missing", PROBLEM, "{timer} is not installed: no pass is made by time", "run the play site (role ollama_warmup)")
TIMER_DISABLED = Kind("timer_disabled", WARNING, "{timer} runs, but will not start at the next boot", "systemctl enable {timer}")
MASKED = Kind("agent_unit_masked", PROBLEM, "{agent_unit} is masked", "systemctl unmask {agent_unit}, then run the play site")
REMAINS = Kind(
    "pass_remains_active",
    PROBLEM,
    "{agent_unit} counts as active although its program has ended: starting it makes no pass",
    "systemctl cat {agent_unit} tells who says RemainAfterExit=yes; take it out, then systemctl stop {agent_unit}, and run the play site",
)
NOT_BY_START = Kind(
    "pass_not_by_start", WARNING, "{agent_unit} does not start with the server: after a restart models wait for the timer", "systemctl enable {agent_unit}"
)
WATCH_DOWN = Kind("watch_inactive", WARNING, "{agent_unit} is installed, and {state}: sudden losses wait for the timer", "systemctl enable --now {agent_unit}")
ON_HOLD = Kind("on_hold", WARNING, "an operator has put this host {hold}: no pass is made", "{command} release, when the work is done")
DRAINED = Kind(
    "drained",
    WARNING,
    "load balancers send this host no requests: since {since} it is {drain}",
    "{command} undrain, when the work is done; it also ends the drain of an upgrade that was killed",
)
OVERDUE = Kind("pass_overdue", PROBLEM, "the last pass ended {ago} ago, though one is due every {interval}", "journalctl -u {agent_unit} -n 50")
NO_PASS = Kind("no_pass_yet", WARNING, "no pass has ended yet", "{command} run; journalctl -u {agent_unit} -n 50")
LAST_FAILED = Kind("last_pass_not_warm", WARNING, "the last pass, at {when}, did not end warm: {sentence}", "what it says; {command} run tries again now")
KINDS = (
    AGENT_MISSING, NOT_CONFIGURED, INVALID, PYTHON_MISSING, USER_MISSING, NOT_ITS_OWN, TIMER_DOWN, TIMER_MISSING, TIMER_DISABLED,
    MASKED, REMAINS, NOT_BY_START, WATCH_DOWN, ON_HOLD, DRAINED, OVERDUE, NO_PASS, LAST_FAILED,
)  # fmt: skip
_PATIENCE = 3  # periods of the timer
_LATEST = 2**37  # seconds since 1970; what is later is no moment that can be printed


def check(look: Examination) -> Iterator[Finding]:
    """Everything about the agent of this instance."""
    agent = look.agent
    yield from _remains(agent)
    if not agent.installed:
        yield AGENT_MISSING.found(seen(agent.command, "no such file"))
        return
    if not agent.configured:
        yield NOT_CONFIGURED.found(seen(agent.configuration, "no such file"))
        return
    yield from _program(agent)
    yield from _units(agent)
    if agent.hold:
        yield ON_HOLD.found(seen(f"{agent.command} status", str(agent.hold)), hold=agent.hold, command=look.command)
    for path, drain in agent.drains.items():
        yield DRAINED.found(seen(path, drain.told("drained")), since=utc(drain.since), drain=drain.told("drained"), command=look.command)
    if look.policy is None or look.policy.declared:  # without a list none is made
        yield from _passes(look, agent)


def _program(agent: AgentLook) -> Iterator[Finding]:
    for sentence in agent.problems:
        yield INVALID.found(seen(agent.configuration, sentence), sentence=sentence, path=agent.configuration)
    if not agent.python:
        yield PYTHON_MISSING.found(seen(agent.command, agent.python_missing), python=agent.python_missing)
    if agent.user_missing:
        yield USER_MISSING.found(seen(f"systemctl show {agent.pass_unit}", f"User={agent.user_missing}"), user=agent.user_missing)
    if agent.owner_problem:
        user = agent.units.get(agent.pass_unit, {}).get("User") or "ollama-warmup"
        path, dummy, text = agent.owner_problem.partition(" ")
        yield NOT_ITS_OWN.found(seen("stat", agent.owner_problem), sentence=f"{path} {text}", user=user, path=path)


def _remains(agent: AgentLook) -> Iterator[Finding]:
    """One that somebody made by hand, say, which may have been there before the agent was."""
    own = agent.units.get(agent.pass_unit, {})
    if own.get("ActiveState") == "active" and own.get("SubState") == "exited":
        yield REMAINS.found(_state(agent.pass_unit, own, "ActiveState"), _state(agent.pass_unit, own, "SubState"), agent_unit=agent.pass_unit)


def _units(agent: AgentLook) -> Iterator[Finding]:
    for name, properties in agent.units.items():
        if properties.get("LoadState") == "masked":
            yield MASKED.found(_state(name, properties, "LoadState"), agent_unit=name)
    timer = agent.units.get(agent.timer, {})
    if timer.get("LoadState") == "not-found":
        yield TIMER_MISSING.found(_state(agent.timer, timer, "LoadState"), timer=agent.timer)
    elif timer.get("LoadState") != "masked" and timer.get("ActiveState") != "active":
        yield TIMER_DOWN.found(_state(agent.timer, timer, "ActiveState"), timer=agent.timer, state=timer.get("ActiveState", "unknown"))
    elif timer.get("UnitFileState") == "disabled":
        yield TIMER_DISABLED.found(_state(agent.timer, timer, "UnitFileState"), timer=agent.timer)
    own = agent.units.get(agent.pass_unit, {})
    if own.get("UnitFileState") == "disabled":
        yield NOT_BY_START.found(_state(agent.pass_unit, own, "UnitFileState"), agent_unit=agent.pass_unit)
    watch = agent.units.get(agent.watch, {})
    if watch.get("LoadState") == "loaded" and watch.get("ActiveState") not in ("active", "activating"):
        yield WATCH_DOWN.found(_state(agent.watch, watch, "ActiveState"), agent_unit=agent.watch, state=watch.get("ActiveState"))


def _state(name: str, properties: Properties, key: str) -> Evidence:
    return seen(f"systemctl show {name}", f"{key}={properties.get(key, '')}")


def _passes(look: Examination, agent: AgentLook) -> Iterator[Finding]:
    last, source = agent.last_pass, f"{agent.command} status"
    is_running = agent.units.get(agent.pass_unit, {}).get("ActiveState") == "activating"  # a long load, perhaps
    at = last.get("at")
    if not isinstance(at, (int, float)) or not 0 <= at < _LATEST:
        if agent.status and not is_running:
            yield NO_PASS.found(seen(source, "no pass"), agent_unit=agent.pass_unit, command=look.command)
        return
    if not is_running:
        yield from _overdue(look, agent, at)
    failures = [str(text) for text in entries_of(last.get("failures"))]
    if last.get("exit") != 0:
        evidence = [seen(source, text) for text in failures]
        sentence = next(iter(failures), f"exit {last.get('exit')}")
        yield LAST_FAILED.found(*evidence, when=utc(at), sentence=sentence, command=look.command)


def _overdue(look: Examination, agent: AgentLook, at: float) -> Iterator[Finding]:
    """`at` is when the last pass ended. None is made of a server that is down, nor on hold, by the unit's ExecCondition=."""
    own = None if look.is_elsewhere else look.unit
    period = interval(agent.units.get(agent.timer, {}))
    if period is None or agent.hold or (own and own.is_down):
        return
    due = max(at, agent.held_until, own.started if own else 0) + _PATIENCE * period
    if look.now > due:
        values = {"ago": span(look.now - at), "interval": span(period), "agent_unit": agent.pass_unit}
        yield OVERDUE.found(seen(f"{agent.command} status", f"last pass {utc(at)}"), **values)


def interval(timer: Properties) -> float | None:
    """Seconds between passes, of the timer's `TimersMonotonic` (`{ OnUnitInactiveUSec=4min ; next_elapse=... }`)."""
    text = timer.get("TimersMonotonic", "").partition("OnUnitInactiveUSec=")[2].partition(" ;")[0]
    total = 0.0
    for part in text.split():
        number = part.rstrip("abcdefghijklmnopqrstuvwxyz")
        unit = _UNITS.get(part[len(number) :])
        if unit is None or not number.replace(".", "", 1).isdigit():
            return None
        total += float(number) * unit
    return total or None


_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
