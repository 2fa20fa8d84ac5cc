# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the settings do not allow an upgrade of Ollama. The host is not asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def upgrade_obstacles(settings: Mapping[str, Any]) -> list[str]:
    """What an upgrade would need otherwise. `contained`: the units of servers in containers, where the other reasons would mislead."""
    if settings["contained"]:
        return [
            f"the release of {' and '.join(settings['contained'])} is that of its container's image: name another one in ollama_server_container_image and"
            " run keepwarm.ollama.site, which restarts the server, and goes back to the former image if the new one does not start"
        ]
    never = [unit for unit, restart in settings["restart"].items() if restart == "never"]
    keep = settings["keep_releases"]
    obstacles = {
        f"ollama_server_state is {settings['state']}: there is nothing to upgrade": settings["state"] != "present",
        "ollama_server_install is never, so that the Ollama of this host is not this role's to upgrade: set it to missing, or, where the"
        " vendor installed Ollama, to takeover, and run keepwarm.ollama.site once": settings["install"] == "never",
        "ollama_server_install is package, so that the distribution's package manager upgrades this Ollama: have it do so and run"
        " keepwarm.ollama.site, which restarts the server if it still runs the former program": settings["install"] == "package",
        f"the restart of {' and '.join(never)} is never, but an upgrade restarts servers: set it to auto": bool(never),
        f"ollama_server_keep_releases {keep} leaves nothing to go back to: set it to 1 or more": _keeps_none(keep),
    }
    return [sentence for sentence, holds in obstacles.items() if holds]


def _keeps_none(raw: Any) -> bool:
    """What is no number is refused with the role's other inputs."""
    try:
        return int(raw) < 1
    except (TypeError, ValueError):
        return False
