#!/usr/bin/python
# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: folders of a server's user, without following what that user put on the way."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_server_folders
short_description: Creates folders for a server's user
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Has folders there with their owner and mode, as M(ansible.builtin.file) does, but follows no link in a folder that another user may
    write to. Root would otherwise give away whatever that user lets the link lead to.
  - What is missing above a folder is root's, with the mode 0755, whatever the umask is; in a folder of another user's it is that user's.
  - A link in a folder where only root may write is followed.
  - Only the roles and playbooks of this collection use it. It may change in any release.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
  - keepwarm.ollama.attributes.predicted
options:
  paths:
    description: The folders.
    type: list
    elements: path
    required: true
  owner:
    description:
      - The name of their owner. Where it is V(root), folders above them that another user may write to are refused.
      - In check mode it need not exist yet.
    type: str
    required: true
  group:
    description: The name of their group. Without it, that is left as it is.
    type: str
  mode:
    description: Their permissions, as an octal number.
    type: str
    default: "0750"
seealso:
  - module: ansible.builtin.file
"""

EXAMPLES = r"""
- name: Create the folders of the server
  keepwarm.ollama.ollama_server_folders:
    paths:
      - /var/lib/ollama
      - /srv/models
    owner: ollama
    group: ollama
"""

RETURN = r"""
changes:
  description: What was changed, or would be.
  type: list
  elements: str
  returned: success
  sample:
    - create /srv/models
"""

import grp
import pwd
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.folders import UnsafePath, prepare, require_own

_NOBODY = -2  # whom nothing belongs to


def number_of(module: AnsibleModule, kind: str) -> int | None:
    """The uid or gid of what the parameter names; ends the module where there is none, but in check mode."""
    name = module.params[kind]
    if name is None:
        return None
    try:
        return pwd.getpwnam(name).pw_uid if kind == "owner" else grp.getgrnam(name).gr_gid
    except KeyError:
        if module.check_mode:
            return _NOBODY
        module.fail_json(msg=f"{kind} {name!r} does not exist on this host")
        raise


def mode_of(module: AnsibleModule) -> int:
    """The permissions as a number."""
    text = module.params["mode"]
    if text and len(text) <= 5 and set(text) <= set("01234567"):
        return int(text, 8)
    module.fail_json(msg=f"mode {text!r} is no octal number of permissions: give one such as '0750'")
    raise ValueError(text)


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """Have all folders there, or predict it. Raises C(OSError)."""
    owner, group, mode = number_of(module, "owner"), number_of(module, "group"), mode_of(module)
    changes: list[str] = []
    for path in module.params["paths"]:
        if owner == 0:
            require_own(path)
        changes += prepare(path, _NOBODY if owner is None else owner, group, mode, predict=module.check_mode)
    shown = "".join(f"{change}\n" for change in changes)
    return {"changed": bool(changes), "changes": changes, "diff": {"before": "", "after": shown}}


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "required": True},
            "owner": {"type": "str", "required": True},
            "group": {"type": "str"},
            "mode": {"type": "str", "default": "0750"},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except UnsafePath as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
