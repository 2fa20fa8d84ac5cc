# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses what others made at the paths of a role, or takes their place."""

from __future__ import annotations

import pwd
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .._base.systemctl import Run
from .manifest import Manifest, write_manifest
from .marks import Claim
from .takeover import SUFFIX, Foreign, Ownership, OwnershipError, as_claims


@dataclass(frozen=True)
class Claiming:
    """What a role is about to make. users: accounts; folders: among the claims, those that the role removes with all that is in them;
    replaced: unit files of others that stay, whose units make way; command: the claim whose mark tells that the folders are ours, too,
    on a host that has no manifest yet."""

    role: str
    claims: Sequence[Claim]
    users: Sequence[str] = ()
    folders: Sequence[str] = ()
    replaced: Sequence[str] = ()
    command: str = ""


@dataclass(frozen=True)
class Paths:
    """The same, by paths: files, links with where they lead, and folders that go with all that is in them; and whether a role may take over
    what others made there."""

    role: str
    files: Sequence[str] = ()
    links: Sequence[tuple[str, str]] = ()
    folders: Sequence[str] = ()
    users: Sequence[str] = ()
    replaced: Sequence[str] = ()
    command: str = ""
    takeover: bool = False

    @property
    def claiming(self) -> Claiming:
        """What a role is about to make."""
        return Claiming(self.role, as_claims(self.files, self.folders, self.links), self.users, self.folders, self.replaced, self.command)


@dataclass(frozen=True)
class Claimed:
    """The manifest before and after, and the paths that are taken over."""

    before: Manifest
    after: Manifest
    taken: Sequence[str]

    @property
    def changed(self) -> bool:
        """Whether anything changes its owner."""
        return self.before != self.after or bool(self.taken)

    def diff(self) -> dict[str, str]:
        """One line for each path that changes its owner."""
        made = sorted((self.after.users - self.before.users) | (self.after.folders - self.before.folders))
        role = self.after.role
        lines = [(f"{path}: of others\n", f"{path}: of the role {role}, the former as {path}{SUFFIX}\n") for path in self.taken]
        lines += [("", f"{name}: to be made by the role {role}\n") for name in made]
        return {"before": "".join(line for line, dummy in lines), "after": "".join(line for dummy, line in lines)}


def obstacles(wanted: Claiming, takeover: bool, run: Run, root: str = "/") -> tuple[Ownership, list[Foreign]]:
    """What of others stands at the paths. Raises OwnershipError where it may not be taken over, ManifestError, OSError."""
    ownership = Ownership(wanted.role, wanted.claims, run, wanted.command, root)
    found = ownership.foreign()
    _refuse(wanted.role, ownership, found, takeover)
    return ownership, found


def claim(wanted: Claiming, takeover: bool, predict: bool, run: Run, root: str = "/") -> Claimed:
    """Refuse, or claim and take over. Raises OwnershipError, ManifestError, OSError."""
    ownership, found = obstacles(wanted, takeover, run, root)
    users = wanted.users if ownership.is_legacy else new_users(wanted.users)
    manifest = ownership.claim(users, wanted.folders)
    replaced = ownership.serving(wanted.replaced)
    if not predict:
        _save(ownership, found, manifest, run, root)
        ownership.have_make_way(replaced, Ownership(wanted.role, wanted.claims, run, root=root).manifest)
    return Claimed(ownership.manifest, manifest, [*(one.claim.path for one in found), *replaced])


def _refuse(role: str, ownership: Ownership, found: list[Foreign], takeover: bool) -> None:
    if found and not takeover:
        raise OwnershipError(
            f"{', '.join(map(str, found))}: not made by the role {role}, which would overwrite it: move it away, or set {role}_takeover to true,"
            f" which keeps it as PATH{SUFFIX} until the role is removed and then puts it back"
        )
    in_the_way = ownership.copies_in_the_way(found)
    if in_the_way:
        raise OwnershipError(f"{', '.join(in_the_way)}: a copy of what was taken over earlier, which another takeover would overwrite: move it away")


def _save(ownership: Ownership, found: list[Foreign], manifest: Manifest, run: Run, root: str) -> None:
    """The manifest first: what is made after it is known to be ours, however the play ends. A folder of others is ours once it is aside."""
    begun = replace(manifest, folders=manifest.folders - {one.claim.path for one in found})
    if begun != ownership.manifest:
        write_manifest(begun, root)
    done = replace(ownership.take_over(found, begun), folders=manifest.folders)
    if done != begun:
        write_manifest(done, root)
    if any(one.unit for one in found):
        run(["systemctl", "daemon-reload"])


def new_users(names: Sequence[str]) -> list[str]:
    """Those that are not there; one that is, is somebody else's, and stays."""
    there = {entry.pw_name for entry in pwd.getpwall()}
    return [name for name in names if name not in there]
