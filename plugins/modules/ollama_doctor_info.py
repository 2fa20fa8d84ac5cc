#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: why a host is not warm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_doctor_info
short_description: Tell why the models of an Ollama server are not in memory
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Looks at everything that may keep declared models out of memory - the server's unit, its environment and who overrides it, variables
    in files that only shells read, addresses and who listens there, the GPU and its driver, the journal, the models on the disk and in
    memory, the agent - and says what is wrong, where that was seen, and what to do.
  - Needs nothing on the host but Python and systemd; a host without an agent or without a server is told of as any other. What is
    declared, it reads from the configuration of the agent.
  - Prints a page for each host, as the play runs.
  - It never changes anything, and sends no request that would load a model or touch an expiry.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.info_module
  - keepwarm.ollama.attributes.linux
options:
  instance:
    description:
      - Which instance of the server.
      - Without it all that the host has.
    type: str
  unit:
    description:
      - The service unit of the server, where no agent names it.
    type: str
  name:
    description:
      - What to call the host. Its name in the inventory, if it is not given.
    type: str
  format:
    description:
      - What is printed. The result holds both in any case.
    type: str
    choices:
      page: A page for a person.
      json: The findings as data.
      none: Nothing.
    default: page
notes:
  - Needs root (C(become)), since only root may read a service's environment, sockets and journal.
  - Values of variables whose names say that they are secrets, and credentials in addresses, are hidden.
seealso:
  - module: keepwarm.ollama.ollama_unit_info
  - module: keepwarm.ollama.ollama_info
"""

EXAMPLES = r"""
- name: Tell why the host is not warm
  keepwarm.ollama.ollama_doctor_info:
  register: doctor

- name: Stop where there is a problem
  ansible.builtin.assert:
    that: doctor.exit == 0
    fail_msg: "{{ doctor.findings | map(attribute='what') | join('; ') }}"
"""

RETURN = r"""
host:
  description: What the host is called.
  type: str
  returned: success
  sample: gpu1
healthy:
  description: Whether there is neither a problem nor a warning, and everything could be looked at.
  type: bool
  returned: success
  sample: false
exit:
  description: V(0) nothing is wrong; V(1) there are problems; V(2) not everything could be looked at, and what could has no problem.
  type: int
  returned: success
  sample: 1
instances:
  description:
    - The instances that were looked at, with the unit, address and version of their servers.
    - C(resident) is what is in memory, as M(keepwarm.ollama.ollama_info) has it; null where the server did not tell.
  type: list
  elements: dict
  returned: success
  sample:
    - instance: default
      unit: ollama.service
      url: http://127.0.0.1:11434
      version: 0.32.15
      resident: []
findings:
  description: What is wrong, the most severe first.
  type: list
  elements: dict
  returned: success
  contains:
    code:
      description: A word for this kind of finding.
      type: str
      returned: always
    severity:
      description: V(problem), V(warning) or V(note).
      type: str
      returned: always
    what:
      description: What is wrong, in a sentence.
      type: str
      returned: always
    evidence:
      description: What was seen, literally (C(text)), and where (C(source)).
      type: list
      elements: dict
      returned: always
    remedy:
      description: A command, or a variable of a role.
      type: str
      returned: always
    instance:
      description: The instance it concerns; null where that is every one.
      type: str
      returned: always
  sample:
    - code: timer_inactive
      severity: problem
      what: "ollama-warmup.timer is inactive: no pass is made by time"
      evidence:
        - source: systemctl show ollama-warmup.timer
          text: ActiveState=inactive
      remedy: systemctl enable --now ollama-warmup.timer
      instance: default
checked:
  description: What was looked at.
  type: list
  elements: str
  returned: success
  sample:
    - unit and environment
    - journal
unseen:
  description: What could not be looked at, a sentence each.
  type: list
  elements: str
  returned: success
  sample: []
page:
  description: All of it on a page for a person.
  type: str
  returned: success
  sample: |-
    gpu1: 1 problem (ollama.service at http://127.0.0.1:11434)

    problem: ollama-warmup.timer is inactive: no pass is made by time (timer_inactive)
      seen: systemctl show ollama-warmup.timer: ActiveState=inactive
      remedy: systemctl enable --now ollama-warmup.timer
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.commands import NOT_FOUND
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.examine import (
    CannotLook,
    check_instance,
    examine,
    instances,
    require_root_and_systemd,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.page import page, report


def runner(module: AnsibleModule) -> Callable[[Sequence[str]], tuple[int, str, str]]:
    """Runs commands whose output is in English; one that is not there ends with 127, as in a shell."""

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        try:
            status, output, error = module.run_command(command, environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
        except OSError as error:
            return NOT_FOUND, "", f"{command[0]}: {error.strerror}"
        return status, output, error

    return run


def look(module: AnsibleModule, instance: str | None, unit: str | None, name: str | None) -> dict[str, Any]:
    """The module's result. Raises C(CannotLook)."""
    run = runner(module)
    if instance is not None:
        check_instance(instance)
    require_root_and_systemd(run)
    looks = [examine(run, each, unit) for each in ([instance] if instance else instances(run))]
    told = report(name or os.uname().nodename, looks)
    return {**told, "page": page(told)}


def main() -> None:
    """Look and tell."""
    module = AnsibleModule(
        argument_spec={
            "instance": {"type": "str"},
            "unit": {"type": "str"},
            "name": {"type": "str"},
            "format": {"type": "str", "choices": ["page", "json", "none"], "default": "page"},
        },
        supports_check_mode=True,
    )
    try:
        result = look(module, module.params["instance"], module.params["unit"], module.params["name"])
    except CannotLook as reason:
        module.fail_json(msg=str(reason))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
