# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the host agent, judged, and the deadlines of its unit, derived from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.limits import CONTEXT_RELOADS, DAY, MOST_RELOADS, NEVER, RELOADS, RESTARTS
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import read_switch
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr
from ansible_collections.keepwarm.ollama.plugins.module_utils._gates import parse_gates
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import RIGHT, is_given, read_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.address import AddressError, check_url
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive, KeepAliveError
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy import policy_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.policy_reader import PolicyError, parse_policy

from ._probe_places import probe_places

_POLICY = ("models", "undeclared_keep_alive", "max_loaded_models", "context_mismatch", "strict", "release", "slow_load_seconds")
_DURATIONS = {"interval": 1.0, "jitter": 0.0, "load_timeout": 1.0, "ready_timeout": 1.0, "gate_timeout": 1.0}
"""The least that each may be, in seconds."""
_RESTART_DURATIONS = {"restart_server_after": "10m", "restart_server_period": "1h"}
_TEXTS = {
    "unit": (re.compile(r"[A-Za-z0-9:_.@-]+\.service", re.ASCII), "the name of a service: use a name such as ollama.service"),
    "user": (re.compile(r"[a-z_][a-z0-9_-]{0,30}", re.ASCII), "the name of a system user: use lower-case letters, digits, '_' and '-'"),
    "python": (re.compile(r"/[A-Za-z0-9_./+-]+", re.ASCII), "the path of a Python interpreter: use one such as /usr/bin/python3"),
}
_TIMES = {"reload_budget": RELOADS, "context_reloads": CONTEXT_RELOADS}
"""How often an hour; what each is where it is not given."""
_FOLDER = re.compile(r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_.+-]", re.ASCII)
_SERVER_DEFAULT = 300  # seconds: what a client that sends the server's default keep_alive leaves
_MARGIN = 10  # seconds for the pass itself, and for the accuracy of the timer
_ACCURACY = 1  # second: the timer's
_PROOF_MARGIN = 30  # seconds that a look counts for longer than until the next pass should have begun
_VERIFY = 60  # seconds on top of all loads
Name = Callable[[str], str]
"""From the key of a setting to what the user calls it."""


def warmup_settings(raw: Mapping[str, Any], of_instance: bool = False) -> dict[str, Any]:
    """What the role needs, or why not."""
    name = _entry_key if of_instance else _variable
    problems = [f"{name(key)} {short_repr(raw.get(key))} is not {wanted}" for key, (form, wanted) in _TEXTS.items() if not _fits(form, raw.get(key))]
    problems += [*_address_problems(raw, name), *_metrics_problems(raw, name), *_restart_problems(raw, name)]
    policy = _policy(raw, name, problems)
    gates = _gates(raw, name, problems)
    places = probe_places(raw, name, problems)
    seconds = {key: _seconds(name(key), raw.get(key), least, problems) for key, least in _DURATIONS.items()}
    seconds |= {key: _seconds(name(key), raw.get(key, default), 1, problems) for key, default in _RESTART_DURATIONS.items()}
    times = {key: _times(name(key), raw.get(key, default), problems) for key, default in _TIMES.items()}
    if not problems:
        problems += _period_problems(seconds["interval"], seconds["jitter"], read_switch(raw.get("allow_long_interval")) is True, name)
    if problems:
        return {"problems": problems}
    loads = max(len(policy["models"] or ()), 1) + 1  # one more, for a load of somebody else's that is waited for
    start_timeout = seconds["ready_timeout"] + loads * seconds["load_timeout"] + _VERIFY
    proof_age = seconds["interval"] + seconds["jitter"] + _PROOF_MARGIN
    derived = {"proof_age": proof_age, "start_timeout": start_timeout, "metrics": _metrics(raw, seconds, start_timeout)}
    return {"problems": [], "policy": policy, "gates": gates, **places, **seconds, **times, **derived}


def _variable(key: str) -> str:
    return f"ollama_warmup_{key}"


def _entry_key(key: str) -> str:
    return key if key == "models" else f"warmup.{key}"


def _fits(form: re.Pattern[str], raw: Any) -> bool:
    return isinstance(raw, str) and form.fullmatch(raw) is not None


def _address_problems(raw: Mapping[str, Any], name: Name) -> Iterator[str]:
    """An empty one is not given: it follows the server's own settings. Whose address it is, only the host can tell."""
    try:
        if raw.get("url"):
            check_url(str(raw["url"]))
    except AddressError as error:
        yield name(str(error))  # which begins with "url"


def _metrics_problems(raw: Mapping[str, Any], name: Name) -> Iterator[str]:
    folder = raw.get("metrics_directory")
    if read_switch(raw.get("metrics")) and not _fits(_FOLDER, folder):
        yield f"{name('metrics_directory')} {short_repr(folder)} is not the path of a folder: use one such as /var/lib/prometheus/node-exporter"


def _restart_problems(raw: Mapping[str, Any], name: Name) -> Iterator[str]:
    restart = raw.get("restart_server", NEVER)
    if restart not in RESTARTS:
        yield f"{name('restart_server')} {short_repr(restart)} is neither of {' and '.join(RESTARTS)}"


def _policy(raw: Mapping[str, Any], name: Name, problems: list[str]) -> dict[str, Any]:
    """`models`: null where nobody declared any."""
    given = {key: raw[key] for key in _POLICY if is_given(raw.get(key))}
    models = read_models(given.pop("models", []))
    if models is None:
        problems.append(f"{name('models')} is {short_repr(raw['models'])}, not a list of models: {RIGHT}")
    declared = {"models": models} if is_given(raw.get("models")) else {}
    try:
        return policy_data(parse_policy({**given, **declared}))
    except PolicyError as error:
        problems += [name(text) if text.startswith(_POLICY[1:]) else f"{name('models')}: {text}" for text in error.problems]
        return {"models": []}


def _gates(raw: Mapping[str, Any], name: Name, problems: list[str]) -> list[dict[str, str]]:
    found: list[str] = []
    gates = parse_gates(raw.get("gates") or [], str(raw.get("unit")), found)
    problems += [name(text) if text.startswith("gates ") else f"{name('gates')}: {text}" for text in found]
    if gates and not is_given(raw.get("models")):
        problems.append(
            f"{name('gates')} lets units wait until the declared models are resident, but {name('models')} is null, which declares nothing:"
            " they would wait for ever; declare models, write [] for none, or take the gates away"
        )
    return gates


def _seconds(variable: str, raw: Any, least: float, problems: list[str]) -> float:
    try:
        duration = KeepAlive.parse(raw)
    except KeepAliveError as error:
        problems.append(str(error).replace("keep_alive", variable, 1).replace(", or -1 for ever", ""))
        return least
    seconds = duration.as_timedelta().total_seconds()
    if not least <= seconds <= DAY:
        problems.append(f"{variable} {short_repr(raw)} is not between {least:g} s and a day: give seconds (240) or a duration such as '4m'")
    return seconds


def _times(variable: str, raw: Any, problems: list[str]) -> int:
    """Up to ansible-core 2.18 a templated number is a text."""
    number = int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() else raw
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST_RELOADS:
        return number
    problems.append(f"{variable} {short_repr(raw)} is not a whole number of reloads an hour from 1 to {MOST_RELOADS}")
    return 1


def _metrics(raw: Mapping[str, Any], seconds: Mapping[str, float], longest_pass: float) -> dict[str, Any] | None:
    if not read_switch(raw.get("metrics")):
        return None
    period = seconds["interval"] + seconds["jitter"] + _ACCURACY
    return {"textfile_directory": raw["metrics_directory"], "period": period, "longest_pass": longest_pass}


def _period_problems(interval: float, jitter: float, allowed: bool, name: Name) -> list[str]:
    longest = interval + jitter + _MARGIN
    if allowed or longest < _SERVER_DEFAULT:
        return []
    return [
        f"{name('interval')} {interval:g} s and {name('jitter')} {jitter:g} s let {longest:g} s pass between two looks, but a client that"
        f" sends the server's default keep_alive lets a model go after {_SERVER_DEFAULT} s: shorten them, or set {name('allow_long_interval')}"
    ]
