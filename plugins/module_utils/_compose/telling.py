# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module tells of a server as it was found. Only looks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .. import _server_state
from .plan import Look


def outlook(look: Look) -> Mapping[str, Any]:
    """What the roles after this one predict with in check mode."""
    folder = look.wanted.container.folder
    comes = look.starts
    return {
        "comes": comes,
        "restarts": comes or look.replaces,
        "empty": look.container is None and not (folder and os.path.isdir(folder)),
        "url": look.wanted.url,
        "environment": dict(look.environment),
    }


def diff(looks: Sequence[Look]) -> list[dict[str, str]]:
    """Of the files that change."""
    changed = [look for look in looks if look.before != look.text and not (look.pending and look.runs)]
    return [
        {"before": look.before, "after": look.text, "before_header": look.wanted.file, "after_header": look.wanted.file} for look in changed
    ]


def told(look: Look) -> dict[str, Any]:
    """As the module tells of a server."""
    unloads = look.replaces
    return {
        "unit": look.wanted.unit,
        "url": look.wanted.url,
        "running_url": look.running_url,
        "container": look.wanted.container_name,
        "unloads": unloads,
        "restorable": unloads or _server_state.read(look.wanted.unit, _server_state.MODELS) is not None,
        "stopped": look.left_stopped,
        "pending": look.pending,
        "reasons": list(look.reasons()),
        "warnings": [*look.wanted.warnings, *look.warnings],
        "outlook": outlook(look),
    }
