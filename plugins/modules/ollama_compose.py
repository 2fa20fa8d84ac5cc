#!/usr/bin/python
# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_compose
short_description: Runs servers in containers by docker compose, with a way back
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Writes a Compose project of its own for each server, and has C(docker compose) bring it up. The image is on the host, by its digest, before anything
    is stopped. A container that was created otherwise than it is declared by now is recreated, whatever an earlier run has written.
  - Waits until the server answers. Where it does not, the file with which it served last comes back, and the module fails with the reason.
  - Refuses, before anything is changed, what could not run on this host, with a sentence for each reason.
notes:
  - Only the roles of this collection use it. It may change in any release.
  - Needs root (C(become)).
requirements:
  - C(docker) with its plugin C(compose), version 2, and a rootful engine that is Docker, or Podman by its socket
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
    details:
      - Never asks Compose for a dry run, which has recreated containers in some releases (docker/compose#14029).
  diff_mode:
    support: full
options:
  servers:
    description: The servers. With O(state=absent) none is needed, and all projects of the role's go.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the instance; C(default) where the host has one server.
        type: str
        required: true
      unit:
        description: What the roles call it. systemd has no such unit.
        type: str
        required: true
      deployment:
        description: How it is deployed.
        type: str
        choices: [compose]
        required: true
      docker_host:
        description: The engine's socket. Docker's own where it is empty.
        type: str
      container_image:
        description: The image, by tag or digest, with the name of its registry.
        type: str
      container_archive:
        description: Where the image is loaded from, on the controller, if the engine lacks it.
        type: str
      container_devices:
        description: What the container gets of the host's devices. None for its GPUs.
        type: list
        elements: str
      container_memory:
        description: Its limit of memory.
        type: str
      container_restart:
        description: When the engine starts a server again that ended by itself.
        type: str
        default: always
      gpu:
        description: As C(ollama_server_gpu) has it.
        type: str
        default: auto
      folder:
        description: Where the models are on the host. In the engine's volume C(ollama) where it is empty.
        type: str
      environment:
        description: The declared variables of the server.
        type: dict
        default: {}
      defaults:
        description: Variables that follow from the other servers of the host.
        type: dict
        default: {}
      models:
        description: The models that are to be in memory.
        type: list
        elements: raw
        default: []
      start:
        description: Whether it is started, as C(ollama_server_start) has it. With V(false) none is created either, and one that runs is recreated.
        type: str
        default: auto
      restart:
        description: With C(never), a container that runs is not recreated.
        type: str
        default: auto
      ready_timeout:
        description: For how many seconds it may take until it answers.
        type: float
        default: 120
      warnings:
        description: What is to be said of the declared values. With O(state=checked) the module warns of it.
        type: list
        elements: str
        default: []
  archives:
    description: The folder of the host with the archives, each under the sha256 of its path on the controller.
    type: path
    default: /var/lib/keepwarm-ollama/archives
  health_program:
    description: The text of the program that the health check runs.
    type: str
    default: ""
  state:
    description:
      - V(checked) only looks. An archive need not be on the host yet. Servers that are not listed are refused if their engine does not answer, since
        they could not be removed.
      - V(fetched) only brings images, which may take long, while a server that is to be recreated goes on serving. Nothing is removed.
      - V(present) has the servers run, and removes those that are not listed.
      - V(absent) removes all of them, with the images that the role brought. Models stay.
    type: str
    choices: [absent, checked, fetched, present]
    default: present
  only:
    description:
      - The units of those O(servers) that this call has run or fetches images for, so that servers can come up one by one. All where it is not given.
      - The others count as declared. An empty list only removes what is not declared.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Have the server run
  keepwarm.ollama.ollama_compose:
    servers:
      - name: default
        unit: ollama.service
        deployment: compose
        container_image: docker.io/ollama/ollama:0.32.15
        folder: /srv/models
        environment: {OLLAMA_KEEP_ALIVE: 45m, OLLAMA_MODELS: /srv/models}
"""

RETURN = r"""
steps:
  description: Whatever was done, or in check mode would be.
  type: list
  elements: str
  returned: success
  sample:
    - write /etc/keepwarm-ollama/keepwarm-ollama/compose.yaml
    - recreate ollama
refusals:
  description: Sentences that say why a server cannot run here. No server is told of then.
  type: list
  elements: str
  returned: success
  sample: []
archives:
  description: Of which archives the engine still lacks the image.
  type: list
  elements: str
  returned: success
  sample: []
servers:
  description: Each server as it was found.
  type: list
  elements: dict
  returned: success
  contains:
    unit:
      description: What the roles call it.
      type: str
      sample: ollama.service
    url:
      description: Where it answers.
      type: str
      sample: http://127.0.0.1:11434
    running_url:
      description: Where its container listens, by its own C(OLLAMA_HOST); empty where none runs. It may be another address than the declared one.
      type: str
      sample: http://127.0.0.1:11434
    container:
      description: What its container is called.
      type: str
      sample: ollama
    unloads:
      description: Whether a container that runs is recreated.
      type: bool
      sample: false
    restorable:
      description: Whether models have been unloaded, or will be, that are to be loaded again.
      type: bool
      sample: false
    stopped:
      description: Whether somebody has stopped it, so that it is left so.
      type: bool
      sample: false
    pending:
      description: Whether a container stays as it was created, since it is never to restart, or does not run and is not started.
      type: bool
      sample: false
    reasons:
      description: Why a container is to be recreated, one half of a sentence each; also where O(servers[].restart=never) leaves that to the next start.
      type: list
      elements: str
      sample: []
    warnings:
      description: What of the declared values may not come to what is meant.
      type: list
      elements: str
      sample: []
    outlook:
      description: What the roles after this one predict with in check mode.
      type: dict
      sample: {}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import COMPOSE
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import ARCHIVES
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.docker import Docker
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.removal import left, remove
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.wanted import composed_server
from ansible_collections.keepwarm.ollama.plugins.module_utils._compose.work import bring, check, fetch
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.engine import EngineError
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.options import CONTAINER
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_state import StateError

SERVER = {
    **CONTAINER,
    "name": {"type": "str", "required": True},
    "unit": {"type": "str", "required": True},
    "deployment": {"type": "str", "choices": [COMPOSE], "required": True},
    "docker_host": {"type": "str"},
    "environment": {"type": "dict", "default": {}},
    "defaults": {"type": "dict", "default": {}},
    "models": {"type": "list", "elements": "raw", "default": []},
    "start": {"type": "str", "default": "auto"},
    "restart": {"type": "str", "default": "auto"},
    "ready_timeout": {"type": "float", "default": 120},
    "warnings": {"type": "list", "elements": "str", "default": []},
}


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """The result. Raises EngineError, StateError, OSError."""

    def execute(command: Sequence[str], environment: Mapping[str, str], reads: str) -> tuple[int, str, str]:
        found = module.run_command(list(command), data=reads or None, environ_update={"LC_ALL": "C.UTF-8", **environment})
        return found[0], found[1], found[2]

    def docker(engine: str) -> Docker:
        return Docker(execute, engine)

    params, predict = module.params, module.check_mode
    servers = [composed_server(one) for one in params["servers"]]
    chosen = [server for server in servers if params["only"] is None or server.unit in params["only"]]
    leaving = left([server.unit for server in servers])
    if params["state"] == "checked":
        checked = check(chosen, docker, leaving)
        for sentence in dict.fromkeys(sentence for server in checked["servers"] for sentence in server["warnings"]):
            module.warn(sentence)
        return {"changed": False, **checked}
    if params["state"] == "fetched":
        found = fetch(chosen, docker, params["archives"], predict)
        return {**found, "changed": bool(found["steps"])}
    steps = remove(leaving, docker, predict)
    found = bring(chosen, docker, params["archives"], params["health_program"], predict)
    steps += found["steps"]
    return {**found, "changed": bool(steps), "steps": steps}


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "default": [], "options": SERVER},
            "archives": {"type": "path", "default": ARCHIVES},
            "health_program": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["absent", "checked", "fetched", "present"], "default": "present"},
            "only": {"type": "list", "elements": "str"},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except (EngineError, StateError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
