# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ollama_warmup has put on a host, of all instances, and the steps that take it away."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass

from .._base.layout import AGENT_CACHE, AGENT_COMMAND, AGENT_CONFIGURATION, AGENT_PROGRAMS, AGENT_RUNTIME, AGENT_STATE, NOTIFIERS, below
from .._base.layout import UNITS as UNIT_FOLDER
from .._base.systemctl import Run
from .._ownership.manifest import Manifest, read_manifest
from .._ownership.marks import Claim, foreign
from .._removal.accounts import Accounts
from .._removal.given_back import GivenBack
from .._removal.steps import REMOVE, Step, remove_empty_folder, remove_tree
from .._removal.units import Ours, Units, loaded_units
from .parts import ACCOUNT, CLAIMED, DROPIN_NAMES, DROPINS, ROLE, TEXTFILES, UNITS, of_any_server, unit_names

MARK = "(keepwarm.ollama.ollama_warmup)"

_NAMED = unit_names(UNITS)
_OURS = Ours(MARK, units=_NAMED, dropins=DROPIN_NAMES, orphans=_NAMED)
_GATE = unit_names(row for row in UNITS if row.feature in DROPINS)
_FOLDERS = (AGENT_PROGRAMS, AGENT_RUNTIME, AGENT_CACHE, AGENT_STATE)
_CONFIGURED = of_any_server("{configuration}", "{notify_file}")
_NOTIFIER = of_any_server("/var/lib/{notify_state}", NOTIFIERS + "/{notify_state}")


@dataclass(frozen=True)
class FoundAgent:
    """The agent on one host, as it is now. `metrics_directory`: where a link may be of which no configuration tells any more."""

    units: Units
    accounts: Accounts
    metrics_directory: str = ""
    root: str = "/"
    manifest: Manifest | None = None

    @property
    def given_back(self) -> GivenBack:
        """What was taken over from others."""
        return GivenBack(self.manifest, self.root)

    def release_gates(self) -> list[Step]:
        """First of all, since a unit that requires a gate that is gone does not start."""
        gates = [path for path in self.units.files if _GATE.fullmatch(os.path.basename(path))]
        steps = self.units.remove_dropins() + [Step(REMOVE, path) for path in gates]
        return self.given_back.instead(self.units.reload(steps))

    def stop(self) -> list[Step]:
        """All that runs, so that nothing is loaded or written any more. A gate whose file is gone may be stopped, too."""
        return self.units.stop(self.units.units)

    def stop_started(self) -> list[Step]:
        """What came up meanwhile: a pass that is stopped ends well, and systemd then starts its target."""
        return self.units.stop_started()

    def remove(self) -> list[Step]:
        """Links, units, and what they work with; what the agent has learnt goes last of the files."""
        units = self.units.remove_links(self.units.names | {unit.name for unit in self.units.units})
        units += [Step(REMOVE, path) for path in self.units.files]
        files = [*self._links_to_metrics(), *self._configurations(), *self._trees(), *self._command()]
        return self.given_back.instead(self.units.reload(units) + files)

    def give_back(self) -> list[Step]:
        """What ours stood in the place of, once that is gone."""
        return self.given_back.steps(self.units.reload)

    def remove_accounts(self) -> list[Step]:
        """Last: files of a user that is gone would be the next user's."""
        made = (user for user in self.accounts.made_with(ACCOUNT) if self.manifest is None or user.name in self.manifest.users)
        return [step for user in made for step in self.accounts.remove(user)]

    def forget(self) -> list[Step]:
        """At the very end, what tells what of this is ours."""
        return self.given_back.forget()

    def left(self) -> list[str]:
        """What others put among ours: it stays."""
        folders = [f"{UNIT_FOLDER}/{name}.d" for name in sorted(self.units.names)]
        candidates = [path for folder in folders for path in self._found(f"{folder}/*")] + self._found(f"{AGENT_CONFIGURATION}/*")
        return sorted(set(candidates) - set(self.units.dropins) - set(self._configured()))

    def configurations(self) -> list[str]:
        """The file of each instance."""
        return [path for path in self._configured() if path.endswith(".json")]

    def _configured(self) -> list[str]:
        found = sorted({path for pattern in _CONFIGURED for path in self._found(pattern)})
        return [path for path in found if not foreign(Claim(path), MARK.strip("()"), (), self.root)]

    def _configurations(self) -> list[Step]:
        steps = [Step(REMOVE, path) for path in self._configured()]
        everything = self._found(f"{AGENT_CONFIGURATION}/*") + self._found(f"{AGENT_CONFIGURATION}/.*")
        is_ours_alone = self._exists(AGENT_CONFIGURATION) and set(everything) <= set(self._configured())
        return [*steps, *remove_empty_folder(AGENT_CONFIGURATION, self.root)] if is_ours_alone else steps

    def _links_to_metrics(self) -> list[Step]:
        told = {found for path in self.configurations() for found in TEXTFILES.findall(self._text(path))}
        folders = sorted(told | ({self.metrics_directory} if self.metrics_directory else set()))
        links = [path for folder in folders for path in self._found(f"{glob.escape(folder)}/ollama-warmup-*.prom")]
        return [Step(REMOVE, link) for link in links if self._target(link).startswith(f"{AGENT_CACHE}/")]

    def _command(self) -> list[Step]:
        return [Step(REMOVE, AGENT_COMMAND)] if MARK in self._text(AGENT_COMMAND) else []

    def _trees(self) -> list[Step]:
        notifier = [path for pattern in _NOTIFIER for path in self._found(pattern)]
        ours = [path for path in [*_FOLDERS[:-1], *notifier, _FOLDERS[-1]] if path not in CLAIMED or self._is_made(path)]
        return [step for path in ours for step in remove_tree(path, self.root)]

    def _is_made(self, folder: str) -> bool:
        """Whether the role made the folder: by its manifest, and before there was one by the command, which goes after it."""
        return folder in self.manifest.folders if self.manifest else MARK in self._text(AGENT_COMMAND)

    def _found(self, pattern: str) -> list[str]:
        return sorted("/" + os.path.relpath(path, self.root) for path in glob.glob(below(glob.escape(self.root), pattern)))

    def _exists(self, path: str) -> bool:
        return os.path.lexists(below(self.root, path))

    def _target(self, path: str) -> str:
        real = below(self.root, path)
        return os.readlink(real) if os.path.islink(real) else ""

    def _text(self, path: str) -> str:
        try:
            with open(below(self.root, path), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""


def look(run: Run, metrics_directory: str = "", root: str = "/") -> FoundAgent:
    """The agent as it is now. Raises `RemovalError`."""
    return FoundAgent(Units(_OURS, loaded_units(run), root), Accounts(root), metrics_directory, root, read_manifest(ROLE, root))
