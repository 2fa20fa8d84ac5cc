# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance's configuration: read, and judged with one sentence for each problem."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from keepwarm._base.limits import CONTEXT_RELOADS, DAY, MOST_RELOADS, NEVER, RELOADS, RESTART_AFTER, RESTARTS
from keepwarm._residency.server.own_host import own_unit
from keepwarm._residency.values.address import AddressError, check_url
from keepwarm._residency.values.policy import Policy
from keepwarm._residency.values.policy_reader import PolicyError, parse_policy

from .problems import ConfigurationError

_TIMES = ("deadlines", "ready_timeout", "restart_server_after", "proof_age")
_KEYS = ("url", "unit", "policy", *_TIMES, "metrics", "reload_budget", "context_reloads", "restart_server", "notify", "follows_unit")
_MARK = "managed_by"  # who wrote the file; nothing of the agent's depends on it
_DEADLINES = {"connect": 5.0, "answer": 20.0, "load": 900.0}
_PROOF_AGE = 300.0
_READY_TIMEOUT = 300.0  # the server listens before it knows its GPUs, and answers minutes later (docs/ollama-semantics.md#start-of-the-server)


@dataclass(frozen=True)
class Metrics:
    """`textfile_directory` is where root has put a link to the instance's metrics; `period`, the longest from the end of a pass to the
    beginning of the next, and `longest_pass` are in seconds."""

    textfile_directory: str
    period: float
    longest_pass: float


@dataclass(frozen=True)
class Configuration:
    """`unit` is the server's systemd unit; `deadlines` (connect, answer, load) and `ready_timeout` are in seconds.
    `reload_budget` is how many reloads an hour may cost, `context_reloads` how many of them one model's context;
    `proof_age` is for how many seconds a look counts for whoever asks whether a model is resident;
    `restart_server_after` is how long, in seconds, a trouble must have stood for a restart;
    `notify` is whether somebody sends notifications, which are queued then; `follows_unit` is whether the URL was read from
    the unit, so that the server there is this machine's whatever the address is."""

    url: str
    unit: str
    policy: Policy
    deadlines: Mapping[str, float] = field(default_factory=lambda: dict(_DEADLINES))
    ready_timeout: float = _READY_TIMEOUT
    metrics: Metrics | None = None
    reload_budget: int = RELOADS
    context_reloads: int = CONTEXT_RELOADS
    restart_server: str = NEVER
    restart_server_after: float = RESTART_AFTER
    proof_age: float = _PROOF_AGE
    notify: bool = False
    follows_unit: bool = False

    @cached_property
    def own_unit(self) -> str | None:
        """The unit, where the server is this machine's; None for another's. Asked once, since a name must be resolved for it."""
        return own_unit(self.url, self.unit, self.follows_unit)


def read_raw(path: str) -> Mapping[str, Any]:
    """The file as plain data. Raises `ConfigurationError`."""
    try:
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
    except OSError as error:
        raise ConfigurationError([f"{path} cannot be read: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError([f"{path} is not JSON: {error}"]) from error
    if not isinstance(raw, dict):
        raise ConfigurationError([f"{path} holds no JSON object"])
    return raw


def load(path: str) -> Configuration:
    """Read and judge. Raises `ConfigurationError` with every problem."""
    return parse(read_raw(path))


def require_declared(configuration: Configuration) -> None:
    """Raise `ConfigurationError` where nobody has said which models are to be resident, so that there is nothing to look for."""
    if not configuration.policy.declared:
        raise ConfigurationError(["no models are declared: list them in ollama_warmup_models ([] for none) and run the role"])


def parse(raw: Mapping[str, Any]) -> Configuration:
    """Judge plain data. Raises `ConfigurationError` with every problem."""
    problems = [f"the configuration has the unknown key {key!r}: known are {', '.join(_KEYS)}" for key in raw if key not in (*_KEYS, _MARK)]
    found = Configuration(
        url=_url(raw.get("url"), problems),
        unit=_unit(raw.get("unit", "ollama.service"), problems),
        policy=_policy(raw.get("policy"), problems),
        deadlines=_deadlines(raw.get("deadlines", {}), problems),
        ready_timeout=_seconds("ready_timeout", raw.get("ready_timeout", _READY_TIMEOUT), problems),
        metrics=_metrics(raw.get("metrics"), problems),
        reload_budget=_times("reload_budget", raw.get("reload_budget", RELOADS), problems),
        context_reloads=_times("context_reloads", raw.get("context_reloads", CONTEXT_RELOADS), problems),
        restart_server=_restart_server(raw.get("restart_server", NEVER), problems),
        restart_server_after=_seconds("restart_server_after", raw.get("restart_server_after", RESTART_AFTER), problems),
        proof_age=_seconds("proof_age", raw.get("proof_age", _PROOF_AGE), problems),
        notify=_boolean("notify", raw.get("notify", False), problems),
        follows_unit=_boolean("follows_unit", raw.get("follows_unit", False), problems),
    )
    if problems:
        raise ConfigurationError(problems)
    return found


def _url(raw: Any, problems: list[str]) -> str:
    try:
        return check_url(raw if isinstance(raw, str) else "")
    except AddressError as error:
        problems.append(str(error))
        return ""


def _unit(raw: Any, problems: list[str]) -> str:
    if isinstance(raw, str) and raw.endswith(".service") and "/" not in raw and not raw.startswith("-"):
        return raw
    problems.append(f"unit {raw!r} is not the name of a service: use a name such as ollama.service")
    return ""


def _restart_server(raw: Any, problems: list[str]) -> str:
    if raw in RESTARTS:
        return str(raw)
    problems.append(f"restart_server {raw!r} is neither of {' and '.join(RESTARTS)}")
    return NEVER


def _policy(raw: Any, problems: list[str]) -> Policy:
    try:
        return parse_policy(raw)
    except PolicyError as error:
        problems.extend(error.problems)
        return Policy(models=())


def _deadlines(raw: Any, problems: list[str]) -> Mapping[str, float]:
    if not isinstance(raw, dict):
        problems.append(f"deadlines is {raw!r}, not a mapping with the keys {', '.join(_DEADLINES)}")
        return _DEADLINES
    problems += [f"deadlines has the unknown key {key!r}: known are {', '.join(_DEADLINES)}" for key in raw if key not in _DEADLINES]
    return {key: _seconds(f"deadlines.{key}", raw.get(key, default), problems) for key, default in _DEADLINES.items()}


def _metrics(raw: Any, problems: list[str]) -> Metrics | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or set(raw) != {"textfile_directory", "period", "longest_pass"}:
        problems.append(f"metrics is {raw!r}, not a mapping with the keys textfile_directory, period, longest_pass")
        return None
    found = Metrics(**raw)
    if not isinstance(found.textfile_directory, str) or not found.textfile_directory.startswith("/"):
        folder = found.textfile_directory
        problems.append(f"metrics.textfile_directory {folder!r} is not the path of a folder: use one such as /var/lib/prometheus/node-exporter")
    for key in ("period", "longest_pass"):
        if not is_number(raw[key]) or not raw[key] > 0:
            problems.append(f"metrics.{key} {raw[key]!r} is not a number of seconds above 0")
    return found


def is_number(raw: Any) -> bool:
    """Whether it is one, which a boolean is not."""
    return isinstance(raw, (int, float)) and not isinstance(raw, bool)


def _times(key: str, raw: Any, problems: list[str]) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and 1 <= raw <= MOST_RELOADS:
        return raw
    problems.append(f"{key} {raw!r} is not a whole number of reloads an hour from 1 to {MOST_RELOADS}")
    return 1


def _seconds(key: str, raw: Any, problems: list[str]) -> float:
    if is_number(raw) and 0 < raw <= DAY:
        return float(raw)
    problems.append(f"{key} {raw!r} is not a number of seconds above 0 and up to {DAY}")
    return 1.0


def _boolean(key: str, raw: Any, problems: list[str]) -> bool:
    if not isinstance(raw, bool):
        problems.append(f"{key} {raw!r} is not a boolean: write true or false")
    return raw is True
