# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that hold models: the server's own, and those where somebody else may have pulled them to. Reads only."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator, Sequence

from .._residency.values.model_name import ModelName
from .examination import Store, UnitLook
from .permission import PASS, Account, may

_ELSEWHERE = (
    "/usr/share/ollama/.ollama/models",
    "/root/.ollama/models",
    "/var/lib/ollama/.ollama/models",
    "/var/lib/ollama/models",
    "/var/lib/ollama",  # as Arch Linux has it
    "/var/snap/ollama/common/models",
)


def look_at_stores(unit: UnitLook, names: Iterable[ModelName], places: Sequence[str] = _ELSEWHERE) -> tuple[Store, ...]:
    """The server's store first, then the others that are there and hold one of the models."""
    wanted, own = tuple(names), own_store(unit)
    first = _store(own, wanted, blocked_at(own, unit.account))
    others = [_store(path, wanted) for path in (*places, *_homes()) if os.path.realpath(path) != os.path.realpath(own)]
    return (first, *(store for store in others if store.exists and store.models))


def own_store(unit: UnitLook) -> str:
    """OLLAMA_MODELS, else below the home of the server's user (envconfig/config.go, Models)."""
    home = unit.environment.get("HOME") or _home(unit.unit.user)
    return unit.environment.get("OLLAMA_MODELS") or os.path.join(home, ".ollama/models")


def blocked_at(path: str, account: Account) -> str:
    """The first folder on the way that the server's user cannot pass; empty where there is none."""
    return next((folder for folder in _way(path) if not may(account, PASS, folder)), "")


def _store(path: str, names: Iterable[ModelName], blocked: str = "") -> Store:
    return Store(path, os.path.isdir(path), frozenset(str(name) for name in names if os.path.isfile(_manifest(path, name))), blocked)


def _manifest(store: str, name: ModelName) -> str:
    return os.path.join(store, "manifests", name.host, name.namespace, name.model, name.tag)


def _homes() -> Iterator[str]:
    """Of whoever runs `ollama serve` or `ollama pull` under his own name."""
    user = os.environ.get("SUDO_USER")
    if user and user != "root":
        yield os.path.join(_home(user), ".ollama/models")


def _home(user: str) -> str:
    try:
        return pwd.getpwnam(user).pw_dir
    except KeyError:
        return "/nonexistent"


def _way(path: str) -> list[str]:
    """What is passed on the way to a link, and on the way to where it leads."""
    return list(dict.fromkeys((*_folders(os.path.abspath(path)), *_folders(os.path.realpath(path)))))


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) or "/" for count in range(1, len(parts) + 1)]
