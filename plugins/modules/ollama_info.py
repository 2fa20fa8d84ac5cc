# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: what an Ollama server holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_info
short_description: Tell what an Ollama server has installed and in memory
version_added: 0.1.0
author:
  - The keepwarm.ollama contributors (@keepwarm)
description:
  - Asks an Ollama server for its version, its installed models and the models in memory.
  - Never changes anything; it sends no request that would load a model or touch an expiry.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.actiongroup_ollama
  - keepwarm.ollama.attributes.posix
  - keepwarm.ollama.server
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: keepwarm.ollama.ollama_warm
"""

EXAMPLES = r"""
- name: Ask the server what it holds
  keepwarm.ollama.ollama_info:
  register: ollama

- name: Show what is in memory for ever
  ansible.builtin.debug:
    msg: "{{ ollama.resident | selectattr('forever') | map(attribute='name') }}"
"""

RETURN = r"""
url:
  description: The address that was asked.
  type: str
  returned: always
  sample: http://127.0.0.1:11434
version:
  description: The version that the server says it is.
  type: str
  returned: success
  sample: 0.32.15
installed:
  description: The installed models, sorted by name.
  type: list
  elements: dict
  returned: success
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
  returned: success
  sample:
    - name: tiny-a:latest
      digest: dcf8b7f07f0f66e19bebf0018eedee73f2e70b04164f7587c856c51e80a74aea
      expires_at: '2319-03-03T10:08:11.165308Z'
      forever: true
      context_length: 2048
      size: 1358304
      size_vram: 1358304
      processor: 100% GPU
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.report.results import resident_data
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.client import OllamaServer, ServerFailure
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.observation import InstalledModel
from ansible_collections.keepwarm.ollama.plugins.module_utils._server_options import (
    fail,
    read_deadlines,
    server_argument_spec,
)


def read_server(server: OllamaServer) -> dict[str, Any]:
    """Everything the module returns. Raises C(ServerFailure)."""
    version, _numbers = server.version()
    resident, now = server.resident()
    installed = sorted(server.installed(), key=lambda model: str(model.name))
    return {
        "version": version,
        "installed": [_installed_data(model) for model in installed],
        "resident": [resident_data(entry, now) for entry in resident],
    }


def _installed_data(model: InstalledModel) -> dict[str, Any]:
    return {"name": str(model.name), "digest": model.digest, "size": model.size, "cloud": model.remote}


def main() -> None:
    """Ask and tell."""
    module = AnsibleModule(argument_spec=server_argument_spec(), supports_check_mode=True)
    deadlines = read_deadlines(module)
    server = OllamaServer(module.params["url"], deadlines)
    try:
        found = read_server(server)
    except ServerFailure as failure:
        fail(module, str(failure), url=server.url)
    module.exit_json(changed=False, url=server.url, **found)


if __name__ == "__main__":
    main()
