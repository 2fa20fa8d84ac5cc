# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses what others made at the paths of a role, or takes its place: what several modules do before they write."""

from __future__ import annotations

import pwd
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .._base.systemctl import Run
from .manifest import Manifest, write_manifest
from .takeover import SUFFIX, Foreign, Ownership, OwnershipError, as_claims


@dataclass(frozen=True)
class Paths:
    """What a role writes. `folders` go with all that is in them. `users`: unless they are there. `replaced`: unit files of others that
    stay, whose units make way. `command`: the file whose mark tells that the folders are the role's on a host without a manifest."""

    role: str
    files: Sequence[str] = ()
    links: Sequence[tuple[str, str]] = ()
    folders: Sequence[str] = ()
    users: Sequence[str] = ()
    replaced: Sequence[str] = ()
    command: str = ""
    takeover: bool = False


@dataclass(frozen=True)
class Claimed:
    """`taken`: paths of others whose place was taken, or would be. `before`, `after`: the manifest."""

    taken: tuple[str, ...]
    before: Manifest
    after: Manifest

    @property
    def changed(self) -> bool:
        """Whether anything was not the role's yet."""
        return bool(self.taken) or self.before != self.after

    def diff(self) -> dict[str, str]:
        """One line for each path that changes its owner."""
        role = self.after.role
        made = sorted((self.after.users - self.before.users) | (self.after.folders - self.before.folders))
        lines = [(f"{path}: of others\n", f"{path}: of the role {role}, the former as {path}{SUFFIX}\n") for path in self.taken]
        lines += [("", f"{name}: to be made by the role {role}\n") for name in made]
        return {"before": "".join(line for line, dummy in lines), "after": "".join(line for dummy, line in lines)}


def obstacles(paths: Paths, run: Run, root: str = "/") -> tuple[Ownership, list[Foreign]]:
    """What of others stands at the paths. Raises `OwnershipError` where it may not be taken over, `ManifestError`, `OSError`."""
    ownership = Ownership(paths.role, as_claims(paths.files, paths.folders, paths.links), run, paths.command, root)
    found = ownership.foreign()
    if found and not paths.takeover:
        raise OwnershipError(_refusal(paths.role, found))
    in_the_way = ownership.copies_in_the_way(found)
    if in_the_way:
        raise OwnershipError(f"{', '.join(in_the_way)}: a copy of what was taken over earlier, which another takeover would overwrite: move it away")
    return ownership, found


def claim(paths: Paths, run: Run, check_mode: bool, root: str = "/") -> Claimed:
    """Refuse, or make it the role's, or predict that. Raises `OwnershipError`, `ManifestError`, `OSError`."""
    ownership, found = obstacles(paths, run, root)
    users = paths.users if ownership.is_legacy else new_users(paths.users)
    manifest = ownership.claim(users, paths.folders)
    replaced = ownership.serving(paths.replaced)
    if not check_mode:
        _save(ownership, found, manifest, run, root)
        ownership.have_make_way(replaced, Ownership(paths.role, [], run, root=root).manifest)
    return Claimed((*(one.claim.path for one in found), *replaced), ownership.manifest, manifest)


def _refusal(role: str, found: Iterable[Foreign]) -> str:
    """All of it, and what to do."""
    return (
        f"{', '.join(map(str, found))}: not made by the role {role}, which would overwrite it: move it away, or set {role}_takeover to true,"
        f" which keeps it as PATH{SUFFIX} until the role is removed and then puts it back"
    )


def _save(ownership: Ownership, found: Sequence[Foreign], manifest: Manifest, run: Run, root: str) -> None:
    """The manifest first: what is made after it is known to be ours, however the play ends. A folder of others is ours once it is aside."""
    begun = replace(manifest, folders=manifest.folders - {one.claim.path for one in found})
    if begun != ownership.manifest:
        write_manifest(begun, root)
    done = replace(ownership.take_over(found, begun), folders=manifest.folders)
    if done != begun:
        write_manifest(done, root)
    if any(one.unit for one in found):
        run(["systemctl", "daemon-reload"])


def new_users(names: Iterable[str]) -> list[str]:
    """Those that are not there; one that is, is somebody else's, and stays."""
    there = {entry.pw_name for entry in pwd.getpwall()}
    return [name for name in names if name not in there]
