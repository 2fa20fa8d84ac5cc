# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that an instance has of its own, read. Pure.

A role's argument specs judge its variables and do not reach into an entry; what they refuse of a variable is refused here of an
entry. Settings without a reader are judged with the others of their role (environments, policies, durations).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .._base.readers import InvalidValue, read_switch
from .container import READERS as CONTAINER_READERS
from .model_list import RIGHT, read_models
from .options import OPTIONS

GPU_SECONDS = 600
"""The longest that a start may wait for GPUs: systemd gives it 90 seconds in all (TimeoutStartSec=)."""
_MOST = 2**31 - 1
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_DURATION = re.compile(r"[0-9]{1,6}[smh]?", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?", re.ASCII)
Reader = Callable[[Any], Any]


def read_own(role: str, raw: Any, problems: list[str]) -> dict[str, Any]:
    """The settings as the role takes them. What is wrong is added to `problems`, one sentence each."""
    own = raw or {}
    if not isinstance(own, Mapping):
        problems.append(f"{role} is {own!r}, not a mapping of settings")
        return {}
    known = OPTIONS[role]
    problems += [f"{role}.{key} is unknown, or belongs to the whole host: an instance may have {', '.join(known)}" for key in own if key not in known]
    return {key: _read(role, key, own[key], problems) for key in own}


def _read(role: str, key: str, raw: Any, problems: list[str]) -> Any:
    try:
        return READERS[role].get(key, _as_it_is)(raw)
    except InvalidValue as unfit:
        problems.append(f"{role}.{key} is {raw!r}, {unfit}")
        return None


def _as_it_is(raw: Any) -> Any:
    return raw


def _one_of(*words: str) -> Reader:
    def read(raw: Any) -> str:
        if raw not in words:
            raise InvalidValue(f"not one of {', '.join(words)}")
        return str(raw)

    return read


def _switch(raw: Any) -> bool:
    """Up to ansible-core 2.18 a templated boolean is a text."""
    switch = read_switch(raw)
    if switch is None:
        raise InvalidValue("neither true nor false")
    return switch


def _start(raw: Any) -> Any:
    """The word for what decides from the server's state, or a switch."""
    if raw == "auto":
        return raw
    switch = read_switch(raw)
    if switch is None:
        raise InvalidValue("none of auto, true and false")
    return switch


def _duration(raw: Any) -> str:
    if isinstance(raw, bool) or not _DURATION.fullmatch(str(raw)):
        raise InvalidValue("not a duration: use seconds (300), or one such as 5m")
    return str(raw)


def _whole(least: int, most: int = _MOST) -> Reader:
    """Up to ansible-core 2.18 a templated number is a text."""

    def read(raw: Any) -> int:
        if isinstance(raw, bool) or not _DIGITS.fullmatch(str(raw)) or not least <= int(raw) <= most:
            raise InvalidValue(f"not a whole number from {least} to {most}")
        return int(raw)

    return read


def _seconds(least: int) -> Reader:
    def read(raw: Any) -> float:
        if isinstance(raw, bool) or not _DECIMAL.fullmatch(str(raw)) or not least <= float(raw) <= _MOST:
            raise InvalidValue(f"not a number of seconds from {least} to {_MOST}")
        return float(raw)

    return read


def _models(raw: Any) -> Any:
    models = read_models(raw)
    if models is None:
        raise InvalidValue(f"not a list of models: {RIGHT}, as in ollama_model_models")
    return models


READERS: Mapping[str, Mapping[str, Reader]] = {
    "server": {
        "oom_policy": _one_of("auto", "continue", "stop", "kill"),
        "start": _start,
        "restart": _one_of("auto", "now", "never"),
        "restart_wait": _duration,
        "restart_restore": _one_of("all", "declared"),
        "ready_timeout": _whole(0),
        "gpu": _one_of("auto", "nvidia", "amd", "none"),
        "gpu_timeout": _whole(0, GPU_SECONDS),
        **CONTAINER_READERS,
    },
    "model": {
        "models": _models,
        "pull": _switch,
        "pull_state": _one_of("present", "latest"),
        "pull_insecure": _switch,
        "prune": _one_of("none", "unlisted"),
        "replaced": _one_of("unload", "keep"),
        "stall_timeout": _seconds(1),
        "retries": _whole(0),
        "timeout": _whole(1),
        "progress_interval": _seconds(0),
    },
    "warmup": {
        "strict": _switch,
        "allow_long_interval": _switch,
        "watch": _switch,
        "metrics": _switch,
        "prove": _switch,
    },
}
