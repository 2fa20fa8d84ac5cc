# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: bring a set of systemd units of a role about."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_units
short_description: Brings a set of systemd units about, or takes it away
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Writes, validates, enables, starts, stops and removes the units of a role of this collection in one go. Meant for those roles.
  - Everything is decided by what is on disk, and by what the systemd manager has loaded and runs, never by what has just changed, so that
    the run after one that was killed puts everything right.
  - Systemd judges the units on a scratch copy, with all others of the set beside them, before one of them is written.
  - A file that the role did not make is refused where one is wanted, and left alone where none is.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
  - keepwarm.ollama.attributes.predicted
options:
  role:
    description: Whose units these are; each file bears C((keepwarm.ollama.ROLE\)) in a comment.
    type: str
    choices: [ollama_server, ollama_warmup]
    required: true
  units:
    description: All units that the set can have, in the order in which they are started.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The unit.
        type: str
        required: true
      content:
        description: What its file is to contain; none, or an empty one, where there is to be no such unit.
        type: str
      active:
        description: Whether it is started. A unit with a section C([Install]) is enabled in any case.
        type: bool
        default: false
      when_older:
        description: What becomes of it if it runs and was started before one of the files it follows was last changed.
        type: str
        choices: [keep, restart, stop]
        default: keep
      follows:
        description: Files that it follows beside its own and its drop-ins.
        type: list
        elements: path
        default: []
  dropins:
    description: Drop-ins of the set on units of others.
    type: list
    elements: dict
    default: []
    suboptions:
      unit:
        description: The unit of others, which need not be there.
        type: str
        required: true
      content:
        description: What the drop-in is to contain.
        type: str
        required: true
      keeps_former:
        description:
          - Whether what it contained before is kept until M(keepwarm.ollama.ollama_server_dropin) tells that the unit has run with it.
          - That systemd has to read its units for such a drop-in alone counts as no change; its unit restarts with it, or not, by other means.
        type: bool
        default: false
  dropin_name:
    description: The file name of O(dropins). Others of that name that bear the role's mark are removed.
    type: str
    default: ""
  files:
    description: Files that the units need, in folders of the role, owned by root and readable by everybody.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      content:
        description: What it is to contain; none, or an empty one, where there is to be no such file. It is removed only from a folder of the role.
        type: str
  claims:
    description: Refuses what others made at the paths of the set before anything is written, or takes its place, as M(keepwarm.ollama.ollama_ownership) does.
    type: dict
    suboptions:
      folders:
        description: Folders that the role makes, and removes with all that is in them.
        type: list
        elements: path
        default: []
      command:
        description: The file whose mark tells that the folders are the role's, too, on a host that has no manifest yet.
        type: path
        default: ""
      takeover:
        description: Whether the role takes the place of what others made.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: Run a timer
  keepwarm.ollama.ollama_units:
    role: ollama_warmup
    units:
      - name: ollama-warmup.timer
        content: "{{ lookup('ansible.builtin.template', 'ollama-warmup.timer.j2') }}"
        active: true
        when_older: restart
"""

RETURN = r"""
steps:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample:
    - write /etc/systemd/system/ollama-warmup.timer
    - daemon-reload
    - enable ollama-warmup.timer
    - restart ollama-warmup.timer
absent:
  description: Units of others that have a drop-in of the set and are not on this host.
  type: list
  elements: str
  returned: success
  sample: []
"""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils import _server_state
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import SERVER_RECORDS, below
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.claiming import Claimed, Paths, claim
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError, read_manifest
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.marks import role_mark
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.takeover import OwnershipError
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.apply import apply
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.found import Found, UnitsError
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.wanted import WantedDropin, WantedFile, WantedSet, WantedUnit

ROOT = "/"


def wanted_set(params: dict[str, Any]) -> WantedSet:
    """From the module's parameters. Raises C(ManifestError)."""
    units = [WantedUnit(one["name"], one["content"] or None, one["active"], one["when_older"], one["follows"]) for one in params["units"]]
    dropins = [WantedDropin(one["unit"], params["dropin_name"], one["content"], one["keeps_former"]) for one in params["dropins"]]
    manifest = read_manifest(params["role"], ROOT) if params["files"] else None
    ours = manifest.folders if manifest else ()
    files = [WantedFile(one["path"], one["content"] or None) for one in params["files"] if one["content"] or os.path.dirname(one["path"]) in ours]
    return WantedSet(units, dropins, "" if any(dropin.keeps_former for dropin in dropins) else params["dropin_name"], files)


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """All of it, or its prediction. Raises UnitsError, OwnershipError, ManifestError, StateError, OSError."""
    wanted, mark = wanted_set(module.params), role_mark(module.params["role"])
    claimed = claims_of(module, wanted)
    aside = claimed.taken if claimed else ()
    done = apply(wanted, mark, module.run_command, module.check_mode, ROOT, aside=aside, before_writing=partial(keep_former, wanted))
    is_claim = claimed is not None and claimed.changed
    diff = ([claimed.diff()] if claimed and is_claim else []) + done.diff
    return {"changed": done.changed or is_claim, "steps": done.steps, "absent": done.absent, "diff": diff}


def claims_of(module: AnsibleModule, wanted: WantedSet) -> Claimed | None:
    """Has the paths be the role's."""
    given, folders = module.params["claims"], {os.path.dirname(file.path) for file in wanted.files}
    if given is None:
        return None
    files = [path for path in wanted.contents() if os.path.dirname(path) not in folders]
    paths = Paths(module.params["role"], files, folders=given["folders"], command=given["command"], takeover=given["takeover"])
    return claim(paths, module.run_command, module.check_mode, ROOT)


def keep_former(wanted: WantedSet, write: Sequence[str], before: Found) -> None:
    """What served last, unless something is kept that no server has served after. Raises C(StateError)."""
    folder = below(ROOT, SERVER_RECORDS)
    for dropin in wanted.dropins:
        if dropin.keeps_former and dropin.path in write and _server_state.read(dropin.unit, _server_state.DROPIN, folder) is None:
            _server_state.write(dropin.unit, _server_state.DROPIN, {"content": before.files.get(dropin.path)}, folder)


def main() -> None:
    """Read the parameters and carry them out."""
    unit = {
        "name": {"type": "str", "required": True},
        "content": {"type": "str"},
        "active": {"type": "bool", "default": False},
        "when_older": {"type": "str", "choices": ["keep", "restart", "stop"], "default": "keep"},
        "follows": {"type": "list", "elements": "path", "default": []},
    }
    dropin = {
        "unit": {"type": "str", "required": True},
        "content": {"type": "str", "required": True},
        "keeps_former": {"type": "bool", "default": False},
    }
    file = {"path": {"type": "path", "required": True}, "content": {"type": "str"}}
    claims = {
        "folders": {"type": "list", "elements": "path", "default": []},
        "command": {"type": "path", "default": ""},
        "takeover": {"type": "bool", "default": False},
    }
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "str", "choices": ["ollama_server", "ollama_warmup"], "required": True},
            "units": {"type": "list", "elements": "dict", "required": True, "options": unit},
            "dropins": {"type": "list", "elements": "dict", "default": [], "options": dropin},
            "dropin_name": {"type": "str", "default": ""},
            "files": {"type": "list", "elements": "dict", "default": [], "options": file},
            "claims": {"type": "dict", "options": claims},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except (UnitsError, OwnershipError, ManifestError, _server_state.StateError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
