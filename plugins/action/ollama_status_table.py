# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: print the fleet's status as one table."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.keepwarm.ollama.plugins.module_utils._fleet import fleet_table


class ActionModule(ActionBase):
    """Runs on the controller only; no host is asked anything."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print and return the table."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(
            {
                "hosts": {"type": "list", "elements": "str", "required": True},
                "variable": {"type": "str", "required": True},
            }
        )
        known = (task_vars or {})["hostvars"]
        results = {host: known[host].get(options["variable"]) for host in options["hosts"]}
        table = fleet_table(results, datetime.now(timezone.utc))
        self._display.display(table)
        return {**result, "changed": False, "table": table}
