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
attributes:
  platform:
    platforms: linux
    support: full
  check_mode:
    support: full
  diff_mode:
    support: full
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
  - module: keepwarm.ollama.ollama_warmup_removal
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

import pwd
from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import Manifest, ManifestError, write_manifest
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.takeover import SUFFIX, Foreign, Ownership, OwnershipError, as_claims

ROOT = "/"


def refusal(role: str, found: list[Foreign]) -> str:
    """All of it, and what to do."""
    return (
        f"{', '.join(map(str, found))}: not made by the role {role}, which would overwrite it: move it away, or set {role}_takeover to true,"
        f" which keeps it as PATH{SUFFIX} until the role is removed and then puts it back"
    )


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """Refuse, or claim and take over. Raises C(OwnershipError), C(ManifestError), C(OSError)."""
    params = module.params
    claims = as_claims(params["files"], params["folders"], [(link["path"], link["target"]) for link in params["links"]])
    ownership = Ownership(params["role"], claims, module.run_command, params["command"], ROOT)
    found = ownership.foreign()
    if found and not params["takeover"]:
        raise OwnershipError(refusal(params["role"], found))
    in_the_way = ownership.copies_in_the_way(found)
    if in_the_way:
        raise OwnershipError(f"{', '.join(in_the_way)}: a copy of what was taken over earlier, which another takeover would overwrite: move it away")
    users = params["users"] if ownership.is_legacy else new_users(params["users"])
    manifest = ownership.claim(users, params["folders"])
    replaced = ownership.serving(params["replaced"])
    if not module.check_mode:
        save(module, ownership, found, manifest)
        ownership.have_make_way(replaced, Ownership(params["role"], claims, module.run_command, root=ROOT).manifest)
    taken = [*(one.claim.path for one in found), *replaced]
    return {"changed": manifest != ownership.manifest or bool(taken), "taken": taken, "diff": diff_of(ownership.manifest, manifest, taken)}


def save(module: AnsibleModule, ownership: Ownership, found: list[Foreign], manifest: Manifest) -> None:
    """The manifest first: what is made after it is known to be ours, however the play ends. A folder of others is ours once it is aside."""
    begun = replace(manifest, folders=manifest.folders - {one.claim.path for one in found})
    if begun != ownership.manifest:
        write_manifest(begun, ROOT)
    done = replace(ownership.take_over(found, begun), folders=manifest.folders)
    if done != begun:
        write_manifest(done, ROOT)
    if any(one.unit for one in found):
        module.run_command(["systemctl", "daemon-reload"])


def new_users(names: list[str]) -> list[str]:
    """Those that are not there; one that is, is somebody else's, and stays."""
    there = {entry.pw_name for entry in pwd.getpwall()}
    return [name for name in names if name not in there]


def diff_of(before: Manifest, after: Manifest, taken: list[str]) -> dict[str, str]:
    """One line for each path that changes its owner."""
    made = sorted((after.users - before.users) | (after.folders - before.folders))
    lines = [(f"{path}: of others\n", f"{path}: of the role {after.role}, the former as {path}{SUFFIX}\n") for path in taken]
    lines += [("", f"{name}: to be made by the role {after.role}\n") for name in made]
    return {"before": "".join(line for line, dummy in lines), "after": "".join(line for dummy, line in lines)}


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
