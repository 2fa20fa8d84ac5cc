# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which systemd unit the server is, for commands that need nothing else of the configuration."""

from __future__ import annotations

import json

from .instance import Instance

_UNIT = "ollama.service"


def server_unit(instance: Instance) -> str:
    """Whatever is wrong with the configuration is the pass's to say."""
    try:
        with open(instance.configuration, encoding="utf-8") as file:
            unit = json.load(file).get("unit")
    except (OSError, ValueError, AttributeError):
        return _UNIT
    return unit if isinstance(unit, str) else _UNIT
