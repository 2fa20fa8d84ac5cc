#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_agent
short_description: Configures the host agent of the role ollama_warmup, or takes it away
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Brings about, in one run, all that the agent of a host consists of. That is its account, folders, program and command, and for each server its
    configuration, units, gates, metrics and notify addresses.
  - What earlier settings asked for and these do not is removed, and so is all of a server that is not declared any more.
  - The agent judges its configuration, and systemd the units, before one of them counts. Whether a unit is restarted is decided by what is
    on disk and what the systemd manager runs, so the run after one that was killed puts everything right.
  - V(absent) removes what bears the role's mark, of all servers that are on the host, and nothing else. Units that wait at a gate are let go
    first; then whatever runs is stopped, the models are given back, the files are removed, and last the account that the role made. What
    the role took over from others is put back, and started as it was. Packages stay.
notes:
  - Only the role P(keepwarm.ollama.ollama_warmup#role) uses this module. It may change in any release.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description: Whether the agent is to be on the host.
    type: str
    choices: [present, absent]
    default: present
  files:
    description: What it consists of, as the filter P(keepwarm.ollama.agent_files#filter) gives it. Required for V(present).
    type: dict
    suboptions:
      archive:
        description: The program.
        type: str
        required: true
      command:
        description: The text of its command.
        type: str
        required: true
      servers:
        description: All servers that it looks after.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: The instance; V(default) for the only server of a host.
            type: str
            required: true
          features:
            description: What its settings ask for.
            type: list
            elements: str
            choices: [watch, restart, notify, metrics, probes, require, want]
            default: []
          configuration:
            description: The text of the agent's configuration.
            type: str
            required: true
          contents:
            description: The texts of its units and drop-ins, by the names of their templates.
            type: dict
            required: true
          gates:
            description: The mode of each gated unit.
            type: dict
            default: {}
          metrics_directory:
            description: Where node_exporter reads metrics.
            type: path
            default: ""
  user:
    description: The agent's account. One that is there stays as it is.
    type: str
    default: ollama-warmup
  python:
    description: The interpreter that runs the agent.
    type: path
    default: /usr/bin/python3
  notify_addresses:
    description: Where notifications go, a list of addresses or one text. They are never shown.
    type: raw
    default: []
  takeover:
    description: Whether the role may take the place of what others made.
    type: bool
    default: false
  release:
    description:
      - What the models get that the agent has kept in memory for ever, where their server runs, when it goes. V(expire) gives them the
        C(undeclared_keep_alive) of their instance, else five minutes; V(unload) takes them out; V(keep) leaves them for ever, with
        nobody who looks after them.
    type: str
    choices: [expire, unload, keep]
    default: expire
  metrics_directory:
    description: For V(absent), a folder in which a link to metrics may be of which no configuration tells any more.
    type: path
    default: ""
  allow_daemon_reload:
    description:
      - Whether systemd may read its units anew where a running container of Docker's would lose its GPU by that. V(false) refuses, before anything
        is changed; V(true) warns.
    type: bool
    default: true
seealso:
  - module: keepwarm.ollama.ollama_agent_info
"""

EXAMPLES = r"""
- name: Take the agent away, and the models out of memory
  keepwarm.ollama.ollama_agent:
    state: absent
    release: unload
"""

RETURN = r"""
steps:
  description: What was done, or would be, in this order.
  type: list
  elements: str
  returned: success
  sample:
    - write /etc/ollama-warmup/default.json
    - restart ollama-warmup.timer
written:
  description: How many files were written, or would be.
  type: int
  returned: for O(state=present)
  sample: 1
released:
  description: The models that were given back, and how.
  type: list
  elements: dict
  returned: for O(state=absent)
  sample:
    - name: qwen3:8b
      action: set_expiry
      keep_alive: 5m
left:
  description: Files of others among those of the role. They stay, and so do their folders.
  type: list
  elements: str
  returned: for O(state=absent)
  sample:
    - /etc/systemd/system/ollama-warmup.service.d/override.conf
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.account import AccountError
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.addresses import read_addresses
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.configure import Agent, ConfigurationError, WantedAgent, WantedServer
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.parts import FEATURES
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.program import Program, ProgramError, unpack
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.removal import Removal
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.work import Work
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import AGENT_PROGRAMS, below
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.manifest import ManifestError
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.marks import role_mark
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.takeover import OwnershipError
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.give_back import released_lines
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import RemovalError, removal_diff
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.results import stray_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.reload_risk import ReloadRefused, reload_warning
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.found import UnitsError

ROOT = "/"
SUPERUSER = (0, 0)
_REFUSALS = (AccountError, ConfigurationError, ManifestError, OwnershipError, ProgramError, ReloadRefused, RemovalError, UnitsError)


def wanted_agent(params: dict[str, Any]) -> WantedAgent:
    """From the module's parameters. Raises ProgramError."""
    files = params["files"]
    addresses = "\n".join([f"# Ansible managed ({role_mark('ollama_warmup')})", *read_addresses(params["notify_addresses"]), ""])
    return WantedAgent(
        user=params["user"],
        program=Program(unpack(files["archive"]), below(ROOT, AGENT_PROGRAMS), params["python"]),
        command=files["command"],
        servers=[WantedServer(**server) for server in files["servers"]],
        notify=addresses,
        takeover=params["takeover"],
    )


def judge_reload(module: AnsibleModule, predicted: Callable[[], Sequence[str]]) -> None:
    """Before anything is changed. Raises ReloadRefused."""
    found = reload_warning("ollama_warmup", module.params["allow_daemon_reload"], module.run_command, predicted, ROOT)
    if found:
        module.warn(found)


def configured(module: AnsibleModule, predict: bool) -> tuple[Agent, Work]:
    """The agent, and what was done, or would be."""
    work = Work(module.run_command, predict, ROOT, SUPERUSER)
    agent = Agent(wanted_agent(module.params), work, module.run_command)
    agent.configure()
    return agent, work


def configure(module: AnsibleModule) -> dict[str, Any]:
    """All of it, or its prediction."""
    judge_reload(module, lambda: configured(module, predict=True)[1].steps)
    agent, work = configured(module, module.check_mode)
    for sentence in agent.announced:
        module.warn(sentence)
    if agent.absent:
        module.warn(
            f"{', '.join(agent.absent)}: no such unit on this host. Its gate is in place: once the unit is there, its starts wait for warm models."
            " If none is to come, check the name in ollama_warmup_gates"
        )
    written = sum(step.startswith("write ") for step in work.steps)
    return {"changed": bool(work.steps), "steps": work.steps, "written": written, "diff": work.diff}


def removed(module: AnsibleModule, predict: bool, warn: Callable[[str], None]) -> Removal:
    """What was taken away, or would be."""
    params = module.params
    removal = Removal(module.run_command, predict, params["release"], params["metrics_directory"], warn)
    removal.carry_out()
    return removal


def remove(module: AnsibleModule) -> dict[str, Any]:
    """All of it, or its prediction."""
    judge_reload(module, lambda: [str(step) for step in removed(module, True, lambda _sentence: None).steps])
    removal = removed(module, module.check_mode, module.warn)
    released: list[dict[str, Any]] = [stray_data(stray) for stray in removal.released]
    return {
        "changed": bool(removal.steps or released),
        "steps": [str(step) for step in removal.steps],
        "released": released,
        "left": removal.left,
        "diff": removal_diff(removal.steps, released_lines(released)),
    }


def main() -> None:
    server = {
        "name": {"type": "str", "required": True},
        "features": {"type": "list", "elements": "str", "choices": list(FEATURES), "default": []},
        "configuration": {"type": "str", "required": True},
        "contents": {"type": "dict", "required": True},
        "gates": {"type": "dict", "default": {}},
        "metrics_directory": {"type": "path", "default": ""},
    }
    files = {
        "archive": {"type": "str", "required": True, "no_log": True},  # no secret, but far too long for a log
        "command": {"type": "str", "required": True},
        "servers": {"type": "list", "elements": "dict", "required": True, "options": server},
    }
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "files": {"type": "dict", "options": files},
            "user": {"type": "str", "default": "ollama-warmup"},
            "python": {"type": "path", "default": "/usr/bin/python3"},
            "notify_addresses": {"type": "raw", "default": [], "no_log": True},
            "takeover": {"type": "bool", "default": False},
            "release": {"type": "str", "choices": ["expire", "unload", "keep"], "default": "expire"},
            "metrics_directory": {"type": "path", "default": ""},
            "allow_daemon_reload": {"type": "bool", "default": True},
        },
        required_if=[("state", "present", ["files"])],
        supports_check_mode=True,
    )
    # Of a text, Ansible itself would hide the whole only.
    module.no_log_values.update(read_addresses(module.params["notify_addresses"]))
    try:
        module.exit_json(**(configure if module.params["state"] == "present" else remove)(module))
    except _REFUSALS as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
