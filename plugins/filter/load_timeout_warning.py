# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: load_timeout_warning
short_description: Says that the host agent gives loads up before the server does
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Whoever asks for a load and goes away aborts it on the server. An agent that waits for less time than the server would
    takes the model away from itself, pass after pass.
positional: _input, agent
options:
  _input:
    description: The server's environment, as M(keepwarm.ollama.ollama_unit_info) tells it; null where it is not known.
    type: dict
    required: true
  agent:
    description: How long the agent waits for one load, in seconds.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Warn
  ansible.builtin.debug:
    msg: "{{ {'OLLAMA_LOAD_TIMEOUT': '30m'} | keepwarm.ollama.load_timeout_warning(900) }}"
"""

RETURN = r"""
_value:
  description: One sentence, or an empty text.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.keep_alive import KeepAlive
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.env_values import misread, read

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


class FilterModule:
    """Deadlines of loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"load_timeout_warning": load_timeout_warning}
