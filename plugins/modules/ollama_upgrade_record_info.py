#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_upgrade_record_info
short_description: Tells whether an upgrade of Ollama is under way on a host
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Reads the record that M(keepwarm.ollama.ollama_upgrade_record) keeps while an upgrade is under way, or was interrupted.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.info_module
  - keepwarm.ollama.attributes.linux
notes:
  - Only the roles and playbooks of this collection use it. It may change in any release.
options:
  dest:
    description:
      - The folder of the releases (M(keepwarm.ollama.ollama_release)), in which the record is C(upgrade.json).
    type: path
    default: /opt/ollama
seealso:
  - module: keepwarm.ollama.ollama_upgrade_record
"""

EXAMPLES = r"""
- name: Look for an upgrade that was interrupted
  keepwarm.ollama.ollama_upgrade_record_info:
  register: upgrade

- name: Say what it would go back to
  ansible.builtin.debug:
    msg: "{{ (upgrade.record or {}).previous | default('no upgrade is under way') }}"
"""

RETURN = r"""
current:
  description: The version that the link C(current) points at; null where there is none.
  type: str
  returned: success
  sample: 0.30.0
record:
  description:
    - What is recorded; null where there is no record.
    - C(previous) is the version to go back to, C(version) the one to go to, C(failed) why it is to be undone, null while it is not.
    - C(resident) and C(cold) are, by unit, the names of the models that were in memory, and of the required ones that were not.
  type: dict
  returned: success
  sample:
    previous: 0.30.0
    version: 0.32.15
    began: "2026-11-21T16:00:00Z"
    units: [ollama.service]
    files:
      - /etc/systemd/system/ollama.service
    models:
      ollama.service: []
    failed: null
    resident:
      ollama.service: ["qwen3:8b"]
    cold:
      ollama.service: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._upgrade import RecordError
from ansible_collections.keepwarm.ollama.plugins.module_utils._upgrade_work import look


def main() -> None:
    """Read the parameters and look."""
    module = AnsibleModule(argument_spec={"dest": {"type": "path", "default": "/opt/ollama"}}, supports_check_mode=True)
    dest = module.params["dest"]
    try:
        module.exit_json(**look(dest, module.run_command))
    except RecordError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or dest}: {error.strerror}")


if __name__ == "__main__":
    main()
