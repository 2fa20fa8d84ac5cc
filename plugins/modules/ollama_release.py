#!/usr/bin/python
# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_release
short_description: Installs a release of Ollama beside others, and switches between them
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Keeps releases of Ollama in folders named after their versions, and a link C(current) to one of them.
  - A release is verified, unpacked and its program run once before its folder appears under its name, so that an
    interrupted installation is never taken for a whole one.
  - Its program is run as a user of its own, in a sandbox of systemd's without network. No set-uid or set-gid bit, and no other owner than root,
    is left in what was unpacked.
  - Switching is one rename. The release that was current before stays, to switch back to; older ones can be removed.
  - Neither starts, stops nor restarts anything.
notes:
  - Only the roles and playbooks of this collection use it. It may change in any release.
requirements:
  - C(tar), and C(zstd) for archives of that kind, on the host
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  version:
    description:
      - The release's version, such as V(0.32.15). Needed but with O(state=purged).
    type: str
  archives:
    description:
      - The release's archives as they lie on the host, overlays last. Needed to stage a version that is not there.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      sha256:
        description: Its checksum, 64 hexadecimal digits.
        type: str
        required: true
  dest:
    description:
      - The folder of the releases. Only root may write there, and above it.
    type: path
    default: /opt/ollama
  state:
    description:
      - V(staged) has the release there, and changes nothing that runs.
      - V(current) switches to a release that is there, or is staged by the same call.
      - V(pruned) removes all but O(version), which is current or about to be, the one before it and what else O(keep) allows.
      - V(absent) removes a release that is not current.
      - V(purged) removes all that P(keepwarm.ollama.ollama_server#role) installed, once no server runs it any more. Those are the releases, the
        command's link, the role's programs, and the account that it made, unless models are left. It goes by the records and marks that are
        there. What others put there, and packages, stay.
    type: str
    choices: [staged, current, pruned, absent, purged]
    default: staged
  keep:
    description:
      - With V(current) when it switches, and with V(pruned), how many releases to keep beside O(version), V(1) at least. The one that
        it was switched from is always among them.
    type: int
    default: 1
  prune:
    description:
      - With V(current), whether the switch removes older releases. Without, V(pruned) does once the new one has proven itself.
    type: bool
    default: true
  before:
    description:
      - With V(pruned), the version that it was switched from, where it is known.
    type: str
  folders:
    description:
      - With V(purged), where models may be beside the home of the account.
    type: list
    elements: path
    default: []
  purge_models:
    description:
      - With V(purged), whether the models go, too. Without it they stay, and so do the account and its home.
      - In the folders of models what Ollama makes is removed, and they themselves if nothing else is in them.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Have a release there
  keepwarm.ollama.ollama_release:
    version: 0.32.15
    archives:
      - path: /var/tmp/ollama-linux-amd64.tar.zst
        sha256: 5c1b6f1a0a1f3d1fae3c3e8b8a8f0e9d0a9d6d1a7d3f5f1f5b8f6c2e4d7a9b10

- name: Switch to it
  keepwarm.ollama.ollama_release:
    version: 0.32.15
    state: current
  register: switched

- name: Switch back
  keepwarm.ollama.ollama_release:
    version: "{{ switched.previous }}"
    state: current

- name: Remove what is stopped, with its models
  keepwarm.ollama.ollama_release:
    state: purged
    folders: [/srv/models]
    purge_models: true
"""

RETURN = r"""
current:
  description: The version that C(current) points at afterwards; null where there is none.
  type: str
  returned: success
  sample: 0.32.15
previous:
  description: The version that it pointed at before.
  type: str
  returned: success
  sample: 0.30.0
installed:
  description: The versions that are there afterwards.
  type: list
  elements: str
  returned: success
  sample:
    - 0.30.0
    - 0.32.15
removed:
  description: The versions that were removed.
  type: list
  elements: str
  returned: success
  sample: []
steps:
  description: What was done, or would be, in this order.
  type: list
  elements: str
  returned: with O(state=purged)
  sample:
    - remove release /opt/ollama/0.32.15
left:
  description: The folders with models, and the account that they belong to.
  type: list
  elements: str
  returned: with O(state=purged)
  sample:
    - /srv/models
    - user ollama
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError
from ansible_collections.keepwarm.ollama.plugins.module_utils._release import ReleaseError
from ansible_collections.keepwarm.ollama.plugins.module_utils._release_work import bring_about
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import RemovalError
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.work import remove_files

ROOT = "/"


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """One release, or the removal of all that was installed. Raises ReleaseError, RemovalError, ManifestError, OSError."""
    params = module.params
    if params["state"] == "purged":
        return remove_files(module.run_command, params["dest"], params["folders"], params["purge_models"], module.check_mode, ROOT)
    return bring_about(params, module.run_command, module.check_mode)


def main() -> None:
    """Read the parameters and carry them out."""
    archive = {"path": {"type": "path", "required": True}, "sha256": {"type": "str", "required": True}}
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str"},
            "archives": {"type": "list", "elements": "dict", "default": [], "options": archive},
            "dest": {"type": "path", "default": "/opt/ollama"},
            "state": {"type": "str", "choices": ["staged", "current", "pruned", "absent", "purged"], "default": "staged"},
            "keep": {"type": "int", "default": 1},
            "prune": {"type": "bool", "default": True},
            "before": {"type": "str"},
            "folders": {"type": "list", "elements": "path", "default": []},
            "purge_models": {"type": "bool", "default": False},
        },
        required_if=[("state", state, ("version",)) for state in ("staged", "current", "pruned", "absent")],
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except (ReleaseError, RemovalError, ManifestError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
