#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_agent_info
short_description: Looks at a host before the role ollama_warmup changes it
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Tells where each server of a host answers, whether an operator at work holds it, what the agent's interpreter lacks, and everything
    for which the role would have to refuse the host.
  - It never changes anything.
notes:
  - Only the role P(keepwarm.ollama.ollama_warmup#role) uses this module. It may change in any release.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.info_module
  - keepwarm.ollama.attributes.linux
options:
  servers:
    description:
      - The servers as the filter P(keepwarm.ollama.role_settings#filter) gives them. Without any, only the hold of V(default) is looked at.
    type: list
    elements: dict
    default: []
  expected_urls:
    description:
      - Where servers will answer that another role is about to install, by their units.
    type: dict
    default: {}
  expected_environments:
    description:
      - What servers will run with that another role is about to change, by their units.
    type: dict
    default: {}
  user:
    description:
      - The agent's account.
    type: str
    default: ollama-warmup
  python:
    description:
      - The interpreter that runs the agent.
    type: path
    default: /usr/bin/python3
  metrics_directory:
    description:
      - Where node_exporter reads metrics.
    type: path
    default: ""
  notify_addresses:
    description:
      - Where notifications go, a list of addresses or one text. They are never shown.
    type: raw
    default: []
  notify_judge:
    description:
      - The text of the program that has Apprise judge addresses.
    type: str
    default: ""
  to_come:
    description:
      - Models that are installed before they are loaded, a list as the role P(keepwarm.ollama.ollama_model#role) takes it; V(*) stands for all.
    type: raw
    default: []
  takeover:
    description:
      - Whether the role may take the place of what others made.
    type: bool
    default: false
  unit_required:
    description:
      - Whether each server's unit has to be there by now.
    type: bool
    default: false
  hold_only:
    description:
      - Whether to look at holds and nothing else.
    type: bool
    default: false
  override_hold:
    description:
      - Whether a host on hold is looked at like any other.
    type: bool
    default: false
seealso:
  - module: keepwarm.ollama.ollama_agent
"""

EXAMPLES = r"""
- name: Look at the host
  keepwarm.ollama.ollama_agent_info:
    servers: "{{ __ollama_warmup_servers.instances }}"
"""

RETURN = r"""
held:
  description: The servers that an operator holds, by name.
  type: list
  elements: str
  returned: success
  sample: [default]
hold:
  description: One sentence about the hold, if it counts; else empty. Nothing else was looked at then.
  type: str
  returned: success
  sample: "This host is on hold until 2026-11-21 16:00:00 UTC by alice: new GPU. Wait, run 'ollama-warmup release' on it, or set ollama_warmup_override_hold."
problems:
  description: Why the role cannot keep what is declared on this host, one sentence each.
  type: list
  elements: str
  returned: success
  sample: []
servers:
  description: By name, C(url), where the server answers, and C(container_network), whether its unit runs it in a container with a network of its own.
  type: dict
  returned: success
  sample: {"default": {"url": "http://127.0.0.1:11434", "container_network": false}}
systemd:
  description: The major version of systemd.
  type: int
  returned: success
  sample: 257
missing_libraries:
  description: What the agent's interpreter would have to import and cannot.
  type: list
  elements: str
  returned: success
  sample: [prometheus_client]
"""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.addresses import read_addresses
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.interpreter import Interpreter, InterpreterError
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.look import Asked, HostError, Look, Server
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.parts import features_of
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import AGENT_STATE, below
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._instances.model_list import read_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.hold_file import Hold, read_hold

ROOT = "/"
_NOTHING: dict[str, Any] = {"problems": [], "servers": {}, "systemd": 0, "missing_libraries": []}


def holds(module: AnsibleModule) -> dict[str, Hold]:
    """Those that are on, by the server's name."""
    names = [str(entry.get("name")) for entry in module.params["servers"]] or ["default"]
    found: dict[str, Hold] = {}
    for name in names:
        try:
            hold = read_hold(os.path.join(below(ROOT, AGENT_STATE), f"{name}.hold"), time.time())
        except InvalidValue as error:
            module.warn(str(error))
            continue
        if hold is not None:
            found[name] = hold
    return found


def hold_sentence(held: Mapping[str, Hold]) -> str:
    """What an operator at work said, and what to do."""
    subject = "This" if list(held) == ["default"] else f"Instance {' and '.join(held)} of this"
    texts = "; ".join(map(str, held.values()))
    return f"{subject} host is {texts}. Wait, run 'ollama-warmup release' on it, or set ollama_warmup_override_hold."


def asked(module: AnsibleModule) -> Asked:
    """From the module's parameters."""
    params = module.params
    return Asked(
        servers=[server_of(entry, params) for entry in params["servers"]],
        user=params["user"],
        interpreter=Interpreter(params["python"], module.run_command, params["notify_judge"]),
        addresses=read_addresses(params["notify_addresses"]),
        to_come=to_come(params["to_come"]),
        takeover=params["takeover"],
        unit_required=params["unit_required"],
    )


def to_come(raw: Any) -> Sequence[Any]:
    """As a list, which may be written as a text."""
    return read_models(raw) or [] if isinstance(raw, str) else raw or []


def server_of(entry: Mapping[str, Any], params: Mapping[str, Any]) -> Server:
    """One of the servers."""
    judged, unit = entry["judged"], entry["unit"]
    features = features_of(entry["settings"], judged["gates"], bool(read_addresses(params["notify_addresses"])))
    return Server(
        name=entry["name"],
        unit=unit,
        url=entry.get("url") or "",
        has_unit=bool(entry["follows_unit"]),
        expected_url=params["expected_urls"].get(unit) or "",
        features=features,
        gates={gate["unit"]: gate["mode"] for gate in judged["gates"]},
        models=judged["policy"].get("models") or [],
        load_timeout=judged["load_timeout"],
        environment=params["expected_environments"].get(unit),
        metrics_directory=params["metrics_directory"],
        probes=[*(judged.get("ready_listen") or ()), *(judged.get("ready_agent_listen") or ())],
    )


def look_at(module: AnsibleModule) -> dict[str, Any]:
    """The module's result, in the shape of RETURN. Raises HostError, InterpreterError."""
    held = holds(module)
    if held and not module.params["override_hold"]:
        return {**_NOTHING, "held": list(held), "hold": hold_sentence(held)}
    if module.params["hold_only"] or not module.params["servers"]:
        return {**_NOTHING, "held": list(held), "hold": ""}
    question = asked(module)
    look = Look(question, module.run_command, ROOT)
    for sentence in look.warnings():
        module.warn(sentence)
    return {
        "held": list(held),
        "hold": "",
        "problems": list(look.problems()),
        "servers": {server.name: {"url": look.url(server), "container_network": look.container_network(server)} for server in question.servers},
        "systemd": look.systemd,
        "missing_libraries": look.missing_libraries(),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "default": []},
            "expected_urls": {"type": "dict", "default": {}},
            "expected_environments": {"type": "dict", "default": {}},
            "user": {"type": "str", "default": "ollama-warmup"},
            "python": {"type": "path", "default": "/usr/bin/python3"},
            "metrics_directory": {"type": "path", "default": ""},
            "notify_addresses": {"type": "raw", "default": [], "no_log": True},
            "notify_judge": {"type": "str", "default": ""},
            "to_come": {"type": "raw", "default": []},
            "takeover": {"type": "bool", "default": False},
            "unit_required": {"type": "bool", "default": False},
            "hold_only": {"type": "bool", "default": False},
            "override_hold": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    # Of a text, Ansible itself would hide the whole only.
    module.no_log_values.update(read_addresses(module.params["notify_addresses"]))
    try:
        module.exit_json(changed=False, **look_at(module))
    except (HostError, InterpreterError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
