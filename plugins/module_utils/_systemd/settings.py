# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's settings as a person writes them, validated, as environment variables. Pure.

Ollama itself is of no help here: it replaces a value that it cannot read by a default, without a word for durations
(docs/ollama-semantics.md#keep_alive-in-the-environment) and with a line in its journal for numbers (docs/ollama-semantics.md#environment-variables).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._base.readers import InvalidValue, read_switch
from .._base.text import short_repr
from .._residency.values.keep_alive import KeepAlive, KeepAliveError
from .address import AddressError, check_address
from .env_values import misread
from .ollama_variables import doubt, meant_by
from .quoting import quote_assignment

PREFIX = "ollama_server_"
_CACHE_TYPES = ("f16", "q8_0", "q4_0")
_UINT_MAX = 2**31 - 1
# The server panics at its start on any other origin (gin-contrib/cors, Config.Validate).
_ORIGIN = re.compile(r"(https?|(chrome|safari|moz|ms-browser)-extension)://[^\s,*]+|[^\s,*]*\*[^\s,*]*")


class SettingError(InvalidValue):
    """A setting that the server would not take as it was meant; the message is one sentence."""


def server_environment(settings: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, str]:
    """The variables to write: those of `settings` (by variable name without its prefix), then `extra` by name.

    None means: not written; so does an empty string or list, but for keep_alive, where it is an error. Raises `SettingError` for the first
    setting that is wrong.
    """
    environment: dict[str, str] = {}
    for name, raw in settings.items():
        if _is_set(name, raw):
            environment[_VARIABLES[name][0]] = _read(name, raw, PREFIX + name)
    for key in sorted(extra, key=str):
        if extra[key] is not None:
            environment[_new_key(key, environment)] = _read_extra(key, extra[key])
    for key, value in environment.items():
        _check_writable(key, value)
    return environment


def problems(settings: Mapping[str, Any], extra: Any) -> Iterator[str]:
    """One sentence for every setting that is wrong, each judged on its own."""
    if not isinstance(extra, Mapping):
        yield f"{PREFIX}environment is {extra!r}, not a mapping of variable names to values"
        extra = {}
    for name, raw in settings.items():
        yield from _problem({name: raw}, {})
    for key, raw in extra.items():
        yield from _problem({name: raw for name, raw in settings.items() if _VARIABLES[name][0] == key}, {key: raw})


def warnings(extra: Any) -> list[str]:
    """One sentence for each further variable that some servers do not read, or may not."""
    names = extra if isinstance(extra, Mapping) else {}
    return [f"{PREFIX}environment: {sentence}" for sentence in map(doubt, map(str, names)) if sentence]


def judge(settings: Mapping[str, Any], extra: Any = None) -> dict[str, Any]:
    """`environment`, the variables to write; `problems`, one sentence for each setting that is wrong, where there is no environment then;
    `warnings`."""
    given = {} if extra is None else extra
    found = list(dict.fromkeys(problems(settings, given)))
    return {"environment": {} if found else server_environment(settings, given), "problems": found, "warnings": warnings(given)}


def role_variable(key: str) -> str:
    """The role's variable that sets this variable of the server."""
    return PREFIX + _OWNERS.get(key, "environment")


def _problem(settings: Mapping[str, Any], extra: Mapping[str, Any]) -> Iterator[str]:
    try:
        server_environment(settings, extra)
    except SettingError as error:
        yield str(error)


def _is_set(name: str, raw: Any) -> bool:
    return raw is not None and (raw not in ("", []) or name == "keep_alive")


def _read(name: str, raw: Any, where: str) -> str:
    try:
        return _VARIABLES[name][1](raw)
    except (KeepAliveError, AddressError) as error:
        raise SettingError(f"{where}: {error}") from error
    except InvalidValue as unfit:
        raise SettingError(f"{where} is {raw!r}, {unfit}") from unfit


def _new_key(key: Any, environment: Mapping[str, str]) -> str:
    if key in environment:
        raise SettingError(
            f"{key} is set by {PREFIX}{_OWNERS[key]} and again in {PREFIX}environment: keep one of them"
        )
    return str(key)


def _read_extra(key: Any, raw: Any) -> str:
    where = f"{PREFIX}environment.{key}"
    meant = meant_by(str(key))
    if meant:
        raise SettingError(f"{where} is no variable of Ollama's: {meant} is{_by_variable(meant)}")
    if key in _OWNERS and _is_set(_OWNERS[key], raw):
        return _read(_OWNERS[key], raw, where)
    if not isinstance(raw, (bool, str, int, float)):
        raise SettingError(f"{where} is {short_repr(raw)}, not a text or a number")
    text = str(int(raw)) if isinstance(raw, bool) else str(raw)
    meaning = misread(str(key), text)
    if meaning:
        raise SettingError(f"{where} is {short_repr(raw)}, which the server does not read as it is meant ({meaning.told}): use {meaning.wanted}")
    return text


def _by_variable(key: str) -> str:
    return f" ({PREFIX}{_OWNERS[key]})" if key in _OWNERS else ""


def _check_writable(key: str, value: str) -> None:
    try:
        quote_assignment(key, value)
    except InvalidValue as error:
        raise SettingError(f"{PREFIX}{_OWNERS.get(key, 'environment')}: {error}") from error


def _keep_alive(raw: Any) -> str:
    return KeepAlive.parse(raw).as_environment()


def _timeout(raw: Any) -> str:
    try:
        return KeepAlive.parse(raw).as_environment()
    except KeepAliveError:
        raise InvalidValue("not a duration: use seconds (300), a duration such as '10m', or -1 for no limit") from None


def _count(least: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = str(raw).strip()
        is_count = isinstance(raw, (int, str)) and not isinstance(raw, bool) and text.isascii() and text.isdigit()
        if not is_count or not least <= int(text) <= _UINT_MAX:
            raise InvalidValue(f"not a whole number from {least} to {_UINT_MAX}")
        return str(int(text))

    return read


def _address(raw: Any) -> str:
    if not isinstance(raw, str):
        raise InvalidValue("not an address to listen on: use ADDRESS or ADDRESS:PORT, such as 127.0.0.1:11434")
    check_address(raw)
    return raw


def _path(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.startswith("/"):
        raise InvalidValue("not an absolute path")
    return raw


def _switch(raw: Any) -> str:
    # Anything else the server would take for true, even "off" (docs/ollama-semantics.md#environment-variables).
    switch = read_switch(raw)
    if switch is None:
        raise InvalidValue("neither true nor false")
    return str(int(switch))


def _cache_type(raw: Any) -> str:
    if raw not in _CACHE_TYPES:
        raise InvalidValue(f"not a cache type the server knows: use {', '.join(_CACHE_TYPES[:-1])} or {_CACHE_TYPES[-1]}")
    return str(raw)


def _origins(raw: Any) -> str:
    origins = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(origins, list):
        raise InvalidValue("not a list of origins")
    for origin in origins:
        if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin):
            raise InvalidValue(
                f"of which {origin!r} would stop the server from starting:"
                " use an origin with its scheme, such as https://chat.example.org, or one with a single *"
            )
    return ",".join(origins)


def _proxy(raw: Any) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"(https?|socks5)://\S+", raw):
        raise InvalidValue("not the address of a proxy: use one such as http://proxy.example.org:3128")
    return raw


def _hosts(raw: Any) -> str:
    if not isinstance(raw, str):
        raise InvalidValue("not a text: use names of hosts, separated by commas")
    return raw


_VARIABLES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "keep_alive": ("OLLAMA_KEEP_ALIVE", _keep_alive),
    "max_loaded_models": ("OLLAMA_MAX_LOADED_MODELS", _count(0)),
    "num_parallel": ("OLLAMA_NUM_PARALLEL", _count(1)),
    "context_length": ("OLLAMA_CONTEXT_LENGTH", _count(0)),
    "host": ("OLLAMA_HOST", _address),
    "models": ("OLLAMA_MODELS", _path),
    "load_timeout": ("OLLAMA_LOAD_TIMEOUT", _timeout),
    "flash_attention": ("OLLAMA_FLASH_ATTENTION", _switch),
    "kv_cache_type": ("OLLAMA_KV_CACHE_TYPE", _cache_type),
    # A queue of none makes the server lock itself up (docs/ollama-semantics.md#eviction).
    "max_queue": ("OLLAMA_MAX_QUEUE", _count(1)),
    "origins": ("OLLAMA_ORIGINS", _origins),
    # Pulls go over https; HTTP_PROXY would catch Ollama's own clients (Ollama's FAQ, "How do I use Ollama behind a proxy?").
    "https_proxy": ("HTTPS_PROXY", _proxy),
    "no_proxy": ("NO_PROXY", _hosts),
}
_OWNERS = {key: name for name, (key, dummy) in _VARIABLES.items()}
NAMES = tuple(_VARIABLES)
"""The settings, by the names of the role's variables without their prefix."""
