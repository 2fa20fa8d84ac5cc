# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of a server in a container, read: each reader gives the value or refuses it with the second half of a sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .._base.deployments import SYSTEMD, WORDS
from .._base.readers import InvalidValue

PREFIX = "container_"
RESTARTS = ("always", "on-failure", "no")
_HOST = r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5})"
_IMAGE = re.compile(rf"{_HOST}(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?", re.ASCII)
_CDI = re.compile(r"[A-Za-z0-9.-]+/[A-Za-z0-9_-]+=[A-Za-z0-9_.:-]+", re.ASCII)
_SOCKET = re.compile(r"unix://(/[A-Za-z0-9_.+-]+)+", re.ASCII)
_MEMORY = re.compile(r"[1-9][0-9]{0,15}[bkmg]?", re.ASCII | re.IGNORECASE)


def read_deployment(raw: Any) -> str:
    """One of the ways."""
    if raw not in WORDS:
        raise InvalidValue(f"no way to deploy a server: use {', '.join(WORDS[:-1])} or {WORDS[-1]}")
    return str(raw)


def _unless_null(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Up to ansible-core 2.18 a templated null is an empty text."""
    return lambda raw: None if raw is None or raw == "" else read(raw)


def _image(raw: Any) -> str:
    if not isinstance(raw, str) or not _IMAGE.fullmatch(raw):
        raise InvalidValue("not the full name of an image: write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST, with localhost for one without registry")
    return raw


def _archive(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.startswith("/") or "\n" in raw:
        raise InvalidValue("not the absolute path of an archive of the controller, as podman save or docker save makes one")
    return raw


def _devices(raw: Any) -> list[str]:
    devices = _words(raw)
    for device in devices:
        if not (device.startswith("/dev/") or _CDI.fullmatch(device)) or " " in device:
            raise InvalidValue(f"in which {device!r} is no device: write a path below /dev, or a name of CDI such as nvidia.com/gpu=all")
    return devices


def _memory(raw: Any) -> str:
    if isinstance(raw, bool) or not _MEMORY.fullmatch(str(raw)):
        raise InvalidValue("not a limit of memory: give bytes, or a number with k, m or g, such as 24g")
    return str(raw)


def _restart(raw: Any) -> str:
    if raw is False:  # as YAML 1.1 reads a bare no
        return "no"
    if raw not in RESTARTS:
        raise InvalidValue(f"not one of {', '.join(RESTARTS)}")
    return str(raw)


def _socket(raw: Any) -> str:
    if not isinstance(raw, str) or not _SOCKET.fullmatch(raw):
        raise InvalidValue("not a socket of this host: write one such as unix:///run/podman/podman.sock")
    return raw


def _words(raw: Any) -> list[str]:
    if not isinstance(raw, (list, tuple)) or not all(isinstance(word, str) and word and word.isprintable() for word in raw):
        raise InvalidValue("not a list of texts")
    return list(raw)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "deployment": read_deployment,
    "container_image": _unless_null(_image),
    "container_archive": _unless_null(_archive),
    "container_devices": _unless_null(_devices),
    "container_memory": _unless_null(_memory),
    "container_restart": _restart,
    "docker_host": _unless_null(_socket),
    "podman_args": _words,
}
NAMES = tuple(READERS)
"""The settings, by the names of the role's variables without its prefix."""


def container_problems(settings: Mapping[str, Any], where: str) -> list[str]:
    """One sentence for each setting that cannot be read. `where`: what comes before their names."""
    found = []
    for name in (name for name in NAMES if name in settings):
        try:
            READERS[name](settings[name])
        except InvalidValue as unfit:
            found.append(f"{where}{name} is {settings[name]!r}, {unfit}")
    return found


def container_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """As they are read; what nobody has declared is left out. Raises `InvalidValue`."""
    read = {name: READERS[name](settings[name]) for name in NAMES if name in settings}
    return {"deployment": SYSTEMD.word, **{name: value for name, value in read.items() if value is not None}}
