# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills ansible-playbook where DIE_AT says: before the first task whose name contains it."""

from __future__ import annotations

import os
import signal
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """A controller that is no more."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "die_at"

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        if not is_conditional and os.environ["DIE_AT"] in task.get_name():
            os.kill(os.getpid(), signal.SIGKILL)
