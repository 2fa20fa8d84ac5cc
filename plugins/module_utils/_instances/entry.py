# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the list of instances, read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.deployments import COMPOSE, SYSTEMD
from .._base.readers import InvalidValue
from .._base.text import short_repr
from .._systemd.address import DEFAULT_PORT, Address, AddressError, check_address, effective_address
from .devices import DeviceError, read_devices
from .model_list import RIGHT, is_given, read_models
from .options import OPTIONS
from .own import read_own

DEFAULT = "default"
"""The instance that a host without a list has; its unit is that of the plain server."""
KEYS = ("name", "host", "port", "devices", "models", *OPTIONS)
# As the host agent has it (agent/instance.py).
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_MOST_PORT = 65535


@dataclass(frozen=True)
class Entry:
    """`devices`: None sees all. `models`: None has those of the role's variable. `own`: by role, its own settings."""

    name: str
    address: Address
    devices: tuple[str, ...] | None
    models: Any
    own: Mapping[str, Mapping[str, Any]]

    def deployment(self, otherwise: Any) -> str:
        """How it is deployed; `otherwise` is what holds for the host, if anything does."""
        return str(self.own["server"].get("deployment") or otherwise or SYSTEMD.word)

    def unit(self, plain: str, deployment: str = SYSTEMD.word) -> str:
        """The service unit; `plain` is that of the only server of a host without a list. Of a server of Compose systemd is to know no unit of the
        name, which it does of each that has a template."""
        if self.name == DEFAULT:
            return plain
        return f"ollama-{self.name}.service" if deployment == COMPOSE else f"ollama@{self.name}.service"


class EntryError(InvalidValue):
    """An entry that is none; `problems` has one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(". ".join(problems))
        self.problems = problems


def read_entry(raw: Any, place: int, host: Any = None) -> Entry:
    """`host`: the address where an entry names none, as OLLAMA_HOST has it. Raises `EntryError`."""
    if not isinstance(raw, Mapping):
        raise EntryError([f"entry {place} of ollama_server_instances is {short_repr(raw)}, not a mapping: write {{name: a, port: 11435}}"])
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise EntryError([f"entry {place} of ollama_server_instances has the name {short_repr(name)}: use a word of letters, digits, '_' and '-'"])
    found = list(_shape_problems(raw))
    own = {role: read_own(role, raw.get(role), found) for role in OPTIONS}
    problems = [f"instance {name}: {problem}" for problem in found]
    try:
        address = _address(raw, host)
        devices = read_devices(raw.get("devices"))
    except (AddressError, DeviceError) as error:
        raise EntryError([*problems, f"instance {name}: {error}"]) from error
    if problems:
        raise EntryError(problems)
    models = raw.get("models")
    return Entry(name, address, devices, read_models(models) if is_given(models) else None, own)


def only_entry(host: Any) -> Entry:
    """That of a host without a list. Raises `EntryError`."""
    return read_entry({"name": DEFAULT}, 1, host)


def _shape_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    for key in raw:
        if key not in KEYS:
            yield f"the key {key!r} is unknown: known are {', '.join(KEYS)}"
    models = raw.get("models")
    if is_given(models) and read_models(models) is None:
        yield f"models is {short_repr(models)}, not a list of models: {RIGHT}, as in ollama_warmup_models"


def _address(raw: Mapping[str, Any], host: Any) -> Address:
    """Raises `AddressError`."""
    text = raw.get("host") or host or "127.0.0.1"
    if not isinstance(text, str):
        raise AddressError(f"host {text!r} is not an address to listen on: use one such as 127.0.0.1")
    check_address(text)
    address = effective_address(text)
    port = raw.get("port")
    return address if port is None else Address(address.host, _port(port))


def _port(raw: Any) -> int:
    """Up to ansible-core 2.18 a templated number is a text."""
    text = str(raw)
    if isinstance(raw, bool) or not text.isascii() or not text.isdigit() or not 0 < int(text) <= _MOST_PORT:
        raise AddressError(f"port {raw!r} is not a port: give a number from 1 to {_MOST_PORT}, such as {DEFAULT_PORT + 1}")
    return int(text)
