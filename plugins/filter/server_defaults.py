# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: server_defaults
short_description: Adds the defaults of an Ollama server's role to what was declared for it, where nobody else has written a value
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - A default never beats a value that somebody wrote into a file of the server's unit. One exception is a limit of loaded models below the
    number of pins, since these were written, too.
positional: _input, seen
options:
  _input:
    description: What P(keepwarm.ollama.server_environment#filter) has made of the settings.
    type: dict
    required: true
  seen:
    description: What M(keepwarm.ollama.ollama_unit_info) told of the server's unit.
    type: dict
    required: true
  models:
    description: The declared models.
    type: list
    elements: raw
  oom_policy:
    description: What was declared for the kernel's killing one of the server's processes. V(auto) and null are nobody's declaration.
    type: str
"""

EXAMPLES = r"""
- name: See what the drop-in is to hold
  ansible.builtin.debug:
    msg: "{{ {'num_parallel': 2} | keepwarm.ollama.server_environment | keepwarm.ollama.server_defaults(info, models=[{'name': 'qwen3:8b'}]) }}"
"""

RETURN = r"""
_value:
  description:
    - The C(environment) to write with the defaults in it, and their names as C(defaults); the C(oom_policy), null where another file's
      stands; C(comments), the lines of the drop-in that tell which of it nobody declared.
    - C(standing), a sentence for each value of others that stands in place of a default; C(warnings); and C(pins), how many models are
      declared to stay for ever.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.defaults import Host, count_pins, settle
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.others import Written


def server_defaults(judged: Mapping[str, Any], seen: Mapping[str, Any], models: Any = None, oom_policy: str | None = None) -> dict[str, Any]:
    """What the drop-in is to hold."""
    found = [Written(entry["key"], entry["value"], entry["file"], entry["line"]) for entry in seen.get("written") or ()]
    host = Host({entry.key: entry for entry in found}, seen.get("dropin_environment") or {}, int(seen.get("gpus") or 0))
    settled = settle(judged["environment"], models, judged.get("defaults") or {}, None if oom_policy in (None, "", "auto") else oom_policy, host)
    return {
        "environment": dict(settled.environment),
        "defaults": list(settled.defaults),
        "oom_policy": settled.oom_policy,
        "comments": settled.comments,
        "standing": list(settled.standing),
        "warnings": list(settled.warnings),
        "pins": count_pins(models if isinstance(models, (list, tuple)) else ()),
    }


class FilterModule:
    """Defaults of an Ollama server."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"server_defaults": server_defaults}
