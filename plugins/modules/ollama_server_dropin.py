#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_server_dropin
short_description: Puts the former drop-in of an Ollama server back, or keeps it no longer
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - M(keepwarm.ollama.ollama_units) keeps on the host what served last, so that a play that was killed at any moment still knows what to go
    back to.
  - Neither reloads systemd nor restarts anything.
  - Only the roles and playbooks of this collection use it. It may change in any release.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  unit:
    description:
      - The service unit of the server.
    type: str
    default: ollama.service
  path:
    description:
      - The path of the drop-in.
    type: path
    required: true
  state:
    description:
      - V(proven) keeps the former one no longer.
      - V(restored) puts the former one back, or removes the drop-in where there was none. Without one that is kept it does nothing.
    type: str
    choices: [proven, restored]
    required: true
  folder:
    description:
      - Where the former one is kept. Only root can read it.
    type: path
    default: /var/lib/keepwarm-ollama/server
seealso:
  - module: keepwarm.ollama.ollama_units
  - module: keepwarm.ollama.ollama_server_restart
"""

EXAMPLES = r"""
- name: Keep the former one no longer
  keepwarm.ollama.ollama_server_dropin:
    path: /etc/systemd/system/ollama.service.d/zz-keepwarm.conf
    state: proven

- name: Go back to the former one
  keepwarm.ollama.ollama_server_dropin:
    path: /etc/systemd/system/ollama.service.d/zz-keepwarm.conf
    state: restored
"""

RETURN = r"""
kept:
  description: Whether a former drop-in is kept, or that there was none, after this.
  type: bool
  returned: success
  sample: true
restored:
  description: Whether the former drop-in was put back, or the present one removed, since it was not what served last.
  type: bool
  returned: when O(state=restored)
  sample: false
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils import _server_state
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.files import read_bytes, replace_file
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import SERVER_RECORDS

_LONGEST = 1024 * 1024  # bytes


def read(path: str) -> str | None:
    """The drop-in as it is; None where there is none. Raises C(OSError)."""
    try:
        return read_bytes(path, _LONGEST).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def put(path: str, content: str | None) -> None:
    """Have it so; None removes it, and its folder if nothing else is in it. Raises C(OSError)."""
    folder = os.path.dirname(path)
    if content is not None:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        replace_file(path, content.encode("utf-8", "surrogateescape"), mode=0o644)
        return
    os.unlink(path)
    if not os.listdir(folder):
        os.rmdir(folder)


class DropIn:
    """One drop-in of one unit, and what is kept of it."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module, self._params = module, module.params
        self.path: str = module.params["path"]
        self.now = read(self.path)
        self.kept = _server_state.read(self._params["unit"], _server_state.DROPIN, self._params["folder"])

    def proven(self) -> dict[str, Any]:
        """The drop-in itself stays as it is."""
        if self.kept is not None and not self._module.check_mode:
            _server_state.forget(self._params["unit"], _server_state.DROPIN, self._params["folder"])
        return {"changed": False, "kept": False}

    def restored(self) -> dict[str, Any]:
        """What is kept goes last, so that a play that dies in here goes on at its next run."""
        if self.kept is None:
            return {"changed": False, "kept": False, "restored": False}
        former = self.kept.get("content")
        if not self._module.check_mode:
            if former != self.now:
                put(self.path, former)
            _server_state.forget(self._params["unit"], _server_state.DROPIN, self._params["folder"])
        put_back = former != self.now
        result = self._changed(former, kept=False) if put_back else {"changed": False, "kept": False}
        return {**result, "restored": put_back}

    def _changed(self, after: str | None, kept: bool) -> dict[str, Any]:
        diff = {"before_header": self.path, "after_header": self.path, "before": self.now or "", "after": after or ""}
        return {"changed": True, "kept": kept, "diff": diff}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "default": "ollama.service"},
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["proven", "restored"], "required": True},
            "folder": {"type": "path", "default": SERVER_RECORDS},
        },
        supports_check_mode=True,
    )
    try:
        dropin = DropIn(module)
        acts = {"proven": dropin.proven, "restored": dropin.restored}
        module.exit_json(**acts[module.params["state"]]())
    except _server_state.StateError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{module.params['path']}: {error.strerror or error}")


if __name__ == "__main__":
    main()
