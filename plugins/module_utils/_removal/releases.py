# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of releases: what of it the role wrote, each thing told by itself. The folder may be anybody's, and so may what is beside them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

from .._base.layout import below
from .._release import CURRENT, RECORD, VERSION
from .steps import REMOVE, REMOVE_RELEASE, Step, remove_empty_folder, remove_tree

# What an installation, an upgrade or a removal works with that did not come to its end.
_SCRATCH = re.compile(rf"\.(incoming|downloads|removed)-{VERSION.pattern}", re.ASCII)
_SWITCHING = f".{CURRENT}-new"
_UPGRADE = "upgrade.json"
_UPGRADE_NEW = f".{_UPGRADE}.keepwarm"
_UPGRADE_KEYS = {"previous", "version", "began", "units", "files", "models"}


@dataclass(frozen=True)
class ReleaseFolder:
    """The folder `dest` of the host whose top is `root`."""

    dest: str
    root: str = "/"

    def remove(self, command: str = "") -> list[Step]:
        """What is ours, with the `command` that is linked to it; what tells that it is, last, so that a removal may be taken up again."""
        versions = [Step(REMOVE_RELEASE, self._path(name)) for name in self._names() if self._is_version(name)]
        rest = [step for name in self._names() if self._is_scratch(name) for step in remove_tree(self._path(name), self.root)]
        steps = rest + versions + ([Step(REMOVE, command)] if command else [])
        steps += [Step(REMOVE, self._path(CURRENT))] if self._has_current() else []
        return steps + self._remove_itself(steps)

    def ends(self, is_named: bool) -> bool:
        """Whether what is linked to the program that is current, is ours to end: what is current goes, or has gone from a folder of ours."""
        return self._has_current() or (not self._exists(CURRENT) and (is_named or bool(self.remove())))

    def _remove_itself(self, steps: list[Step]) -> list[Step]:
        emptied = steps and set(map(self._path, self._names())) <= {step.subject for step in steps}
        return remove_empty_folder(self.dest, self.root) if emptied and self.dest.count("/") > 1 else []

    def _is_version(self, name: str) -> bool:
        if not VERSION.fullmatch(name) or not self._is_folder(name):
            return False
        record = self._json(f"{name}/{RECORD}")
        return record.get("version") == name and isinstance(record.get("archives"), dict)

    def _is_scratch(self, name: str) -> bool:
        if name == _SWITCHING:
            return VERSION.fullmatch(self._target(name)) is not None
        if name in (_UPGRADE, _UPGRADE_NEW):
            return name == _UPGRADE_NEW or self._json(name).keys() >= _UPGRADE_KEYS
        return _SCRATCH.fullmatch(name) is not None and self._is_folder(name)

    def _has_current(self) -> bool:
        """The link to a version of ours, or to one that is gone: a version of others stays what is current."""
        version = self._target(CURRENT)
        return VERSION.fullmatch(version) is not None and (self._is_version(version) or not self._exists(version))

    def _names(self) -> list[str]:
        real = below(self.root, self.dest)
        return sorted(os.listdir(real)) if os.path.isdir(real) else []

    def _path(self, name: str) -> str:
        return os.path.join(self.dest, name)

    def _real(self, name: str) -> str:
        return below(self.root, self._path(name))

    def _exists(self, name: str) -> bool:
        return os.path.lexists(self._real(name))

    def _is_folder(self, name: str) -> bool:
        return os.path.isdir(self._real(name)) and not os.path.islink(self._real(name))

    def _target(self, name: str) -> str:
        return os.readlink(self._real(name)) if os.path.islink(self._real(name)) else ""

    def _json(self, name: str) -> dict[str, Any]:
        try:
            with open(self._real(name), encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
