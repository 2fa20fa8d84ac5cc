# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: take the host agent away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_warmup_removal
short_description: Take away what the role ollama_warmup installed
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Removes the agent of P(keepwarm.ollama.ollama_warmup#role), of all instances that are on the host, and nothing else. Meant for that role.
  - It goes by what is there and bears the role's mark, not by what is declared, so that the remains of an interrupted installation or removal
    go too, and a second run changes nothing.
  - Units that wait at a gate are let go first. Then whatever runs is stopped, the models are given back, the files are removed, and last the
    user whom the role made. What the role took over from others is put back, and started as it was.
  - Packages stay, since others may need them by now.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
attributes:
  platform:
    platforms: linux
    support: full
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  release:
    description:
      - What the models get that the agent has kept in memory for ever, where their server runs. V(expire) gives them the
        C(undeclared_keep_alive) of their instance, else five minutes; V(unload) takes them out; V(keep) leaves them for ever, with
        nobody who looks after them.
    type: str
    choices: [expire, unload, keep]
    default: expire
  metrics_directory:
    description: A folder in which a link to metrics may be of which no configuration tells any more.
    type: path
    default: ""
seealso:
  - module: keepwarm.ollama.ollama_server_removal
"""

EXAMPLES = r"""
- name: Take the agent away, and the models out of memory
  keepwarm.ollama.ollama_warmup_removal:
    release: unload
"""

RETURN = r"""
steps:
  description: What was done, or would be, in this order.
  type: list
  elements: str
  returned: success
  sample:
    - stop ollama-warmup-wake.path ollama-warmup.timer
    - remove /etc/systemd/system/ollama-warmup.service
    - daemon-reload
    - remove user ollama-warmup
released:
  description: The models that were given back, and how.
  type: list
  elements: dict
  returned: success
  sample:
    - name: qwen3:8b
      action: set_expiry
      keep_alive: 5m
left:
  description: Files of others among those of the role. They stay, and so do their folders.
  type: list
  elements: str
  returned: success
  sample:
    - /etc/systemd/system/ollama-warmup.service.d/override.conf
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal import agent
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.give_back import ReleaseError, give_back, read_kept, released_lines
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import Executor, RemovalError, Step, removal_diff
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.verdicts import Stray
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.results import stray_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_options import missing_library


class Removal:
    """One removal, or its prediction. Each step is decided from the host as the one before has left it."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._executor = Executor(module.run_command)
        self._found = self._look()
        self.left = self._found.left()
        self.steps: list[Step] = []
        self.released: list[Stray] = []

    def carry_out(self) -> None:
        """All of it. Raises C(RemovalError)."""
        self._do(self._look().release_gates())
        self._stop()
        for path in self._found.configurations():
            self._release(path)
        self._do(self._look().remove())
        self._forget()
        self._do(self._look().remove_accounts())
        self._do(self._look().give_back())
        self._do(self._look().forget())

    def _stop(self) -> None:
        """What a unit starts as it ends was not there before, and so is not told."""
        stopped = self._look().stop()
        self._do(stopped)
        if stopped and not self._module.check_mode:
            self._executor.carry_out(self._look().stop_started())

    def _forget(self) -> None:
        """All failures, of which those are told that were there before; others are of units that were stopped in the middle of their work."""
        names = [unit.name for unit in self._found.units.units]
        self.steps += self._found.units.forget(names)
        if not self._module.check_mode:
            self._executor.carry_out(self._look().units.forget(names))

    def _look(self) -> agent.Agent:
        return agent.look(self._module.run_command, self._module.params["metrics_directory"])

    def _do(self, steps: list[Step]) -> None:
        self.steps += [step for step in steps if step not in self.steps]
        if not self._module.check_mode:
            self._executor.carry_out(steps)

    def _release(self, path: str) -> None:
        try:
            kept = read_kept(path, self._module.params["release"])
            lacking = missing_library()
            if lacking:
                raise ReleaseError(lacking)
            self.released += give_back(kept, predict=self._module.check_mode)
        except ReleaseError as error:
            self._module.warn(f"the models of {path} are not given back: {error}")


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "release": {"type": "str", "choices": ["expire", "unload", "keep"], "default": "expire"},
            "metrics_directory": {"type": "path", "default": ""},
        },
        supports_check_mode=True,
    )
    try:
        removal = Removal(module)
        removal.carry_out()
    except (RemovalError, ManifestError) as error:
        module.fail_json(msg=str(error))
    released: list[dict[str, Any]] = [stray_data(stray) for stray in removal.released]
    module.exit_json(
        changed=bool(removal.steps or released),
        steps=[str(step) for step in removal.steps],
        released=released,
        left=removal.left,
        diff=removal_diff(removal.steps, released_lines(released)),
    )


if __name__ == "__main__":
    main()
