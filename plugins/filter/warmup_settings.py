# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: warmup_settings
short_description: Judges the settings of the host agent and derives the deadlines of its unit from them
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Judges the residency policy with the code that the agent itself uses, and every length of time.
  - Durations are seconds or the server's own form (V(4m), V(1h30m)); they come back as seconds.
  - A period of five minutes or more is refused unless allowed, since the server drops a model five minutes after a client
    that sends its default keep_alive.
options:
  _input:
    description:
      - The settings by the names of the role P(keepwarm.ollama.ollama_warmup#role)'s variables, without their prefix.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge settings
  ansible.builtin.debug:
    msg: "{{ {'models': ['qwen3:8b'], 'interval': '3m', 'jitter': 20, 'load_timeout': '10m', 'ready_timeout': '5m',
              'gate_timeout': '5m', 'unit': 'ollama.service', 'user': 'ollama-warmup', 'python': '/usr/bin/python3'}
             | keepwarm.ollama.warmup_settings }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one sentence for each setting that is wrong. Without any, also C(policy) with every default filled in,
      and C(interval), C(jitter), C(load_timeout), C(ready_timeout), C(gate_timeout) and C(start_timeout) (the longest that
      a whole pass may take) in seconds, C(reload_budget) and C(context_reloads), C(gates) with every mode filled in, and
      C(metrics), what the agent is told of them, null where none are wanted.
  type: dict
"""

import re
from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._gates import parse_gates
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.address import AddressError, check_url
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.keep_alive import KeepAlive, KeepAliveError
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.policy import PolicyError, parse_policy, policy_data

_POLICY = ("models", "undeclared_keep_alive", "max_loaded_models", "context_mismatch", "strict", "release", "slow_load_seconds")
_DURATIONS = {"interval": 1.0, "jitter": 0.0, "load_timeout": 1.0, "ready_timeout": 1.0, "gate_timeout": 1.0}
"""The least that each may be, in seconds."""
_RESTARTS = ("never", "when_stuck")
_RESTART_DURATIONS = {"restart_server_after": "10m", "restart_server_period": "1h"}
_TEXTS = {
    "unit": (re.compile(r"[A-Za-z0-9:_.@-]+\.service", re.ASCII), "the name of a service: use a name such as ollama.service"),
    "user": (re.compile(r"[a-z_][a-z0-9_-]{0,30}", re.ASCII), "the name of a system user: use lower-case letters, digits, '_' and '-'"),
    "python": (re.compile(r"/[A-Za-z0-9_./+-]+", re.ASCII), "the path of a Python interpreter: use one such as /usr/bin/python3"),
}
_TIMES = {"reload_budget": 60, "context_reloads": 3}
"""How often an hour; what each is where it is not given."""
_MOST_TIMES = 1000
_FOLDER = re.compile(r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_.+-]", re.ASCII)
_DAY = 86400
_SERVER_DEFAULT = 300  # seconds: what a client that sends the server's default keep_alive leaves
_MARGIN = 10  # seconds for the pass itself, and for the accuracy of the timer
_ACCURACY = 1  # second: the timer's
_VERIFY = 60  # seconds on top of all loads


def warmup_settings(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the role needs, or why not."""
    problems: list[str] = []
    problems += [f"{key} {raw.get(key)!r} is not {wanted}" for key, (form, wanted) in _TEXTS.items() if not _fits(form, raw.get(key))]
    _check_address(raw.get("url"), problems)
    _check_metrics(raw, problems)
    _check_restart(raw.get("restart_server", "never"), problems)
    policy = _policy(raw, problems)
    gates = parse_gates(raw.get("gates") or [], str(raw.get("unit")), problems)
    seconds = {key: _seconds(key, raw.get(key), least, problems) for key, least in _DURATIONS.items()}
    seconds |= {key: _seconds(key, raw.get(key, default), 1, problems) for key, default in _RESTART_DURATIONS.items()}
    times = {key: _times(key, raw.get(key, default), problems) for key, default in _TIMES.items()}
    if not problems:
        problems += _period_problems(seconds["interval"], seconds["jitter"], raw.get("allow_long_interval") is True)
    if problems:
        return {"problems": problems}
    loads = max(len(policy["models"]), 1) + 1  # one more, for a load of somebody else's that is waited for
    start_timeout = seconds["ready_timeout"] + loads * seconds["load_timeout"] + _VERIFY
    derived = {"start_timeout": start_timeout, "metrics": _metrics(raw, seconds, start_timeout)}
    return {"problems": [], "policy": policy, "gates": gates, **seconds, **times, **derived}


def _fits(form: re.Pattern[str], raw: Any) -> bool:
    return isinstance(raw, str) and form.fullmatch(raw) is not None


def _check_address(raw: Any, problems: list[str]) -> None:
    """An empty one is not given: it follows the server's own settings. Whose address it is, only the host can tell."""
    try:
        if raw:
            check_url(str(raw))
    except AddressError as error:
        problems.append(str(error))


def _check_metrics(raw: Mapping[str, Any], problems: list[str]) -> None:
    folder = raw.get("metrics_directory")
    if raw.get("metrics") and not _fits(_FOLDER, folder):
        problems.append(f"metrics_directory {folder!r} is not the path of a folder: use one such as /var/lib/prometheus/node-exporter")


def _check_restart(raw: Any, problems: list[str]) -> None:
    if raw not in _RESTARTS:
        problems.append(f"restart_server {raw!r} is neither of {' and '.join(_RESTARTS)}")


def _policy(raw: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    try:
        return policy_data(parse_policy({key: raw[key] for key in _POLICY if raw.get(key) is not None}))
    except PolicyError as error:
        problems.extend(error.problems)
        return {}


def _seconds(key: str, raw: Any, least: float, problems: list[str]) -> float:
    try:
        duration = KeepAlive.parse(raw)
    except KeepAliveError as error:
        problems.append(str(error).replace("keep_alive", key, 1).replace(", or -1 for ever", ""))
        return least
    seconds = duration.as_timedelta().total_seconds()
    if not least <= seconds <= _DAY:
        problems.append(f"{key} {raw!r} is not between {least:g} s and a day: give seconds (240) or a duration such as '4m'")
    return seconds


def _times(key: str, raw: Any, problems: list[str]) -> int:
    """Up to ansible-core 2.18 a templated number is a text."""
    number = int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() else raw
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= _MOST_TIMES:
        return number
    problems.append(f"{key} {raw!r} is not a whole number of reloads an hour from 1 to {_MOST_TIMES}")
    return 1


def _metrics(raw: Mapping[str, Any], seconds: Mapping[str, float], longest_pass: float) -> dict[str, Any] | None:
    if not raw.get("metrics"):
        return None
    period = seconds["interval"] + seconds["jitter"] + _ACCURACY
    return {"textfile_directory": raw["metrics_directory"], "period": period, "longest_pass": longest_pass}


def _period_problems(interval: float, jitter: float, allowed: bool) -> list[str]:
    longest = interval + jitter + _MARGIN
    if allowed or longest < _SERVER_DEFAULT:
        return []
    return [
        f"interval {interval:g} s and jitter {jitter:g} s let {longest:g} s pass between two looks, but a client that sends the"
        f" server's default keep_alive lets a model go after {_SERVER_DEFAULT} s: shorten them, or set allow_long_interval"
    ]


class FilterModule:
    """Settings of the host agent."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"warmup_settings": warmup_settings}
