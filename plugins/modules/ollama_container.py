#!/usr/bin/python
# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_container
short_description: Has the images of servers in containers on the host, and refuses what could not run there
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Refuses, before anything is changed, a server in a container that this host could not run, with a sentence for each reason. No engine, or one
    that is too old; a unit of the service in its way, or one of a user's engine; no image; devices that the host does not have.
  - Pulls each image that the host lacks, or loads it from an archive, before anything is stopped. One that is there is never pulled again.
  - Tells what the units of the servers are to say about their containers, with each image by its digest, so that a tag that moves
    changes nothing unseen. Podman finds an image by its digest only as long as that has a tag, therefore the module gives it one of its own,
    C(keepwarm-) with the first digits of the digest.
  - Neither starts, stops nor restarts anything.
notes:
  - Only the roles of this collection use it. It may change in any release.
requirements:
  - Podman 5.0 or newer on the host
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
    description: Tells which images it would fetch, and which it would tag.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  servers:
    description: The servers in containers.
    type: list
    elements: dict
    required: true
    suboptions:
      unit:
        description: The service.
        type: str
        required: true
      deployment:
        description: How it is deployed.
        type: str
        choices: [quadlet]
        required: true
      container_image:
        description: The image, with its registry, by tag or digest. None for a unit of somebody else's, which names one.
        type: str
      container_archive:
        description: An archive of the controller, from which the image is loaded where the host does not have it.
        type: str
      container_devices:
        description: The devices that the container gets. None for those of the GPUs.
        type: list
        elements: str
      container_memory:
        description: The most memory that it may use.
        type: str
      container_restart:
        description: When a server that ended by itself is started again.
        type: str
        default: always
      podman_args:
        description: Further arguments of C(podman run).
        type: list
        elements: str
        default: []
      gpu:
        description: The GPUs that it is to use, as C(ollama_server_gpu) has it.
        type: str
        default: auto
      folder:
        description: The folder of the models on the host. A volume of the engine's where it is empty.
        type: str
      wanted_by:
        description: The target that starts it at boot.
        type: str
  archives:
    description: The folder of the host with the archives, each under the sha256 of its path on the controller.
    type: path
    default: /var/lib/keepwarm-ollama/archives
  state:
    description:
      - V(checked) only looks. An archive need not be on the host yet.
      - V(present) fetches the images, and tags them.
    type: str
    choices: [checked, present]
    default: present
"""

EXAMPLES = r"""
- name: Have the image of the server on the host
  keepwarm.ollama.ollama_container:
    servers:
      - unit: ollama.service
        deployment: quadlet
        container_image: registry.example.org/ollama/ollama:0.32.15
"""

RETURN = r"""
refusals:
  description: Why the servers cannot be deployed so, one sentence each. Nothing else is told then.
  type: list
  elements: str
  returned: success
  sample: []
steps:
  description: What was done, or would be.
  type: list
  elements: str
  returned: success
  sample:
    - pull registry.example.org/ollama/ollama:0.32.15
archives:
  description: The archives from which images are still to be loaded.
  type: list
  elements: str
  returned: success
  sample: []
units:
  description: The units of the role's own, as M(keepwarm.ollama.ollama_units) takes them.
  type: list
  elements: dict
  returned: success
  sample:
    - name: ollama.container
      content: "[Container]..."
      enabled: false
servers:
  description: Each server with what its unit is to say.
  type: list
  elements: dict
  returned: success
  contains:
    unit:
      description: The service.
      type: str
      sample: ollama.service
    ours:
      description: Whether its unit is the role's, or there is none.
      type: bool
      sample: true
    image:
      description: The image by its digest where the host has it, else as it was given.
      type: str
      sample: registry.example.org/ollama/ollama@sha256:03787b84323b1fb58cf382e5031c419daed128a566e8433085412900d20752f3
    image_present:
      description: Whether the host has the image.
      type: bool
      sample: true
    lines:
      description: The lines of its drop-in about the container.
      type: list
      elements: str
      sample:
        - AddDevice=nvidia.com/gpu=all
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import DEPLOYMENTS
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import ARCHIVES
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.engine import EngineError
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.options import CONTAINER
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.wanted import wanted_server
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.work import bring, check
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_state import StateError

SERVER = {
    **CONTAINER,
    "unit": {"type": "str", "required": True},
    "deployment": {"type": "str", "choices": [word for word, one in DEPLOYMENTS.items() if one.in_container], "required": True},
    "podman_args": {"type": "list", "elements": "str", "default": []},
    "wanted_by": {"type": "str"},
}


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """The result. Raises EngineError, StateError, OSError."""
    servers = [wanted_server(one) for one in module.params["servers"]]
    if module.params["state"] == "checked":
        return {"changed": False, **asdict(check(servers, module.run_command))}
    done = bring(servers, module.run_command, module.params["archives"], module.check_mode)
    return {"changed": bool(done.steps), **asdict(done)}


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True, "options": SERVER},
            "archives": {"type": "path", "default": ARCHIVES},
            "state": {"type": "str", "choices": ["checked", "present"], "default": "present"},
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
