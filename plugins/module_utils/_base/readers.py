# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as people write them: a text that is a boolean is one, since C(-e key=value) makes texts of all."""

from __future__ import annotations

from typing import Any

SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
"""What Ansible's filter bool reads; it takes whatever else there is for false."""


def read_switch(raw: Any) -> bool | None:
    """None for what is neither true nor false."""
    return SWITCHES.get(str(raw).strip().lower()) if isinstance(raw, (bool, int, str)) else None
