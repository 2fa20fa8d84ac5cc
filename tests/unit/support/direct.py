# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several modules have in common, called as such, by the options that tests give a module."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.claiming import Paths, claim
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.takeover import OwnershipError
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.apply import apply
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.found import UnitsError
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.wanted import WantedDropin, WantedSet, WantedUnit


class Direct:
    """A function on the host whose top is `root`, which answers as a module does."""

    def __init__(self, root: str) -> None:
        self.root = root

    def succeed(self, check: bool = False, **options: Any) -> dict[str, Any]:
        """What was done, or would be."""
        raise NotImplementedError

    def fail(self, **options: Any) -> str:
        """The one sentence of a refusal."""
        try:
            done = self.succeed(**options)
        except (UnitsError, OwnershipError, ManifestError) as error:
            assert "\n" not in str(error)
            return str(error)
        raise AssertionError(done)

    @staticmethod
    def _run(command: Any, **options: Any) -> Any:
        """As the host answers that the fixture has put in its place."""
        return AnsibleModule.run_command(None, command, **options)


class Claiming(Direct):
    """Claims the paths of a role."""

    def succeed(self, check: bool = False, **options: Any) -> dict[str, Any]:
        links = [(link["path"], link["target"]) for link in options.pop("links", [])]
        done = claim(Paths(**options, links=links), self._run, check, self.root)
        return {"changed": done.changed, "taken": list(done.taken), "diff": done.diff()}


class Applying(Direct):
    """Applies a set of units."""

    def succeed(self, check: bool = False, **options: Any) -> dict[str, Any]:
        units = [WantedUnit(**{**one, "content": one["content"] or None}) for one in options["units"]]
        dropins = [WantedDropin(name=options["dropin_name"], **one) for one in options["dropins"]]
        wanted = WantedSet(units, dropins, options["dropin_name"])
        done = apply(wanted, f"keepwarm.ollama.{options['role']}", self._run, check, self.root)
        return {"changed": done.changed, "steps": done.steps, "absent": done.absent, "diff": done.diff}
