#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_upgrade_record
short_description: Keeps on the host what an upgrade of Ollama goes back to, and goes back to it
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Keeps a record while an upgrade is under way, with the release, the files and the residency that were there before it. Since it is
    on the host, a play that was killed between any two steps is finished or undone by the next one.
  - Neither starts, stops nor restarts anything.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
notes:
  - Only the roles and playbooks of this collection use it. It may change in any release.
options:
  state:
    description:
      - V(begun) has a record. One that is there stays, since what it goes back to is what served last; only its version is brought up
        to date.
      - V(judged) compares O(models) with the record, and fails where one is worse off.
      - V(undone) records that the upgrade is undone, and why; then it puts the recorded files and the release back. Without a record it does nothing.
      - V(done) removes the record.
    type: str
    choices: [begun, judged, undone, done]
    required: true
  dest:
    description:
      - The folder of the releases (M(keepwarm.ollama.ollama_release)), in which the record is C(upgrade.json).
    type: path
    default: /opt/ollama
  version:
    description:
      - The version that is upgraded to. Needed for V(begun).
    type: str
  units:
    description:
      - With V(begun), the units whose servers are upgraded.
    type: list
    elements: str
    default: []
  files:
    description:
      - With V(begun), the files to keep. One that is not there yet is removed when the upgrade is undone.
    type: list
    elements: path
    default: []
  models:
    description:
      - With V(begun) and V(judged), C(models) of M(keepwarm.ollama.ollama_warm) in check mode, by unit.
    type: dict
    default: {}
  vram_tolerance:
    description:
      - With V(judged), how many percent points of its share in VRAM a model may lose.
    type: int
    default: 0
  reason:
    description:
      - With V(undone), why. The reason that was recorded first stays.
    type: str
seealso:
  - module: keepwarm.ollama.ollama_release
  - module: keepwarm.ollama.ollama_upgrade_record_info
"""

EXAMPLES = r"""
- name: Keep what there is
  keepwarm.ollama.ollama_upgrade_record:
    state: begun
    version: 0.32.15
    units: [ollama.service]
    files:
      - /etc/systemd/system/ollama.service
      - /etc/systemd/system/ollama.service.d/zz-keepwarm.conf

- name: Go back
  keepwarm.ollama.ollama_upgrade_record:
    state: undone
    reason: the server does not answer
"""

RETURN = r"""
current:
  description: The version that the link C(current) points at; null where there is none.
  type: str
  returned: success
  sample: 0.30.0
record:
  description:
    - What is recorded, with O(state=done) what was; null where there is no record.
    - Its keys are those that M(keepwarm.ollama.ollama_upgrade_record_info) returns.
  type: dict
  returned: success
  sample:
    previous: 0.30.0
    version: 0.32.15
    failed: null
losses:
  description: A sentence for each model that is worse off than before.
  type: list
  elements: str
  returned: with O(state=judged)
  sample:
    - only 40 % of qwen3:8b is in VRAM; it was 100 % before
outdated:
  description:
    - With O(state=undone), the units whose process runs another release than the one that was put back. That is seen from the process, not
      asked of the server.
  type: list
  elements: str
  returned: success
  sample:
    - ollama.service
restored:
  description: With O(state=undone), what was put back.
  type: list
  elements: str
  returned: success
  sample:
    - /etc/systemd/system/ollama.service.d/zz-keepwarm.conf
    - release 0.30.0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._upgrade import RecordError
from ansible_collections.keepwarm.ollama.plugins.module_utils._upgrade_work import STATES, WorseOff, carry_out


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": list(STATES), "required": True},
            "dest": {"type": "path", "default": "/opt/ollama"},
            "version": {"type": "str"},
            "units": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "list", "elements": "path", "default": []},
            "models": {"type": "dict", "default": {}},
            "vram_tolerance": {"type": "int", "default": 0},
            "reason": {"type": "str"},
        },
        required_if=[("state", "begun", ("version",)), ("state", "undone", ("reason",))],
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module.params, module.run_command, module.check_mode, module.warn))
    except WorseOff as error:
        module.fail_json(msg=str(error), losses=error.losses)
    except RecordError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or module.params['dest']}: {error.strerror}")


if __name__ == "__main__":
    main()
