# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: take the settings of Ollama servers away, and the servers that the role installed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_server_removal
short_description: Take away what the role ollama_server installed
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Removes what P(keepwarm.ollama.ollama_server#role) has put on the host for any of its servers, and nothing else. Meant for that role, which
    restarts the servers that stay between the two parts.
  - It goes by what is there and bears the role's mark, not by what is declared, so that the remains of an interrupted installation or removal
    go too, and a second run changes nothing.
  - An Ollama that others installed stays and runs on; one that was taken over gets its unit back.
  - Packages stay, since others may need them by now.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
  - keepwarm.ollama.attributes.predicted
options:
  part:
    description:
      - V(settings) removes drop-ins, and stops and removes the units of the role's own.
      - V(files) removes the releases, the command's link, the role's programs, and the account that the role made, unless models are left.
    type: str
    choices: [settings, files]
    required: true
  release_dest:
    description:
      - The folder of the installed releases. Of it, and of one that the command is linked to, goes what the role wrote; it goes itself
        if nothing else is in it.
      - A version is the role's by the record in its folder; what is current, and the command, only while they lead to such a one, or nowhere.
    type: path
    default: /opt/ollama
  folders:
    description: Where models may be beside the home of the account.
    type: list
    elements: path
    default: []
  purge_models:
    description:
      - Whether the models go, too, of an Ollama that the role installed. Without it they stay, and so do the account and its home.
      - In the folders of models what Ollama makes is removed, and they themselves if nothing else is in them.
    type: bool
    default: false
seealso:
  - module: keepwarm.ollama.ollama_agent
"""

EXAMPLES = r"""
- name: Take the settings away
  keepwarm.ollama.ollama_server_removal:
    part: settings
  register: settings

- name: Remove what is stopped, with its models
  keepwarm.ollama.ollama_server_removal:
    part: files
    folders: "{{ settings.folders }}"
    purge_models: true
"""

RETURN = r"""
steps:
  description: What was done, or would be, in this order.
  type: list
  elements: str
  returned: success
  sample:
    - remove /etc/systemd/system/ollama.service.d/zz-keepwarm.conf
    - remove folder /etc/systemd/system/ollama.service.d
    - daemon-reload
kept:
  description: The units of others whose servers run with what was removed, and may have to restart.
  type: list
  elements: str
  returned: for the part V(settings)
  sample:
    - ollama.service
restored:
  description: Those of them that were taken over and get their own unit back.
  type: list
  elements: str
  returned: for the part V(settings)
  sample: []
resumed:
  description: The units of others that made way for those of the role, and are enabled and run again as they did before.
  type: list
  elements: str
  returned: for the part V(settings)
  sample: []
ended:
  description: The units of the role's own, with their instances, which are stopped.
  type: list
  elements: str
  returned: for the part V(settings)
  sample: []
folders:
  description: Where the settings had the servers keep models, and the home of the account.
  type: list
  elements: str
  returned: for the part V(settings)
  sample:
    - /srv/models
left:
  description: The folders with models, and the account that they belong to.
  type: list
  elements: str
  returned: for the part V(files)
  sample:
    - /srv/models
    - user ollama
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal import server
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import Executor, RemovalError, Step, removal_diff


def remove_settings(module: AnsibleModule, executor: Executor) -> dict[str, Any]:
    """Drop-ins and units. Raises C(RemovalError)."""
    found = server.look_at_settings(module.run_command)
    kept, folders, steps = found.kept(), found.folders(), found.remove()
    ended, restored, resumed = [unit.name for unit in found.ended()], found.restored(), found.resumed()
    if not module.check_mode:
        executor.carry_out(steps)
        found = server.look_at_settings(module.run_command)
    forgotten = [*found.give_back(), *found.units.forget(ended)]
    if not module.check_mode:
        executor.carry_out(forgotten)
    return {**result_of([*steps, *forgotten]), "kept": kept, "restored": restored, "resumed": resumed, "ended": ended, "folders": folders}


def remove_files(module: AnsibleModule, executor: Executor) -> dict[str, Any]:
    """What has stopped. Raises C(RemovalError)."""
    params = module.params
    found = server.look_at_files(params["release_dest"], params["folders"], params["purge_models"])
    left, steps = found.left(), found.remove()
    if not module.check_mode:
        executor.carry_out(steps)
    return {**result_of(steps), "left": left}


def result_of(steps: list[Step]) -> dict[str, Any]:
    """What both parts tell."""
    return {"changed": bool(steps), "steps": [str(step) for step in steps], "diff": removal_diff(steps)}


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "part": {"type": "str", "choices": ["settings", "files"], "required": True},
            "release_dest": {"type": "path", "default": "/opt/ollama"},
            "folders": {"type": "list", "elements": "path", "default": []},
            "purge_models": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    act = remove_settings if module.params["part"] == "settings" else remove_files
    try:
        module.exit_json(**act(module, Executor(module.run_command)))
    except (RemovalError, ManifestError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
