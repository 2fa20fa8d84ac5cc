# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ollama_server has put on a host, for all its servers, and the steps that take it away.

In two parts, between which the servers that stay are restarted: what systemd reads, then the files of what has stopped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .. import _server_state
from .._base.deployments import QUADLET, service_of
from .._base.layout import DROPIN, MADE_MODELS, SERVER_COMMAND, SERVER_PROGRAMS, SERVER_RECORDS, UNITS, VENDOR_UNITS, below
from .._base.systemctl import Run
from .._ownership.manifest import Manifest, read_manifest
from .._systemd.server_dropin import GPU_UNIT, TARGET
from .accounts import Accounts, User
from .given_back import GivenBack
from .releases import ReleaseFolder
from .steps import REMOVE, REMOVE_IMAGE, RESTORE, Step, remove_empty_folder, remove_tree
from .units import LoadedUnit, Ours, Units, loaded_units

ROLE = "ollama_server"
MARK = "keepwarm.ollama.ollama_server)"
ACCOUNT = "Ollama (keepwarm.ollama)"
GUEST = "Ollama (keepwarm.ollama) in a group of others"

_PROGRAMS = {"wait-for-gpu"}
_OURS = Ours(MARK, units=re.compile(r".+\.(service|target|container)"), dropins=re.compile(re.escape(DROPIN)))
_BEFORE = ".before-keepwarm"
_CURRENT = "/current/bin/ollama"
_FOLDERS = re.compile(r'^(?:ReadWritePaths="?|Environment="OLLAMA_MODELS=)(/[^"\n]+?)"?$', re.MULTILINE)
_MADE_BY_OLLAMA = ("blobs", "manifests")


@dataclass(frozen=True)
class Settings:
    """Drop-ins, and units where this role installed Ollama."""

    units: Units
    root: str = "/"
    manifest: Manifest | None = None

    def remove(self) -> list[Step]:
        """A unit that was taken over gets its vendor's file back, and stays."""
        ended = self.ended()
        names = {name for name in self.units.names if self._ends(name)}
        steps = self.units.stop(ended) + self.units.remove_dropins()
        steps += self.units.remove_links(names | {unit.name for unit in ended})
        for path in self.units.files:
            steps += self._give_way(path)
        return GivenBack(self.manifest, self.root).instead(self.units.reload(steps))

    def give_back(self) -> list[Step]:
        """What ours stood in the place of, once that is gone."""
        return GivenBack(self.manifest, self.root).steps(self.units.reload)

    def resumed(self) -> list[str]:
        """The units of others that made way, and serve again."""
        return GivenBack(self.manifest, self.root).resumed()

    def ended(self) -> list[LoadedUnit]:
        """The units that this role made, as systemd has them in memory."""
        return [unit for unit in self.units.units if self._ends(unit.name)]

    def kept(self) -> list[str]:
        """The units that stay, whose servers run with what is about to go: those with our drop-in, and those taken over."""
        dropped = {service_of(path) for path in self.units.dropins}
        return sorted(name for name in dropped | self.units.names if not self._ends(name))

    def restored(self) -> list[str]:
        """Those of them that were taken over."""
        return sorted(name for name in self.units.names if not self._ends(name))

    def folders(self) -> list[str]:
        """Where our settings have servers keep models, and the home of the account."""
        texts = [self.units.text(path) for path in (*self.units.files, *self.units.dropins)]
        return sorted({folder for text in texts for folder in _FOLDERS.findall(text)})

    def _ends(self, name: str) -> bool:
        """Whether no server stays by this unit: it is none of a server's, or there is nothing that it would go back to. Instances are
        their template's."""
        path = f"{UNITS}/{re.sub('@.*[.]', '@.', name)}"
        if name in (GPU_UNIT, TARGET):
            return path in self.units.files
        if name.endswith(".service") and QUADLET.unit_file(name) in self.units.files:
            return True
        return path in self.units.files and not self._exists(path + _BEFORE) and not self._hidden(path)

    def _give_way(self, path: str) -> list[Step]:
        if self._exists(path + _BEFORE):
            return [Step(RESTORE, path, path + _BEFORE)]
        copies = [hidden + _BEFORE for hidden in self._hidden(path)]
        return [Step(REMOVE, found) for found in (path, *copies) if self._exists(found)]

    def _hidden(self, path: str) -> list[str]:
        """The vendor's unit of that name, which ours hides."""
        others = [f"{folder}/{os.path.basename(path)}" for folder in VENDOR_UNITS]
        return [other for other in others if self._exists(other)]

    def _exists(self, path: str) -> bool:
        return os.path.lexists(below(self.root, path))


@dataclass(frozen=True)
class Files:
    """Releases, programs, the account, and with `purge` the models, which are in `folders` or in the account's home."""

    accounts: Accounts
    releases: str
    folders: Sequence[str]
    purge: bool = False
    root: str = "/"
    manifest: Manifest | None = None

    def remove(self) -> list[Step]:
        """The account stays as long as models do, which are its own. What tells whose all this is goes last."""
        back = GivenBack(self.manifest, self.root)
        programs = remove_tree(SERVER_PROGRAMS, self.root) if self._has_programs() else []
        record = remove_tree(MADE_MODELS, self.root)
        record += remove_empty_folder(os.path.dirname(MADE_MODELS), self.root) if record else []
        images = [Step(REMOVE_IMAGE, image) for image in _server_state.noted_images(below(self.root, SERVER_RECORDS))]
        state = [*record, *images, *remove_tree(SERVER_RECORDS, self.root)]
        return self._remove_releases() + back.instead(programs) + state + self._remove_data() + back.forget()

    def _has_programs(self) -> bool:
        """Whether the role made their folder: by its manifest, and before there was one by what is in it."""
        if self.manifest is not None:
            return SERVER_PROGRAMS in self.manifest.folders
        real = below(self.root, SERVER_PROGRAMS)
        return os.path.isdir(real) and set(os.listdir(real)) <= _PROGRAMS

    def left(self) -> list[str]:
        """The folders with models, and the account that they belong to."""
        kept = self._kept()
        return [*(folder for folders in kept.values() for folder in folders), *(f"user {user.name}" for user in kept)]

    def _kept(self) -> dict[User, list[str]]:
        """Where there are models that are a user's, or that would go with what is."""
        found = {user: [folder for folder in self._candidates(user) if self._has_models(user, folder)] for user in self._users()}
        return {user: folders for user, folders in found.items() if folders and not self.purge}

    def _remove_data(self) -> list[Step]:
        steps: list[Step] = []
        kept = self._kept()
        for user in self._users():
            steps += [] if user in kept else self._remove_user(user)
        return steps

    def _remove_user(self, user: User) -> list[Step]:
        folders = (folder for folder in self._candidates(user) if folder != user.home and self._owns(user, folder))
        steps = [step for folder in folders for step in self._empty(folder)]
        home = remove_tree(user.home, self.root) if self._owns(user, user.home) else []
        return steps + home + self.accounts.remove(user, keep_group=user.comment == GUEST)

    def _empty(self, folder: str) -> list[Step]:
        """Take out what Ollama makes in it, and the folder itself if nothing else is there."""
        made = [step for name in _MADE_BY_OLLAMA for step in remove_tree(f"{folder}/{name}", self.root)]
        rest = set(os.listdir(below(self.root, folder))) - set(_MADE_BY_OLLAMA)
        return made + ([] if rest else remove_empty_folder(folder, self.root))

    def _users(self) -> list[User]:
        return [*self.accounts.made_with(ACCOUNT), *self.accounts.made_with(GUEST)]

    def _candidates(self, user: User) -> list[str]:
        """Where models of its may be: as named, and what looks like it in its home, which may be that of a server nobody names any more."""
        return list(dict.fromkeys([*self.folders, *self._in_home(user)]))

    def _in_home(self, user: User) -> list[str]:
        walked = os.walk(below(self.root, user.home)) if self._owns(user, user.home) else ()
        tops = (top for top, folders, dummy in walked if not set(_MADE_BY_OLLAMA).isdisjoint(folders))
        return sorted("/" + os.path.relpath(top, self.root) for top in tops)

    def _owns(self, user: User, folder: str) -> bool:
        real = below(self.root, folder)
        return folder.count("/") > 1 and os.path.isdir(real) and not os.path.islink(real) and os.stat(real).st_uid == user.uid

    def _has_models(self, user: User, folder: str) -> bool:
        """Whosever they are where the folder would go with the user; elsewhere the user's, which without the account would be the next
        one's of its number."""
        goes = self._owns(user, folder) or folder in self._in_home(user)
        made = (below(self.root, f"{folder}/{name}") for name in _MADE_BY_OLLAMA)
        found = (os.path.join(at, name) for top in made for at, dummy, names in os.walk(top) for name in names)
        return any(goes or os.lstat(path).st_uid == user.uid for path in found)

    def _remove_releases(self) -> list[Step]:
        """Those in the folder that is named, and in the one that the command's link tells."""
        linked, steps = self._linked(), []
        for dest in sorted({self.releases, linked} - {""}):
            folder = ReleaseFolder(dest, self.root)
            is_ours = dest == linked and folder.ends(is_named=dest == self.releases)
            steps += folder.remove(SERVER_COMMAND if is_ours else "")
        return steps

    def _linked(self) -> str:
        """Whose program the command is, or was; nothing where it is no link as the role makes it."""
        real = below(self.root, SERVER_COMMAND)
        target = os.readlink(real) if os.path.islink(real) else ""
        return os.path.normpath(target[: -len(_CURRENT)]) if target.startswith("/") and target.endswith(_CURRENT) else ""


def look_at_settings(run: Run, root: str = "/") -> Settings:
    """As they are now. Raises `RemovalError`."""
    return Settings(Units(_OURS, loaded_units(run), root), root, read_manifest(ROLE, root))


def look_at_files(releases: str, folders: Iterable[str], purge: bool, root: str = "/") -> Files:
    """As they are now."""
    return Files(Accounts(root), os.path.normpath(releases), [folder.rstrip("/") for folder in folders], purge, root, read_manifest(ROLE, root))
