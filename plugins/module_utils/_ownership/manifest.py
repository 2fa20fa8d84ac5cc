# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role made that can carry no mark, and what it took over: a file of root's, written before what it tells of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._base.files import read_bytes, replace_file
from .._base.layout import RECORDS, below
from .._base.readers import texts
from .marks import MANAGED_BY, role_mark

_LIMIT = 1 << 20  # bytes


class ManifestError(Exception):
    """The manifest tells nothing that can be used; the message is one sentence."""


@dataclass(frozen=True)
class Taken:
    """How a unit that was taken over was started: `links` to it with where each leads, and whether it was `active`."""

    links: Mapping[str, str] = field(default_factory=dict)
    active: bool = False


@dataclass(frozen=True)
class Manifest:
    """Of one role. `taken` are the paths whose former content is beside them, under `path + SUFFIX`."""

    role: str
    users: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    taken: Mapping[str, Taken] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where it is kept."""
        return f"{RECORDS}/{self.role}.json"

    def with_made(self, users: Iterable[str], folders: Iterable[str]) -> Manifest:
        """With accounts and folders that the role is about to make."""
        return replace(self, users=self.users | set(users), folders=self.folders | set(folders))

    def with_taken(self, path: str, taken: Taken) -> Manifest:
        """With a path that the role is about to take over. What an interrupted run told of it stays: by now it may be stopped."""
        before = self.taken.get(path, Taken())
        merged = Taken({**taken.links, **before.links}, taken.active or before.active)
        return replace(self, taken={**self.taken, path: merged})


def read_manifest(role: str, root: str = "/") -> Manifest | None:
    """None where the role has none. Raises `ManifestError`."""
    path = Manifest(role).path
    try:
        raw = json.loads(read_bytes(below(root, path), _LIMIT))
        users, folders = (frozenset(texts(raw, key, exact=True)) for key in ("users", "folders"))
        return Manifest(role, users, folders, {str(key): _taken(value) for key, value in raw["taken"].items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ManifestError(f"{path} is not what the role {role} wrote there: restore it, or remove it if nothing of the role is to be given back") from error


def write_manifest(manifest: Manifest, root: str = "/") -> None:
    """As a whole, readable by everybody. Raises `OSError`."""
    os.makedirs(below(root, RECORDS), mode=0o755, exist_ok=True)
    content = {
        MANAGED_BY: role_mark(manifest.role),
        "users": sorted(manifest.users),
        "folders": sorted(manifest.folders),
        "taken": {path: {"links": dict(taken.links), "active": taken.active} for path, taken in sorted(manifest.taken.items())},
    }
    replace_file(below(root, manifest.path), (json.dumps(content, indent=2) + "\n").encode(), mode=0o644)


def _taken(raw: Mapping[str, Any]) -> Taken:
    return Taken({str(link): str(target) for link, target in raw["links"].items()}, raw["active"] is True)
