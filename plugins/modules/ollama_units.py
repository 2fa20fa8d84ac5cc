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
  dropin_name:
    description: The file name of O(dropins). Others of that name that bear the role's mark are removed.
    type: str
    default: ""
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.marks import role_mark
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.apply import apply
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.found import UnitsError
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.wanted import WantedDropin, WantedSet, WantedUnit

ROOT = "/"


def wanted_set(params: dict[str, Any]) -> WantedSet:
    """From the module's parameters."""
    units = [WantedUnit(one["name"], one["content"] or None, one["active"], one["when_older"], one["follows"]) for one in params["units"]]
    dropins = [WantedDropin(one["unit"], params["dropin_name"], one["content"]) for one in params["dropins"]]
    return WantedSet(units, dropins, params["dropin_name"])


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """All of it, or its prediction. Raises UnitsError, OSError."""
    done = apply(wanted_set(module.params), role_mark(module.params["role"]), module.run_command, module.check_mode, ROOT)
    return {"changed": bool(done.steps), "steps": done.steps, "absent": done.absent, "diff": done.diff}


def main() -> None:
    """Read the parameters and carry them out."""
    unit = {
        "name": {"type": "str", "required": True},
        "content": {"type": "str"},
        "active": {"type": "bool", "default": False},
        "when_older": {"type": "str", "choices": ["keep", "restart", "stop"], "default": "keep"},
        "follows": {"type": "list", "elements": "path", "default": []},
    }
    dropin = {"unit": {"type": "str", "required": True}, "content": {"type": "str", "required": True}}
    module = AnsibleModule(
        argument_spec={
            "role": {"type": "str", "choices": ["ollama_server", "ollama_warmup"], "required": True},
            "units": {"type": "list", "elements": "dict", "required": True, "options": unit},
            "dropins": {"type": "list", "elements": "dict", "default": [], "options": dropin},
            "dropin_name": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except UnitsError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
