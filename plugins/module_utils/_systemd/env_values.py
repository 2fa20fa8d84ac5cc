# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an Ollama server makes of the values of its variables (envconfig/config.go), for the role that writes them and the doctor alike.

For durations it says nothing, for numbers it has a warning in its journal, and for switches it takes whatever is no switch for true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._residency.values.keep_alive import KeepAlive, KeepAliveError
from .address import AddressError, check_address

_DURATIONS = ("OLLAMA_KEEP_ALIVE", "OLLAMA_LOAD_TIMEOUT")
_NUMBERS = {
    "OLLAMA_MAX_LOADED_MODELS": "0 (automatic)",
    "OLLAMA_NUM_PARALLEL": "1",
    "OLLAMA_MAX_QUEUE": "512",
    "OLLAMA_CONTEXT_LENGTH": "0 (by the size of the GPU)",
    "OLLAMA_GPU_OVERHEAD": "0",
    "OLLAMA_MAX_TRANSFER_STREAMS": "4",
}
_SWITCHES = (
    "OLLAMA_AUTH",
    "OLLAMA_FLASH_ATTENTION",
    "OLLAMA_SCHED_SPREAD",
    "OLLAMA_NOHISTORY",
    "OLLAMA_NOPRUNE",
    "OLLAMA_DEBUG_LOG_REQUESTS",
    "OLLAMA_GO_TEMPLATE",
    "OLLAMA_NO_CLOUD",
    "OLLAMA_VULKAN",
    "OLLAMA_IGPU_ENABLE",
    "OLLAMA_NEW_ENGINE",
    "OLLAMA_MULTIUSER_CACHE",
)
_GO_SWITCH = re.compile(r"1|t|T|TRUE|true|True|0|f|F|FALSE|false|False")  # Go's strconv.ParseBool
_WHOLE = re.compile(r"[0-9]{1,20}", re.ASCII)
_UINT_MAX = 2**64 - 1
_LEVEL = re.compile(r"[+-]?[0-9]{1,3}", re.ASCII)
_DEFAULT_KEEP_ALIVE = KeepAlive.parse("5m")


@dataclass(frozen=True)
class Misread:
    """`told`: what the server takes instead; `wanted`: what it would understand."""

    told: str
    wanted: str


def read(value: str | None) -> str:
    """The text that the server goes by: blanks and quotes around it are dropped (envconfig/config.go, Var)."""
    return (value or "").strip().strip("\"'")


def read_keep_alive(value: str | None) -> KeepAlive:
    """What OLLAMA_KEEP_ALIVE comes to; 5 minutes where it is not set, is empty, or is not understood."""
    text = read(value)
    return KeepAlive.parse(text) if _is_duration(text) else _DEFAULT_KEEP_ALIVE


def read_number(value: str | None) -> int:
    """What a number comes to; 0, the default of those that have an automatic, for whatever is none."""
    text = read(value)
    return int(text) if _WHOLE.fullmatch(text) else 0


def misread(key: str, value: str) -> Misread | None:
    """None where the server reads the value as it stands."""
    text = read(value)
    if not text:
        return None
    if key in _DURATIONS and not _is_duration(text):
        return Misread("it silently takes 5 minutes", "a duration such as 30m or 1h30m, seconds, or -1 for ever")
    if key in _NUMBERS and not (_WHOLE.fullmatch(text) and int(text) <= _UINT_MAX):
        return Misread(f"it takes {_NUMBERS[key]}, and says so in its journal", "a whole number")
    if key in _SWITCHES and not _GO_SWITCH.fullmatch(text):
        return Misread("whatever is no switch it takes for true", "1 or 0")
    if key == "OLLAMA_DEBUG" and not (_GO_SWITCH.fullmatch(text) or _LEVEL.fullmatch(text)):
        return Misread("it takes what is neither a switch nor a level for 0", "1 (debug), 2 (trace) or 0")
    if key == "OLLAMA_MAX_QUEUE" and int(text) == 0:
        return Misread("with a queue of none it locks itself up", "1 or more")
    return _address(text) if key == "OLLAMA_HOST" else None


def _is_duration(text: str) -> bool:
    """As Go's ParseDuration or ParseInt reads it: a number without a unit has no fraction."""
    try:
        KeepAlive.parse(text)
    except KeepAliveError:
        return False
    return not re.fullmatch(r"[+-]?\d+\.\d+", text)


def _address(text: str) -> Misread | None:
    try:
        check_address(text)
    except AddressError as error:
        return Misread(str(error), "ADDRESS:PORT, such as 127.0.0.1:11434")
    return None
