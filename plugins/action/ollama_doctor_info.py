# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: run the module of the same name, and print its page."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.action import ActionBase

Result = dict[str, Any]
_PRINTED = ("host", "healthy", "exit", "instances", "findings", "checked", "unseen")


class ActionModule(ActionBase):
    """The module looks, on the host; this shows it, on the controller."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """The module's result."""
        result: Result = super().run(tmp, task_vars)
        known = task_vars or {}
        name = known.get("inventory_hostname", "")
        arguments = {"name": name, **self._task.args}
        result = {**result, **self._execute_module(module_args=arguments, task_vars=known)}
        shown = text_of(arguments.get("name") or name, str(arguments.get("format") or "page"), result)
        if shown:
            self._display.display(f"\n{shown}\n")
        return result


def text_of(name: str, wanted: str, result: Result) -> str:
    """What is printed of a host; where nobody could look, why not."""
    if wanted == "none":
        return ""
    if "page" not in result:
        reason = " ".join(str(result.get("msg") or "no answer").split())
        return json.dumps({"host": name, "exit": 2, "unseen": [reason]}) if wanted == "json" else f"{name}: could not look: {reason}"
    return json.dumps({key: result[key] for key in _PRINTED}, indent=2) if wanted == "json" else str(result["page"])
