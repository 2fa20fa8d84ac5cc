# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: bring a role's units, drop-ins, files and folders about, or take them away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_units
short_description: Brings a set of systemd units about, with the files and folders that they need, or takes it away
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Writes, validates, enables, starts, stops and removes the units of a role of this collection in one go, with their drop-ins, files and folders.
  - Everything is decided by what is on disk, and by what the systemd manager has loaded and runs, never by what has just changed, so that
    the run after one that was killed puts everything right.
  - Systemd judges the units on a scratch copy, with all others of the set beside them, before one of them is written.
  - A file that the role did not make is refused where one is wanted, and left alone where none is. Text is the role's by the mark in a
    comment, a folder by a manifest of root's, C(/var/lib/keepwarm-ollama/ROLE.json), which is written before the role makes the folder.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
  - keepwarm.ollama.attributes.predicted
notes:
  - Only the roles of this collection use it. It may change in any release.
options:
  role:
    description: Whose set this is; each unit and drop-in bears C((keepwarm.ollama.ROLE\)) in a comment.
    type: str
    choices: [ollama_server, ollama_warmup, ollama_gateway, ollama_pull]
    required: true
  state:
    description:
      - V(present) has the set as the other options say.
      - V(absent) removes every unit and drop-in that bears the mark of P(keepwarm.ollama.ollama_server#role), whatever the other options say, and
        gives back what they took the place of. It goes by what is there, so that the remains of an interrupted run go, too. Servers of
        others stay and run on.
    type: str
    choices: [present, absent]
    default: present
  units:
    description: All units that the set can have, in the order in which they are started.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The unit.
        type: str
        required: true
      content:
        description: What its file is to contain; none, or an empty one, where there is to be no such unit.
        type: str
      active:
        description: Whether it is started.
        type: bool
        default: false
      enabled:
        description: Whether it is enabled if it has a section C([Install]). Without, the file is written and nothing else.
        type: bool
        default: true
      replaces:
        description: Whether it takes the place of a unit of others, whose file is copied to the same path with C(.before-keepwarm) at its end.
        type: bool
        default: false
  dropins:
    description: Drop-ins of the set on other units.
    type: list
    elements: dict
    default: []
    suboptions:
      unit:
        description: The other unit, which need not be there.
        type: str
        required: true
      state:
        description:
          - V(present) has the drop-in there.
          - V(proven) tells that the unit has run with it, and keeps the former one no longer.
          - V(former) puts the former one back, or removes the drop-in where there was none. Without one that is kept it does nothing.
        type: str
        choices: [present, proven, former]
        default: present
      content:
        description: What the drop-in is to contain; needed for V(present).
        type: str
      keeps_former:
        description:
          - Whether what it contained before is kept on the host until the unit has run with it, so that a play that was killed at any moment
            still knows what to go back to.
          - That systemd has to read its units for such a drop-in alone counts as no change; its unit restarts with it, or not, by other means.
        type: bool
        default: false
      deployment:
        description: How the server of the unit is deployed, which tells where its drop-ins are.
        type: str
        choices: [systemd, quadlet]
        default: systemd
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
  folders:
    description:
      - Folders that the units' user works in. No link is followed in a folder that another user may write to, since root would otherwise give
        away whatever that user lets the link lead to.
      - What is missing above a folder is root's, with the mode 0755, whatever the umask is; in a folder of another user's it is that user's.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The folder.
        type: path
        required: true
      owner:
        description:
          - The name of its owner. Where it is V(root), folders above it that another user may write to are refused.
          - In check mode it need not exist yet.
        type: str
        required: true
      group:
        description: The name of its group. Without it, that is left as it is.
        type: str
        default: ""
      mode:
        description: Its permissions, as an octal number.
        type: str
        default: "0750"
      kept:
        description: Whether one that is there stays as it is.
        type: bool
        default: false
  root_only:
    description:
      - What root is to run by the units. It is refused before anything is done where somebody else may write to it, or to a folder on the way, that
        of every link included. What is not there is judged by the folder that is.
    type: list
    elements: path
    default: []
  claims:
    description:
      - Refuses what others made at the paths of the set before anything is written, all of it in one sentence, or takes its place.
    type: dict
    suboptions:
      files:
        description: Files that the role writes by other means.
        type: list
        elements: path
        default: []
      folders:
        description: Folders that the role makes, and removes with all that is in them.
        type: list
        elements: path
        default: []
      replaced:
        description: Unit files of others that stay, whose units make way. They are stopped and not started any more, until the role is removed.
        type: list
        elements: path
        default: []
      takeover:
        description:
          - Whether the role takes the place of what others made. It is moved to the same path with C(.before-keepwarm) at its end, a unit is
            stopped and not started any more, and a removal of the role puts it all back.
        type: bool
        default: false
  allow_daemon_reload:
    description:
      - Whether systemd may read its units anew where a running container of Docker's would lose its GPU by that. V(false) refuses, before anything
        is changed; V(true) warns.
    type: bool
    default: true
seealso:
  - module: keepwarm.ollama.ollama_agent
  - module: keepwarm.ollama.ollama_release
"""

EXAMPLES = r"""
- name: Write the settings of a server
  keepwarm.ollama.ollama_units:
    role: ollama_server
    dropin_name: zz-keepwarm.conf
    dropins:
      - unit: ollama.service
        content: "{{ lookup('ansible.builtin.template', 'zz-keepwarm.conf.j2') }}"
        keeps_former: true

- name: Go back to the former settings
  keepwarm.ollama.ollama_units:
    role: ollama_server
    dropin_name: zz-keepwarm.conf
    dropins:
      - unit: ollama.service
        state: former

- name: Take the settings of all servers away
  keepwarm.ollama.ollama_units:
    role: ollama_server
    state: absent
"""

RETURN = r"""
steps:
  description: What was done, or would be, in this order.
  type: list
  elements: str
  returned: success
  sample:
    - create /srv/models
    - write /etc/systemd/system/ollama.service.d/zz-keepwarm.conf
    - daemon-reload
absent:
  description: Units of others that have a drop-in of the set and are not on this host.
  type: list
  elements: str
  returned: with O(state=present)
  sample: []
taken:
  description: The paths of others that were taken over now, or would be.
  type: list
  elements: str
  returned: with O(state=present)
  sample: []
put_back:
  description: The drop-ins in whose place the former ones came back, since they were not what served last.
  type: list
  elements: str
  returned: with O(state=present)
  sample: []
kept:
  description: The units of others whose servers run with what was removed, and may have to restart.
  type: list
  elements: str
  returned: with O(state=absent)
  sample:
    - ollama.service
restored:
  description: Those of them that were taken over and get their own unit back.
  type: list
  elements: str
  returned: with O(state=absent)
  sample: []
resumed:
  description: The units of others that made way for those of the role, and are enabled and run again as they did before.
  type: list
  elements: str
  returned: with O(state=absent)
  sample: []
ended:
  description: The units of the role's own, with their instances, which are stopped.
  type: list
  elements: str
  returned: with O(state=absent)
  sample: []
folders:
  description: Where the settings had the servers keep models, and the home of the account.
  type: list
  elements: str
  returned: with O(state=absent)
  sample:
    - /srv/models
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import DEPLOYMENTS
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.folders import UnsafePath
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.claiming import Paths
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError, read_manifest
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.takeover import OwnershipError
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import RemovalError
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.work import remove_settings
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_state import StateError
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.reload_risk import ReloadRefused, reload_warning
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.folders import WantedFolder
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.found import UnitsError
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.wanted import WantedDropin, WantedFile, WantedSet, WantedUnit
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.work import Table, bring_about, require_root_only

ROOT = "/"


def table_of(params: Mapping[str, Any]) -> Table:
    """From the module's parameters. Raises C(ManifestError)."""
    dropins = {state: dropins_of(params, state) for state in ("present", "proven", "former")}
    is_whole = not (dropins["proven"] or dropins["former"] or any(dropin.keeps_former for dropin in dropins["present"]))
    units = [WantedUnit(one["name"], one["content"] or None, one["active"], enabled=one["enabled"], replaces=one["replaces"]) for one in params["units"]]
    wanted = WantedSet(units, dropins["present"], params["dropin_name"] if is_whole else "", files_of(params))
    folders = [WantedFolder(one["path"], one["owner"], one["group"], one["mode"], one["kept"]) for one in params["folders"]]
    return Table(params["role"], wanted, folders, claims_of(params, wanted), dropins["proven"], dropins["former"])


def dropins_of(params: Mapping[str, Any], state: str) -> list[WantedDropin]:
    """Those of that state."""
    given = (one for one in params["dropins"] if one["state"] == state)
    return [
        WantedDropin(one["unit"], params["dropin_name"], one["content"] or "", one["keeps_former"], DEPLOYMENTS[one["deployment"]]) for one in given
    ]


def files_of(params: Mapping[str, Any]) -> Sequence[WantedFile]:
    """Where there is to be none, only in a folder of the role. Raises C(ManifestError)."""
    manifest = read_manifest(params["role"], ROOT) if params["files"] else None
    ours = manifest.folders if manifest else ()
    return [WantedFile(one["path"], one["content"] or None) for one in params["files"] if one["content"] or os.path.dirname(one["path"]) in ours]


def claims_of(params: Mapping[str, Any], wanted: WantedSet) -> Paths | None:
    """The paths that have to be the role's. A file's folder stands for it."""
    given, folders = params["claims"], {os.path.dirname(file.path) for file in wanted.files}
    if given is None:
        return None
    files = [*given["files"], *(path for path in wanted.contents() if os.path.dirname(path) not in folders)]
    return Paths(params["role"], files, folders=given["folders"], replaced=given["replaced"], takeover=given["takeover"])


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """All of it, or its prediction. Raises what main() catches."""
    params = module.params
    require_root_only(params["root_only"])
    found = reload_warning(params["role"], params["allow_daemon_reload"], module.run_command, lambda: work(module, predict=True)["steps"], ROOT)
    if found:
        module.warn(found)
    return work(module, module.check_mode)


def work(module: AnsibleModule, predict: bool) -> dict[str, Any]:
    """The module's result. Raises what main() catches."""
    if module.params["state"] == "present":
        return bring_about(table_of(module.params), module.run_command, predict, ROOT)
    if module.params["role"] != "ollama_server":
        raise UnitsError("state absent is for the role ollama_server: the modules of the other roles remove their units")
    return remove_settings(module.run_command, predict, ROOT)


PATHS = {"type": "list", "elements": "path", "default": []}
UNIT = {
    "name": {"type": "str", "required": True},
    "content": {"type": "str"},
    "active": {"type": "bool", "default": False},
    "enabled": {"type": "bool", "default": True},
    "replaces": {"type": "bool", "default": False},
}
DROPIN = {
    "unit": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "proven", "former"], "default": "present"},
    "content": {"type": "str"},
    "keeps_former": {"type": "bool", "default": False},
    "deployment": {"type": "str", "choices": list(DEPLOYMENTS), "default": "systemd"},
}
FOLDER = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str", "required": True},
    "group": {"type": "str", "default": ""},
    "mode": {"type": "str", "default": "0750"},
    "kept": {"type": "bool", "default": False},
}


def main() -> None:
    """Read the parameters and carry them out."""
    file = {"path": {"type": "path", "required": True}, "content": {"type": "str"}}
    claims = {"files": PATHS, "folders": PATHS, "replaced": PATHS, "takeover": {"type": "bool", "default": False}}
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "str", "choices": ["ollama_server", "ollama_warmup", "ollama_gateway", "ollama_pull"], "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "units": {"type": "list", "elements": "dict", "default": [], "options": UNIT},
            "dropins": {"type": "list", "elements": "dict", "default": [], "options": DROPIN, "required_if": [("state", "present", ("content",))]},
            "dropin_name": {"type": "str", "default": ""},
            "files": {"type": "list", "elements": "dict", "default": [], "options": file},
            "folders": {"type": "list", "elements": "dict", "default": [], "options": FOLDER},
            "root_only": PATHS,
            "claims": {"type": "dict", "options": claims},
            "allow_daemon_reload": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except (UnitsError, UnsafePath, OwnershipError, ManifestError, ReloadRefused, RemovalError, StateError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
