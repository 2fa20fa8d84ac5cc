# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action: run the module of the same name in the background, and show how far it is.

A module cannot speak before it ends, and a pull takes as long as it takes. So it runs as a background job of the host, keeps a
file up to date, and this prints what the file says whenever that is news. What costs no transfer runs as any module does.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

_TRANSFERS = ("pull", "create")
_FIRST_PAUSE = 0.5  # seconds
_OF_THE_JOB = ("ansible_job_id", "started", "finished", "results_file", "stdout", "stderr", "stdout_lines", "stderr_lines")
Result = dict[str, Any]


class ActionModule(ActionBase):
    """Check mode, and a task that is in the background already, are left to the module alone."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """The module's result."""
        result: Result = super().run(tmp, task_vars)
        known = task_vars or {}
        interval = _number(self._task.args.get("progress_interval"), 5.0)
        if self._task.check_mode or self._task.async_val or interval <= 0:
            return {**result, **self._execute_module(task_vars=known, wrap_async=self._task.async_val)}
        look = None if self._reads_files() else self._look(known)
        if look is not None and _is_settled(look):
            return {**result, **look}
        if look is not None and not _has_transfer(look):
            return {**result, **self._execute_module(task_vars=known)}
        return {**result, **self._run_in_background(known, interval)}

    def _reads_files(self) -> bool:
        """Whether even a look takes long, since a file has to be read as a whole."""
        models = self._task.args.get("models")
        entries = [entry for entry in models if isinstance(entry, dict)] if isinstance(models, list) else []
        return any(entry.get("state") == "latest" and (entry.get("gguf") or entry.get("modelfile")) for entry in entries)

    def _look(self, task_vars: dict[str, Any]) -> Result:
        """What the module says in check mode."""
        self._task.check_mode = True
        try:
            return dict(self._execute_module(task_vars=task_vars))
        finally:
            self._task.check_mode = False

    def _run_in_background(self, task_vars: dict[str, Any], interval: float) -> Result:
        directory = self._remote_expand_user(self.get_shell_option("async_dir", default="~/.ansible_async"))
        file = f"{directory}/keepwarm-progress-{secrets.token_hex(8)}"
        limit = int(_number(self._task.args.get("background_timeout"), 86400))
        job = self._start({**self._task.args, "progress_file": file}, task_vars, limit)
        if not job.get("ansible_job_id"):
            return job
        asked = {"jid": job["ansible_job_id"], "_async_dir": directory}
        status = self._follow(asked, file, task_vars, interval, time.monotonic() + limit)
        self._execute_module(module_name="ansible.legacy.async_status", module_args={**asked, "mode": "cleanup"}, task_vars=task_vars)
        return {key: value for key, value in status.items() if key not in _OF_THE_JOB}

    def _start(self, arguments: dict[str, Any], task_vars: dict[str, Any], limit: int) -> Result:
        """The job's time limit is the task's."""
        self._task.async_val = limit
        try:
            return dict(self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=True))
        finally:
            self._task.async_val = 0

    def _follow(
        self, asked: dict[str, Any], file: str, task_vars: dict[str, Any], interval: float, deadline: float
    ) -> Result:
        """Show how far it is until it has ended. A connection that fails meanwhile does not end it: the job goes on."""
        host, shown, pause = task_vars.get("inventory_hostname", ""), "", min(_FIRST_PAUSE, interval)
        while time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(pause * 2, interval)
            try:
                said = _sentence(self._low_level_execute_command(f"cat {self._connection._shell.quote(file)}").get("stdout", ""))
                status = self._execute_module(module_name="ansible.legacy.async_status", module_args={**asked, "mode": "status"}, task_vars=task_vars)
            except AnsibleConnectionFailure as failure:
                said, status = f"cannot be reached just now ({failure})", {}
            if said and said != shown:
                self._display.display(f"[{host}] {said}")
                shown = said
            if status.get("finished"):
                return dict(status)
        return {"failed": True, "changed": True, "msg": "the task did not end within background_timeout; the server goes on"}


def _number(raw: Any, default: float) -> float:
    """What is no number the module itself refuses."""
    try:
        return default if raw is None else float(raw)
    except (TypeError, ValueError):
        return default


def _is_settled(look: Result) -> bool:
    """Whether the look proved that there is nothing to do."""
    return bool(look.get("models")) and not look.get("failed") and not look.get("changed")


def _has_transfer(look: Result) -> bool:
    return any(model.get("action") in _TRANSFERS for model in look.get("models", []))


def _sentence(text: str) -> str:
    """What the progress file says; nothing where it is not there (yet, or any more)."""
    try:
        told = json.loads(text)
        return f"{told['model']}: {told['text']}"
    except (ValueError, KeyError, TypeError):
        return ""
