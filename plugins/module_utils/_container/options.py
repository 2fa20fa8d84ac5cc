# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules are told of a server in a container, whatever makes that."""

from __future__ import annotations

from typing import Any

CONTAINER: dict[str, dict[str, Any]] = {
    "container_image": {"type": "str"},
    "container_archive": {"type": "str"},
    "container_devices": {"type": "list", "elements": "str"},
    "container_memory": {"type": "str"},
    "container_restart": {"type": "str", "default": "always"},
    "gpu": {"type": "str", "default": "auto"},
    "folder": {"type": "str"},
}
"""Suboptions of the option `servers`, by the names of the role's variables."""
