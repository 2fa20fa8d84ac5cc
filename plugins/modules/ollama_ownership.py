# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: refuse what others made at the paths of a role, or take its place."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_ownership
short_description: Refuses files of others at the paths of a role, or takes their place
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Judges whether what stands at the paths of a role was made by that role. Meant for the roles of this collection, before they write anything.
  - Text is the role's by the mark in a comment, JSON by its key C(managed_by), a link by where it leads, a folder by a manifest of
    root's, C(/var/lib/keepwarm-ollama/ROLE.json), which this module writes before the role makes the folder.
  - What others made is refused, all of it in one sentence. With O(takeover) it is moved to the same path with C(.before-keepwarm) at its end,
    a unit is stopped and not started any more, and a removal of the role puts it all back.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
  - keepwarm.ollama.attributes.predicted
options:
  role:
    description: Whose paths these are.
    type: str
    choices: [ollama_server, ollama_warmup]
    required: true
  files:
    description: Files that the role writes, units of systemd among them.
    type: list
    elements: path
    default: []
  links:
    description: Links that the role makes.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where the link is.
        type: path
        required: true
      target:
        description: How the path begins that a link of the role leads to.
        type: str
        required: true
  folders:
    description: Folders that the role makes, and removes with all that is in them.
    type: list
    elements: path
    default: []
  users:
    description: Accounts that the role makes unless they are there.
    type: list
    elements: str
    default: []
  replaced:
    description: Unit files of others that stay, whose units make way for those of the role. They are stopped and not started any more, until
      the role is removed.
    type: list
    elements: path
    default: []
  command:
    description: The file of O(files) whose mark tells that the folders are the role's, too, on a host that has no manifest yet.
    type: path
    default: ""
  takeover:
    description: Whether the role takes the place of what others made.
    type: bool
    default: false
seealso:
  - module: keepwarm.ollama.ollama_agent
  - module: keepwarm.ollama.ollama_server_removal
"""

EXAMPLES = r"""
- name: Refuse a timer of others
  keepwarm.ollama.ollama_ownership:
    role: ollama_warmup
    files:
      - /etc/systemd/system/ollama-warmup.timer
"""

RETURN = r"""
taken:
  description: The paths that were taken over now, or would be.
  type: list
  elements: str
  returned: success
  sample:
    - /etc/systemd/system/ollama-warmup.timer
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.claiming import Paths, claim
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.takeover import OwnershipError

ROOT = "/"


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """Refuse, or claim and take over. Raises C(OwnershipError), C(ManifestError), C(OSError)."""
    links = [(link["path"], link["target"]) for link in module.params["links"]]
    done = claim(Paths(**{**module.params, "links": links}), module.run_command, module.check_mode, ROOT)
    return {"changed": done.changed, "taken": list(done.taken), "diff": done.diff()}


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "str", "choices": ["ollama_server", "ollama_warmup"], "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "links": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"path": {"type": "path", "required": True}, "target": {"type": "str", "required": True}},
            },
            "folders": {"type": "list", "elements": "path", "default": []},
            "users": {"type": "list", "elements": "str", "default": []},
            "replaced": {"type": "list", "elements": "path", "default": []},
            "command": {"type": "path", "default": ""},
            "takeover": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except (OwnershipError, ManifestError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
