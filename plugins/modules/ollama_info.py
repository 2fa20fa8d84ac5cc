# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: what an Ollama server holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_info
short_description: Tell what an Ollama server has installed and in memory, and how much memory models take
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Asks an Ollama server for its version, its installed models and the models in memory.
  - Reads what the host's agent measured when models were in memory, and asks the GPUs' drivers how much VRAM there is (NVIDIA's by
    C(nvidia-smi), AMD's by C(/sys/class/drm)).
  - Never changes anything; it sends no request that would load a model or touch an expiry.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.actiongroup_ollama
  - keepwarm.ollama.attributes.info_module
  - keepwarm.ollama.attributes.posix
  - keepwarm.ollama.server
options:
  gather:
    description:
      - What to tell. V(server) asks the server at O(url); V(memory) asks no server, and needs root (C(become)) or the agent's own user.
    type: list
    elements: str
    choices: [server, memory]
    default: [server]
  instance:
    description: For V(memory), which of the host's agents has measured.
    type: str
    default: default
seealso:
  - module: keepwarm.ollama.ollama_warm
    description: In check mode it says whether models will fit.
"""

EXAMPLES = r"""
- name: Ask the server what it holds
  keepwarm.ollama.ollama_info:
  register: ollama

- name: Show what is in memory for ever
  ansible.builtin.debug:
    msg: "{{ ollama.resident | selectattr('forever') | map(attribute='name') }}"

- name: Ask what models take in memory
  keepwarm.ollama.ollama_info:
    gather: [memory]
  register: memory

- name: Show the largest
  ansible.builtin.debug:
    msg: "{{ memory.measurements | sort(attribute='size') | last }}"
"""

RETURN = r"""
url:
  description: The address that was asked.
  type: str
  returned: if O(gather) has V(server)
  sample: http://127.0.0.1:11434
version:
  description: The version that the server says it is.
  type: str
  returned: if O(gather) has V(server)
  sample: 0.32.15
installed:
  description: The installed models, sorted by name.
  type: list
  elements: dict
  returned: if O(gather) has V(server)
  sample:
    - name: big:latest
      digest: e85102241fe2b1a77e6494a1c6f235061eca7a6e06b428087547bd150f79e644
      size: 202699
      cloud: false
resident:
  description:
    - The models in memory, in the server's order. C(size) and C(size_vram) in bytes, C(context_length) in tokens.
    - A runner process that was killed stays on this list; M(keepwarm.ollama.ollama_warm) looks at the processes too.
  type: list
  elements: dict
  returned: if O(gather) has V(server)
  sample:
    - name: tiny-a:latest
      digest: dcf8b7f07f0f66e19bebf0018eedee73f2e70b04164f7587c856c51e80a74aea
      expires_at: '2319-03-03T10:08:11.165308Z'
      forever: true
      context_length: 2048
      size: 1358304
      size_vram: 1358304
      processor: 100% GPU
measurements:
  description:
    - What was measured, the oldest first; at most 200.
    - C(size) and C(size_vram) are in bytes, as C(/api/ps) gave them; C(context_length) in tokens, for each of C(num_parallel) requests.
    - C(num_parallel), C(kv_cache_type) and C(flash_attention) are the runner's own; null where its command line does not tell.
    - C(name) is the name that the model had then.
  type: list
  elements: dict
  returned: if O(gather) has V(memory)
  sample:
    - name: tiny-c:latest
      digest: beb00aae26fb4d640213820d390dbafee83c65db694955a2c4302661599160d3
      context_length: 4096
      num_parallel: 1
      kv_cache_type: f16
      flash_attention: auto
      size: 2406880
      size_vram: 2406880
      measured_at: '2026-11-21T16:50:54Z'
capacity:
  description: How much VRAM there is, in bytes.
  type: dict
  returned: if O(gather) has V(memory)
  contains:
    total:
      description: What the drivers tell of all GPUs; null where none does.
      type: int
      returned: always
    used:
      description: How much of it is in use now, by models and by other programs; null where no driver tells.
      type: int
      returned: always
    at_least:
      description: The most that models were ever seen to take at once on these GPUs.
      type: int
      returned: always
    at_most:
      description: The least that models wanted at once when part of them did not get in; null where all of them always did.
      type: int
      returned: always
    gpus:
      description:
          - What tells the GPUs that the server may use from others. When they change, both bounds are forgotten.
          - Where it is shown some of them by a number or a name of AMD's, that and what tells all GPUs of the host from others.
      type: list
      elements: str
      returned: always
  sample:
    total: 6291456
    used: 2406880
    at_least: 2406880
    at_most: null
    gpus: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._driver_program import driver_program
from ansible_collections.keepwarm.ollama.plugins.module_utils._memory_report import capacity_data, measured_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.results import resident_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import OllamaServer, ServerFailure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import Record, read_record, record_path
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import InstalledModel
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_options import fail, read_deadlines, server_argument_spec

SERVER = "server"
MEMORY = "memory"


def read_server(server: OllamaServer) -> dict[str, Any]:
    """What the server holds. Raises `ServerFailure`."""
    version, _numbers = server.version()
    resident, now = server.resident()
    installed = sorted(server.installed(), key=lambda model: str(model.name))
    return {
        "url": server.url,
        "version": version,
        "installed": [_installed_data(model) for model in installed],
        "resident": [resident_data(entry, now) for entry in resident],
    }


def _installed_data(model: InstalledModel) -> dict[str, Any]:
    return {"name": str(model.name), "digest": model.digest, "size": model.size, "cloud": model.remote}


def read_memory(module: AnsibleModule) -> dict[str, Any]:
    """What was measured, and the GPUs. A record that cannot be read is a warning."""
    record = Record()
    try:
        record = read_record(record_path(module.params["instance"]))
    except InvalidValue as error:
        module.warn(str(error))
    return {
        "measurements": [measured_data(measurement) for measurement in record.measurements],
        "capacity": capacity_data(record, driver_program(module)),
    }


def main() -> None:
    """Ask and tell."""
    gather = {"type": "list", "elements": "str", "choices": [SERVER, MEMORY], "default": [SERVER]}
    options = {**server_argument_spec(), "gather": gather, "instance": {"type": "str", "default": "default"}}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    server = OllamaServer(module.params["url"], read_deadlines(module))
    found: dict[str, Any] = {}
    try:
        if SERVER in module.params["gather"]:
            found.update(read_server(server))
    except ServerFailure as failure:
        fail(module, str(failure), url=server.url)
    if MEMORY in module.params["gather"]:
        found.update(read_memory(module))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
