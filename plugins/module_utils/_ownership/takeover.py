# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the place of files that others made, and keeps them beside it for the day the role is removed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._base.layout import UNITS, VENDOR_UNITS, below
from .._base.systemctl import Run
from .manifest import Manifest, Taken, read_manifest, write_manifest
from .marks import LINK, Claim, foreign, role_mark

SUFFIX = ".before-keepwarm"

_STARTS = re.compile(r"\.(wants|requires|upholds)$")
_RUNS = ("active", "activating", "reloading", "deactivating")


class OwnershipError(Exception):
    """The host cannot be made ours; the message is one sentence."""


@dataclass(frozen=True)
class Foreign:
    """Something of others at a path of ours; `unit` is its name where systemd runs it."""

    claim: Claim
    what: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.claim.path} ({self.what})"


class Ownership:
    """One role's paths on one host, whose top is `root`. `legacy`: a path whose mark tells that all the folders are ours, on a host
    from before there was a manifest."""

    def __init__(self, role: str, claims: Sequence[Claim], run: Run, legacy: str = "", root: str = "/") -> None:
        self._role, self._claims, self._run, self._root = role, claims, run, root
        found = read_manifest(role, root)
        self.manifest = found or Manifest(role)
        self.is_legacy = found is None and self._is_marked(legacy)
        self._folders = {claim.path for claim in claims} if self.is_legacy else self.manifest.folders

    def foreign(self) -> list[Foreign]:
        """What others made at the role's paths, and units of theirs that ours would hide."""
        mark = role_mark(self._role)
        found = ((claim, foreign(claim, mark, self._folders, self._root) or self._hidden(claim.path)) for claim in self._claims)
        return sorted((Foreign(claim, what, _unit_of(claim.path)) for claim, what in found if what), key=_stop_order)

    def copies_in_the_way(self, found: Iterable[Foreign]) -> list[str]:
        """Copies of an earlier time, which would be lost."""
        return [one.claim.path + SUFFIX for one in found if os.path.lexists(self._real(one.claim.path + SUFFIX))]

    def claim(self, users: Iterable[str], folders: Iterable[str]) -> Manifest:
        """The manifest with what the role is about to make."""
        return self.manifest.with_made(users, folders)

    def take_over(self, found: Iterable[Foreign], manifest: Manifest) -> Manifest:
        """Stop what runs, keep each beside its place, and forget what started it. Raises `OwnershipError`, `OSError`."""
        for one in found:
            links = self._links(one.unit) if one.unit else {}
            manifest = manifest.with_taken(one.claim.path, Taken(links, self._is_active(one.unit)))
            write_manifest(manifest, self._root)
            if one.unit:
                self._stop(one.unit)
            for link in links:
                os.unlink(self._real(link))
            if os.path.lexists(self._real(one.claim.path)):
                os.rename(self._real(one.claim.path), self._real(one.claim.path + SUFFIX))
        return manifest

    def serving(self, paths: Iterable[str]) -> list[str]:
        """Those of the unit files of others whose units run, or are started by something."""
        return [path for path in paths if self._is_active(os.path.basename(path)) or self._links(os.path.basename(path))]

    def have_make_way(self, paths: Iterable[str], manifest: Manifest) -> Manifest:
        """Stop units of others whose files stay, and forget what started them. Raises `OwnershipError`, `OSError`."""
        for path in paths:
            unit = os.path.basename(path)
            links = self._links(unit)
            manifest = manifest.with_taken(path, Taken(links, self._is_active(unit)))
            write_manifest(manifest, self._root)
            self._stop(unit)
            for link in links:
                os.unlink(self._real(link))
        return manifest

    def _hidden(self, path: str) -> str:
        """A unit of a package, say, that ours would hide; one that ours hides already was taken over."""
        if not _unit_of(path) or os.path.lexists(self._real(path)):
            return ""
        others = (f"{folder}/{os.path.basename(path)}" for folder in VENDOR_UNITS)
        return next((f"it would hide {other}" for other in others if os.path.lexists(self._real(other))), "")

    def _is_marked(self, path: str) -> bool:
        return bool(path) and os.path.lexists(self._real(path)) and not foreign(Claim(path), role_mark(self._role), (), self._root)

    def _links(self, unit: str) -> dict[str, str]:
        """What starts the unit by itself, as `systemctl enable` makes it."""
        top = self._real(UNITS)
        folders = sorted(name for name in os.listdir(top) if _STARTS.search(name)) if os.path.isdir(top) else []
        links = (f"{UNITS}/{folder}/{unit}" for folder in folders)
        return {link: os.readlink(self._real(link)) for link in links if os.path.islink(self._real(link))}

    def _is_active(self, unit: str) -> bool:
        return bool(unit) and self._run(["systemctl", "is-active", "--", unit])[1].strip() in _RUNS

    def _stop(self, unit: str) -> None:
        """A oneshot that remains after its exit, too: ours would never run while it counts as active."""
        status, output, error = self._run(["systemctl", "stop", "--", unit])
        if status not in (0, 5):  # 5: not loaded
            raise OwnershipError(f"{unit}, which others made, cannot be stopped: {' '.join((output + error).split())}")

    def _real(self, path: str) -> str:
        return below(self._root, path)


def as_claims(texts: Iterable[str], folders: Iterable[str], links: Iterable[tuple[str, str]]) -> list[Claim]:
    """From a module's options."""
    return [*map(Claim, texts), *(Claim(path, "folder") for path in folders), *(Claim(path, LINK, target) for path, target in links)]


def _stop_order(found: Foreign) -> bool:
    """What starts others goes first."""
    return not found.unit.endswith((".timer", ".path"))


def _unit_of(path: str) -> str:
    folder, name = os.path.split(path)
    return name if folder == UNITS and not name.endswith((".conf", ".d")) else ""
