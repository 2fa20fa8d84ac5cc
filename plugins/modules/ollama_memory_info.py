#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_memory_info
short_description: Tells how much memory models were measured to take on a host, and how much VRAM it has
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Reads what the host's agent measured when models were in memory. It keeps the last size by digest, context, number of parallel
    requests, type of the cache and flash attention.
  - Asks the GPUs' drivers how much VRAM there is. NVIDIA's is asked by C(nvidia-smi), AMD's by C(/sys/class/drm).
  - It never changes anything, and asks no server.
notes:
  - Needs root (C(become)), or the agent's own user.
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
      - Where the agents keep what they remember.
    type: path
    default: /var/lib/ollama-warmup
seealso:
  - module: keepwarm.ollama.ollama_warm
    description: In check mode it says whether models will fit.
"""

EXAMPLES = r"""
- name: Ask what models take in memory
  keepwarm.ollama.ollama_memory_info:
  register: memory

- name: Show the largest
  ansible.builtin.debug:
    msg: "{{ memory.measurements | sort(attribute='size') | last }}"
"""

RETURN = r"""
measurements:
  description:
    - What was measured, the oldest first; at most 200.
    - C(size) and C(size_vram) are in bytes, as C(/api/ps) gave them; C(context_length) in tokens, for each of C(num_parallel) requests.
    - C(num_parallel), C(kv_cache_type) and C(flash_attention) are the runner's own; null where its command line does not tell.
    - C(name) is the name that the model had then.
  type: list
  elements: dict
  returned: success
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
  returned: success
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

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import AGENT_STATE
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import InvalidValue
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.systemctl import Run
from ansible_collections.keepwarm.ollama.plugins.module_utils._driver_program import driver_program
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.capacity import Bounds
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.predict.measurement import Measurement, measurement_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.gpus import are_of, gpu_names
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.measurement_record import Record, read_record, record_path
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.vram import read_vram


def told(measurement: Measurement) -> dict[str, Any]:
    """One entry of C(measurements)."""
    moment = datetime.fromtimestamp(int(measurement.measured_at), timezone.utc)
    return {**measurement_data(measurement), "measured_at": moment.isoformat().replace("+00:00", "Z")}


def told_capacity(record: Record, run: Run) -> dict[str, Any]:
    """C(capacity): what was learned of other GPUs than these is no longer so."""
    gpus = gpu_names()
    bounds = record.bounds if are_of(record.bounds.gpus, gpus) else Bounds(gpus=gpus)
    vram = read_vram({}, run=run)
    return {
        "total": vram.total if vram else None,
        "used": vram.used if vram else None,
        "at_least": bounds.at_least,
        "at_most": bounds.at_most,
        "gpus": list(bounds.gpus),
    }


def main() -> None:
    """Read and tell."""
    module = AnsibleModule(
        argument_spec={
            "instance": {"type": "str", "default": "default"},
            "folder": {"type": "path", "default": AGENT_STATE},
        },
        supports_check_mode=True,
    )
    record = Record()
    try:
        record = read_record(record_path(module.params["instance"], module.params["folder"]))
    except InvalidValue as error:
        module.warn(str(error))
    measurements = [told(measurement) for measurement in record.measurements]
    module.exit_json(changed=False, measurements=measurements, capacity=told_capacity(record, driver_program(module)))


if __name__ == "__main__":
    main()
