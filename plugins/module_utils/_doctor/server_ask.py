# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers where the server is to be: by the engine, which loads nothing and touches no expiry by it. Reads only."""

from __future__ import annotations

import time
from dataclasses import replace

from .._base.systemctl import Run
from .._residency.server.client import Deadlines, OllamaServer, ServerFailure, leading_numbers
from .._residency.server.observer import Observer
from .._residency.server.own_host import own_unit
from .._residency.server.processes import server_identity
from .._residency.values.policy import Policy
from .examination import ServerLook, UnitLook

# /api/ps waits for a model that is being unloaded (docs/ollama-semantics.md#the-list-waits-for-an-unload).
_DEADLINES = Deadlines(connect=3.0, answer=15.0)


def server_url(unit: UnitLook | None, asked: str | None, is_elsewhere: bool = False) -> str | None:
    """Where its process listens, if that is this host's affair, else where the agent asks (`asked`), which `is_elsewhere` on
    another machine; None for a server that is down, of which the unit tells."""
    if unit is None or not unit.serves or is_elsewhere or not unit.unit.exists:
        return asked
    return unit.address.url if unit.process else None


def ask_server(url: str, policy: Policy | None, unit: str, is_own: bool | None = None, run: Run | None = None) -> ServerLook:
    """Its version and what it holds, or the sentence why not."""
    own = own_unit(url, unit, is_own)
    look = ServerLook(url, server_identity(own, url=url) if own else None, is_own=own is not None)
    try:
        server = OllamaServer(url, _DEADLINES)
        version = server.require_version()
        look = replace(look, version=version)
        observation = replace(Observer(server, policy or Policy(models=()), own, run=run).look(), release=leading_numbers(version))
    except ServerFailure as failure:
        return replace(look, failure=str(failure), failed=type(failure).__name__)
    return replace(look, observation=observation, asked_at=time.time())
