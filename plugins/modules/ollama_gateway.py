#!/usr/bin/python

# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_gateway
short_description: Has nginx serve a gateway before an Ollama server, or not
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Writes the files of the gateway and has nginx load them, in one step that is taken back when nginx does not.
  - Before anything is written, nginx itself judges its whole configuration with the files in it, on a scratch copy; certificate, key and
    addresses are checked.
  - A certificate that changed on the host is loaded, too.
  - Only the role P(keepwarm.ollama.ollama_gateway#role) uses it. It may change in any release.
extends_documentation_fragment:
  - keepwarm.ollama.attributes
  - keepwarm.ollama.attributes.linux
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Hashes of tokens are shown as short words, which tell that one is another.
options:
  state:
    description:
      - Whether there is a gateway. V(absent) removes its files; nginx stays.
      - V(possible) refuses what could not be served, be it a certificate, its key, an address or a file of others, and changes nothing.
    type: str
    choices: [present, absent, possible]
    default: present
  configuration:
    description: What nginx reads in the context C(http).
    type: str
    default: ""
  scripts:
    description: Scripts for nginx by file name.
    type: dict
    default: {}
  tokens:
    description: Hashes of tokens and the names of clients, as a map of nginx.
    type: str
    default: ""
  dropin:
    description: A drop-in for nginx' unit.
    type: str
    default: ""
  program:
    description: What counts the requests in the log; none where it is empty. nginx does not read it.
    type: str
    default: ""
  link:
    description: Where node_exporter is to find the counts, by a link. It goes, also where it was before, when nothing is counted.
    type: path
    default: ""
  user:
    description: Whom the workers of nginx run as where C(nginx.conf) does not say.
    type: str
    default: ""
  listen:
    description: Where nginx is to listen.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: An IP address.
        type: str
        required: true
      port:
        description: A TCP port.
        type: int
        required: true
  certificate:
    description: The certificate, with those between it and its root; empty without TLS.
    type: path
    default: ""
  key:
    description: Its key.
    type: path
    default: ""
notes:
  - Needs root (C(become)).
"""

EXAMPLES = r"""
- name: Remove the gateway
  keepwarm.ollama.ollama_gateway:
    state: absent
"""

RETURN = r"""
files:
  description: The files that were written or removed, or would be.
  type: list
  elements: str
  returned: success
  sample:
    - /etc/nginx/conf.d/ollama-gateway.conf
loaded:
  description: Whether nginx loaded its configuration anew, or would.
  type: bool
  returned: success
  sample: true
user:
  description: Whom the workers of nginx run as. They own its logs.
  type: str
  returned: success
  sample: www-data
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.systemctl import SystemctlError
from ansible_collections.keepwarm.ollama.plugins.module_utils._gateway.gateway import Wanted, have, refuse, remove
from ansible_collections.keepwarm.ollama.plugins.module_utils._gateway.nginx import worker_user
from ansible_collections.keepwarm.ollama.plugins.module_utils._gateway.site import (
    CONFIGURATION,
    DROPIN,
    FOLDER,
    PROGRAM,
    TOKENS,
    GatewayError,
    shown,
)


def wanted_of(given: dict[str, Any]) -> Wanted:
    """All files of the gateway by their paths."""
    texts = {
        CONFIGURATION: given["configuration"],
        TOKENS: given["tokens"],
        DROPIN: given["dropin"],
        **{f"{FOLDER}/{name}": text for name, text in given["scripts"].items()},
        **({PROGRAM: given["program"]} if given["program"] else {}),
    }
    contents = {path: text.encode("utf-8") for path, text in texts.items()}
    listen = [(place["address"], place["port"]) for place in given["listen"]]
    return Wanted(contents, listen, given["certificate"], given["key"], worker_user(given["user"]), given["link"])


def carry_out(module: AnsibleModule) -> dict[str, Any]:
    """Have the gateway, or none. Raises C(GatewayError), C(SystemctlError), C(OSError)."""
    wanted = wanted_of(module.params)
    if module.params["state"] == "possible":
        refuse(module.run_command, wanted)
        return {"changed": False, "files": [], "loaded": False, "user": wanted.user}
    is_gone = module.params["state"] == "absent"
    done = remove(module.run_command, module.check_mode, wanted.link) if is_gone else have(module.run_command, wanted, module.check_mode)
    return {
        "user": wanted.user,
        "changed": bool(done.changes) or done.loaded,
        "files": [change.path for change in done.changes],
        "loaded": done.loaded,
        "diff": [shown(change) for change in done.changes],
    }


def main() -> None:
    """Read the parameters and carry them out."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent", "possible"], "default": "present"},
            "configuration": {"type": "str", "default": ""},
            "scripts": {"type": "dict", "default": {}},
            "tokens": {"type": "str", "default": "", "no_log": True},
            "dropin": {"type": "str", "default": ""},
            "program": {"type": "str", "default": ""},
            "link": {"type": "path", "default": ""},
            "user": {"type": "str", "default": ""},
            "listen": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"address": {"type": "str", "required": True}, "port": {"type": "int", "required": True}},
            },
            "certificate": {"type": "path", "default": ""},
            "key": {"type": "path", "default": "", "no_log": False},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**carry_out(module))
    except (GatewayError, SystemctlError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
