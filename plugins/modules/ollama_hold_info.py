#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_hold_info
short_description: Tells whether an operator at work has put a host on hold
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Reads what C(ollama-warmup hold) left on the host. By the host's clock, a hold that is over is none.
  - It never changes anything.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.info_module
  - keepwarm.ollama.attributes.linux
options:
  instance:
    description:
      - Which of the host's agents.
    type: str
    default: default
  folder:
    description:
      - Where the holds are kept.
    type: path
    default: /var/lib/ollama-warmup
"""

EXAMPLES = r"""
- name: Ask whether an operator is at work
  keepwarm.ollama.ollama_hold_info:
  register: hold

- name: Leave such a host alone
  ansible.builtin.meta: end_host
  when: hold.held
"""

RETURN = r"""
held:
  description: Whether a hold is on.
  type: bool
  returned: success
  sample: true
until:
  description: When it ends, in UTC; null without a hold.
  type: str
  returned: success
  sample: "2026-11-21T16:00:00Z"
since:
  description: When it began, in UTC; null without a hold.
  type: str
  returned: success
  sample: "2026-11-21T14:00:00Z"
reason:
  description: Why, as the operator said; null without a hold.
  type: str
  returned: success
  sample: new GPU
by:
  description: Who said so; null without a hold.
  type: str
  returned: success
  sample: alice
text:
  description: All this in words; null without a hold.
  type: str
  returned: success
  sample: "on hold until 2026-11-21T16:00:00Z by alice: new GPU"
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import AGENT_STATE
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.hold_file import hold_data, read_hold

_NOTHING = dict.fromkeys(("until", "since", "reason", "by", "text"))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "instance": {"type": "str", "default": "default"},
            "folder": {"type": "path", "default": AGENT_STATE},
        },
        supports_check_mode=True,
    )
    try:
        hold = read_hold(os.path.join(module.params["folder"], f"{module.params['instance']}.hold"), time.time())
    except InvalidValue as error:
        module.warn(str(error))
        hold = None
    module.exit_json(changed=False, held=hold is not None, **(hold_data(hold) if hold else _NOTHING))


if __name__ == "__main__":
    main()
