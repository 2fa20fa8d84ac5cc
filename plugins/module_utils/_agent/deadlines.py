# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the server would wait longer for a load than the agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._residency.values.keep_alive import KeepAlive
from .._systemd.env_values import misread, read

_KEY = "OLLAMA_LOAD_TIMEOUT"


def load_timeout_warning(environment: Mapping[str, Any] | None, agent: Any) -> str:
    """One sentence where the server waits longer. What it does not understand is the doctor's to tell."""
    value = str((environment or {}).get(_KEY) or "")
    if not read(value) or misread(_KEY, value):
        return ""
    server, own = KeepAlive.parse(read(value)), KeepAlive.parse(agent)
    unlimited = server.is_forever or server.nanoseconds == 0  # envconfig/config.go, LoadTimeout
    if not unlimited and server <= own:
        return ""
    return (
        f"{_KEY} ({'no limit' if unlimited else server}, ollama_server_load_timeout) is longer than ollama_warmup_load_timeout ({own}), after"
        " which the agent gives a load up, which aborts it on the server: raise ollama_warmup_load_timeout, or lower the other"
    )
