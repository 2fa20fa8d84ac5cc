# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role took over from others is put back where it was, and started as it was."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from .._base.layout import RECORDS, below
from .._ownership.manifest import Manifest
from .._ownership.takeover import SUFFIX
from .steps import LINK, REMOVE, RESTORE, START, Step, remove_empty_folder


@dataclass(frozen=True)
class GivenBack:
    """By the manifest, which a host from before there was one does not have."""

    manifest: Manifest | None
    root: str = "/"

    def instead(self, steps: Sequence[Step]) -> list[Step]:
        """Where one of ours would be removed, the former one takes its place; a file in one step."""
        return [other for step in steps for other in self._instead_of(step)]

    def steps(self, reload: Callable[[Sequence[Step]], list[Step]]) -> list[Step]:
        """What is still to be put back, of an interrupted takeover, too; then what started it, and what ran."""
        taken = self.manifest.taken if self.manifest else {}
        files = [Step(RESTORE, path, path + SUFFIX) for path in taken if self._has_copy(path) and not self._exists(path)]
        there = {path: how for path, how in taken.items() if self._exists(path) or self._has_copy(path)}
        links = [Step(LINK, link, target) for how in there.values() for link, target in how.links.items() if not self._exists(link)]
        ran = sorted(os.path.basename(path) for path, how in there.items() if how.active)
        started = [Step(START, " ".join(ran))] if ran else []
        return (reload([*files, *links]) if files or links else []) + started

    def resumed(self) -> list[str]:
        """The units of others that are started or enabled again."""
        taken = self.manifest.taken if self.manifest else {}
        return sorted(os.path.basename(path) for path, how in taken.items() if how.active or how.links)

    def forget(self) -> list[Step]:
        """The manifest itself."""
        if self.manifest is None:
            return []
        return [Step(REMOVE, self.manifest.path), *remove_empty_folder(RECORDS, self.root)]

    def _instead_of(self, step: Step) -> list[Step]:
        if step.kind != REMOVE or not self._has_copy(step.subject):
            return [step]
        copy = step.subject + SUFFIX
        is_folder = os.path.isdir(below(self.root, copy)) and not os.path.islink(below(self.root, copy))
        return [*([step] if is_folder else []), Step(RESTORE, step.subject, copy)]

    def _has_copy(self, path: str) -> bool:
        is_taken = self.manifest is not None and path in self.manifest.taken
        return is_taken and self._exists(path + SUFFIX)

    def _exists(self, path: str) -> bool:
        return os.path.lexists(below(self.root, path))
