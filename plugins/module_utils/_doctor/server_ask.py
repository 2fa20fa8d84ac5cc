# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers where the server is to be: by the engine, which loads nothing and touches no expiry by it. Reads only."""

from __future__ import annotations

import time
from dataclasses import replace

from .._residency.observer import Observer
from .._residency.policy import Policy
from .._residency.server import Deadlines, OllamaServer, ServerFailure
from .examination import ServerLook

# /api/ps waits for a model that is being unloaded (server semantics, section 2).
_DEADLINES = Deadlines(connect=3.0, answer=15.0)


def ask_server(url: str, policy: Policy | None, unit: str) -> ServerLook:
    """Its version and what it holds, or the sentence why not."""
    look = ServerLook(url)
    try:
        server = OllamaServer(url, _DEADLINES)
        look = replace(look, version=server.require_version())
        observation = Observer(server, policy or Policy(models=()), unit).look()
    except ServerFailure as failure:
        return replace(look, failure=str(failure), failed=type(failure).__name__)
    return replace(look, observation=observation, asked_at=time.time())
