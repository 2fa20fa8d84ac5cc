# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrade_obstacles
short_description: Says why the settings do not allow an upgrade of Ollama
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Judges the settings of the role P(keepwarm.ollama.ollama_server#role) alone, not the host.
  - Only the roles and playbooks of this collection use it. It may change in any release.
positional: _input
options:
  _input:
    description:
      - C(state), C(install) and C(keep_releases), as the role's variables of these names have them, and C(restart), by unit what may
        restart its server.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge some settings
  ansible.builtin.debug:
    msg: "{{ {'state': 'present', 'install': 'missing', 'restart': {'ollama.service': 'auto'}, 'keep_releases': 1} | keepwarm.ollama.upgrade_obstacles }}"
    # => []
"""

RETURN = r"""
_value:
  description:
    - One sentence for each, without a full stop at its end.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any


def upgrade_obstacles(settings: Mapping[str, Any]) -> list[str]:
    """What an upgrade would need otherwise."""
    never = [unit for unit, restart in settings["restart"].items() if restart == "never"]
    keep = settings["keep_releases"]
    obstacles = {
        f"ollama_server_state is {settings['state']}: there is nothing to upgrade": settings["state"] != "present",
        "ollama_server_install is never, so that the Ollama of this host is not this role's to upgrade: set it to missing, or, where the"
        " vendor installed Ollama, to takeover, and run keepwarm.ollama.site once": settings["install"] == "never",
        f"the restart of {' and '.join(never)} is never, but an upgrade restarts servers: set it to auto": bool(never),
        f"ollama_server_keep_releases {keep} leaves nothing to go back to: set it to 1 or more": int(keep) < 1,
    }
    return [sentence for sentence, holds in obstacles.items() if holds]


class FilterModule:
    """What stands in an upgrade's way."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"upgrade_obstacles": upgrade_obstacles}
