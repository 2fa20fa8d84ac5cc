#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_server_restart
short_description: Restarts an Ollama server when it is idle, and has the models in memory again that were there
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Waits until nothing is in flight, notes on the host which models are in memory, and restarts the server.
  - Loads them again in a second step, once the models that are declared are back, and as long as none of these is displaced for it.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
    details:
      - Says as a warning which models a restart would unload.
  diff_mode:
    support: none
options:
  unit:
    description:
      - The service unit of the server.
    type: str
    default: ollama.service
  url:
    description:
      - Where the running server answers.
    type: str
    required: true
  state:
    description:
      - V(restarted) restarts the server, whether there is a reason or not.
      - V(noted) waits and notes as that does, and leaves the restart to a later step.
      - V(restored) loads again what was in memory before, each model with its context and the keep_alive that it had left. Without a
        restart before it does nothing.
    type: str
    choices: [noted, restarted, restored]
    default: restarted
  when:
    description:
      - V(idle) waits until no runner computes, no model is being loaded, and none is to go. V(now) does not wait.
    type: str
    choices: [idle, now]
    default: idle
  wait:
    description:
      - How long to wait for that, in seconds or as a duration; then nothing is restarted, and the module fails.
    type: str
    default: 5m
  reasons:
    description:
      - Why it is restarted, one sentence each.
    type: list
    elements: str
    default: []
  daemon_reload:
    description:
      - Whether systemd reads its units anew before.
    type: bool
    default: false
  remember:
    description:
      - Whether the models are noted that are in memory.
    type: bool
    default: true
  declared:
    description:
      - With V(restored), the models that are declared. They are not loaded here, and none of them is displaced.
    type: list
    elements: str
    default: []
  load_timeout:
    description:
      - With V(restored), for how many seconds each load may take.
    type: float
    default: 900
  folder:
    description:
      - Where the models are noted. Only root can read it.
    type: path
    default: /var/lib/keepwarm-ollama/server
notes:
  - Only the roles and playbooks of this collection use it. It may change in any release.
  - Needs root (C(become)).
seealso:
  - module: keepwarm.ollama.ollama_unit_info
  - module: keepwarm.ollama.ollama_warm
"""

EXAMPLES = r"""
- name: Restart the server when it is idle
  keepwarm.ollama.ollama_server_restart:
    url: http://127.0.0.1:11434

- name: Have the models in memory again
  keepwarm.ollama.ollama_server_restart:
    url: http://127.0.0.1:11434
    state: restored
    declared: [qwen3:8b]
"""

RETURN = r"""
models:
  description: With O(state=restarted) the models that were in memory, null where the server did not tell; with V(restored) those that were loaded again.
  type: list
  elements: str
  returned: success
  sample: [llama3:8b]
lost:
  description: With O(state=restored), why a model does not come back, one sentence each.
  type: list
  elements: str
  returned: success
  sample: []
busy:
  description: What the server was in the middle of until the end of O(wait); nothing was restarted then.
  type: list
  elements: str
  returned: when it was not idle
  sample: [qwen3:8b is computing]
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils import _server_state
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import SERVER_RECORDS
from ansible_collections.keepwarm.ollama.plugins.module_utils._driver_program import driver_program
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.decide.restoring import Place, remembered_models
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.execute.restorer import Restorer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.activity import Activity, Watcher
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import Deadlines, OllamaServer
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.gpus import gpu_names
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.knowledge import running_environment
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.vram import read_vram
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.address import AddressError
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.remembered import Remembered
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.defaults import LIMIT, effective_limit
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.journal import last_error


def names_of(look: Activity) -> list[str] | None:
    """What a restart unloads; None where the server does not tell."""
    return None if look.resident is None else [str(model.name) for model in look.resident]


def restart_sentence(module: AnsibleModule, models: list[str] | None) -> str:
    """What a restart does, and why."""
    unloads = "whatever is in memory" if models is None else " and ".join(models)
    reasons = "; ".join(module.params["reasons"])
    return f"{module.params['unit']} restarts, which unloads {unloads}" + (f": {reasons}" if reasons else "")


def restarted(module: AnsibleModule, server: OllamaServer) -> dict[str, Any]:
    """Wait, note, restart, where that is not left to others."""
    restarts = module.params["state"] == "restarted"
    watcher = Watcher(server, module.params["unit"])
    look = watcher.look() if module.check_mode else idle_look(module, watcher)
    models = names_of(look)
    if models != []:
        module.warn(restart_sentence(module, models))
    if module.check_mode:
        return {"changed": restarts, "models": models}
    remember(module, look)
    if not restarts:
        return {"changed": False, "models": models}
    for command in [["daemon-reload"]] * module.params["daemon_reload"] + [["reset-failed", module.params["unit"]], ["restart", module.params["unit"]]]:
        systemctl(module, *command)
    return {"changed": True, "models": models}


def idle_look(module: AnsibleModule, watcher: Watcher) -> Activity:
    """The last look before the restart; ends the module where the server does not become idle."""
    if module.params["when"] == "now":
        return watcher.look()
    seconds = KeepAlive.parse(module.params["wait"]).as_timedelta().total_seconds()
    busy, look = watcher.wait_until_idle(seconds, time.monotonic, time.sleep)
    if busy:
        module.fail_json(msg=busy_sentence(module, busy), busy=busy)
    if look.unseen:
        module.warn(f"whether {module.params['unit']} is in the middle of something cannot be told, since {look.unseen}: it counts as idle")
    return look


def busy_sentence(module: AnsibleModule, busy: list[str]) -> str:
    """Why nothing was restarted."""
    reasons = "; ".join(module.params["reasons"])
    return (
        f"{module.params['unit']} is due for a restart{f' ({reasons})' if reasons else ''}, but was not idle for"
        f" {module.params['wait']} ({', '.join(busy)}), so that nothing was restarted: run the play again when it is,"
        " wait longer with ollama_server_restart_wait, or set ollama_server_restart to now"
    )


def remember(module: AnsibleModule, look: Activity) -> None:
    """Note what is in memory, beside what an earlier restart has unloaded and nobody has loaded again. Raises StateError."""
    unit, folder = module.params["unit"], module.params["folder"]
    if not module.params["remember"]:
        _server_state.forget(unit, _server_state.MODELS, folder)
        return
    kept = _server_state.read(unit, _server_state.MODELS, folder)
    models = remembered_models(look.resident or (), look.now, Remembered.from_list(kept.get("models") if kept else None), time.time())
    if models:
        _server_state.write(unit, _server_state.MODELS, {"models": [model.as_data() for model in models]}, folder)


def systemctl(module: AnsibleModule, *words: str) -> None:
    """Carry it out; ends the module with the last error of the unit's journal where it fails."""
    status, dummy, error = module.run_command(["systemctl", *words], environ_update={"LC_ALL": "C.UTF-8"})
    if status == 0 or words[0] == "reset-failed":
        return
    told = last_error(lambda command: module.run_command(list(command)), module.params["unit"])
    module.fail_json(msg=f"systemctl {' '.join(words)} failed: {told or error.strip()}")


def restored(module: AnsibleModule, server: OllamaServer) -> dict[str, Any]:
    """Load again what was noted. Raises StateError."""
    unit, folder = module.params["unit"], module.params["folder"]
    kept = _server_state.read(unit, _server_state.MODELS, folder)
    noted = Remembered.from_list(kept.get("models") if kept else None)
    wanted = [model for model in noted if not model.is_past(time.time())]
    if module.check_mode or kept is None:
        return {"changed": False, "models": [], "lost": []}
    restorer = Restorer(server, frozenset(map(ModelName.parse, module.params["declared"])), place_of(module))
    loaded = [str(model.name) for model in wanted if restorer.restore(model)]
    for sentence in restorer.lost:
        module.warn(sentence)
    _server_state.forget(unit, _server_state.MODELS, folder)
    return {"changed": bool(loaded), "models": loaded, "lost": restorer.lost}


def place_of(module: AnsibleModule) -> Place:
    """How many models the server holds, and how much VRAM is free at a time."""
    environment = running_environment(module.params["unit"], module.params["url"])
    run = driver_program(module)

    def free() -> int | None:
        vram = read_vram(environment or {}, run=run)
        return vram.total - vram.used if vram else None

    limit = None if environment is None else effective_limit(environment.get(LIMIT), len(gpu_names("/", environment)))
    return Place(limit, free)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "default": "ollama.service"},
            "url": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["noted", "restarted", "restored"], "default": "restarted"},
            "when": {"type": "str", "choices": ["idle", "now"], "default": "idle"},
            "wait": {"type": "str", "default": "5m"},
            "reasons": {"type": "list", "elements": "str", "default": []},
            "daemon_reload": {"type": "bool", "default": False},
            "remember": {"type": "bool", "default": True},
            "declared": {"type": "list", "elements": "str", "default": []},
            "load_timeout": {"type": "float", "default": 900},
            "folder": {"type": "path", "default": SERVER_RECORDS},
        },
        supports_check_mode=True,
    )
    act = {"noted": restarted, "restarted": restarted, "restored": restored}[module.params["state"]]
    try:
        server = OllamaServer(module.params["url"], Deadlines(load=module.params["load_timeout"]))
        module.exit_json(**act(module, server))
    except (_server_state.StateError, AddressError, ValueError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
