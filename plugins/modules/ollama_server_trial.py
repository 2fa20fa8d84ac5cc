#!/usr/bin/python
# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: whether a server could use a folder and an address, tried inside its unit's sandbox."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_server_trial
short_description: Tries a folder and an address inside a server's sandbox
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Tells whether a server could keep its models in a folder and listen on an address, before it is restarted with them.
  - That is tried by a process of its own with the user and the sandbox of the server's unit, as systemd has it loaded, and with
    what a drop-in would add to it. Nothing is created or written.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
  - keepwarm.ollama.attributes.info_module
options:
  unit:
    description: The unit of the server.
    type: str
    default: ollama.service
  dropin_content:
    description: A drop-in as it would be.
    type: str
    default: ""
  models:
    description: The folder of the models. Without it, no folder is tried.
    type: path
  host:
    description: What C(OLLAMA_HOST) would be. Without it, no address is tried.
    type: str
"""

EXAMPLES = r"""
- name: Try a folder inside the sandbox of the server
  keepwarm.ollama.ollama_server_trial:
    unit: ollama.service
    models: /srv/models
  register: tried
"""

RETURN = r"""
problems:
  description: A sentence for each that the server could not use.
  type: list
  elements: str
  returned: success
  sample:
    - "OLLAMA_HOST of ollama.service would be 192.0.2.1, where it could not listen: this host does not have that address."
untried:
  description: Why the sandbox could not be tried; null where it was. Then only the user's rights were judged.
  type: str
  returned: success
  sample: null
"""

import sys
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import systemctl
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import one_line
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import trial
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.address import effective_address
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile


def shown(module: AnsibleModule) -> dict[str, str]:
    """The unit's user and sandbox as systemd has them loaded."""
    _status, output, _error = module.run_command(systemctl.command(trial.PROPERTIES, [module.params["unit"]]), check_rc=True)
    return systemctl.parse(output)


def probe(module: AnsibleModule, properties: Sequence[str]) -> tuple[dict[str, Any] | None, str]:
    """What the probe tells under these properties, or None and why not."""
    host = module.params["host"]
    address = effective_address(host) if host else None
    listen = (address.host, address.port) if address else None
    status, output, error = module.run_command(trial.command(sys.executable, properties, module.params["models"], listen))
    return trial.answer(output), one_line(error) or f"exit status {status}"


def judge(module: AnsibleModule) -> dict[str, Any]:
    """Try with the user alone, then with the sandbox, too."""
    params, unit = module.params, module.params["unit"]
    dropin = UnitFile("", params["dropin_content"]) if params["dropin_content"] else None
    found = shown(module)
    everything = trial.sandbox(found, dropin, trial.PROPERTIES)
    alone, reason = probe(module, trial.sandbox(found, None, trial.IDENTITY))
    if alone is None:
        return {"problems": [], "untried": reason}
    inside, reason = probe(module, everything)
    problems = [trial.address_problem(unit, params["host"], alone if inside is None else inside)] if params["host"] else []
    if params["models"]:
        said = trial.restrictions(everything)
        problems.append(trial.folder_problem(unit, found.get("User") or "root", params["models"], alone, inside, said))
    return {"problems": [problem for problem in problems if problem], "untried": reason if inside is None else None}


def main() -> None:
    """Read the parameters and try."""
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "default": "ollama.service"},
            "dropin_content": {"type": "str", "default": ""},
            "models": {"type": "path"},
            "host": {"type": "str"},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **judge(module))


if __name__ == "__main__":
    main()
