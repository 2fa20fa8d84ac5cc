# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what a playbook does on the host that COUNT_HOST names, and writes it to the file that COUNT_FILE names."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Tasks that are listed, includes among them, and modules that ran: only a module's result tells how it was invoked."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "count"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._counted = {"tasks": 0, "skipped": 0, "modules": 0, "changed": 0}

    def _count(self, result: Any, what: str) -> None:
        if result._host.get_name() != os.environ["COUNT_HOST"]:
            return
        self._counted["skipped"] += what == "skipped"
        self._counted["changed"] += bool(result._result.get("changed"))
        self._counted["modules"] += sum("invocation" in one for one in result._result.get("results", [result._result]) if isinstance(one, dict))

    def v2_playbook_on_task_start(self, *dummy: Any) -> None:
        self._counted["tasks"] += 1

    def v2_runner_on_ok(self, result: Any) -> None:
        self._count(result, "ok")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._count(result, "skipped")

    def v2_playbook_on_stats(self, *dummy: Any) -> None:
        pathlib.Path(os.environ["COUNT_FILE"]).write_text(json.dumps(self._counted), encoding="utf-8")
