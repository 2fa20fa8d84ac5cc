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

ON_THE_CONTROLLER = {"assert", "debug", "fail", "include_role", "include_tasks", "set_fact", "validate_argument_spec"}


class CallbackModule(CallbackBase):
    """Tasks that are listed, includes among them, and modules that ran on the host, each item of a loop for itself."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "count"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._counted = {"tasks": 0, "modules": 0, "changed": 0}

    def _count(self, result: Any) -> None:
        if result._host.get_name() != os.environ["COUNT_HOST"]:
            return
        ran = [one for one in result._result.get("results", [result._result]) if not one.get("skipped")]
        self._counted["changed"] += bool(result._result.get("changed"))
        if result._task.action.rpartition(".")[2] not in ON_THE_CONTROLLER:
            self._counted["modules"] += len(ran)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._counted["tasks"] += bool(task.get_name()) and not is_conditional

    def v2_runner_on_ok(self, result: Any) -> None:
        self._count(result)

    def v2_playbook_on_stats(self, *dummy: Any) -> None:
        pathlib.Path(os.environ["COUNT_FILE"]).write_text(json.dumps(self._counted), encoding="utf-8")
