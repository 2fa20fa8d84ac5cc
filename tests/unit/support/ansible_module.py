# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module through its real entry point: JSON in, `main`, JSON out."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest
from ansible.module_utils import basic


class Entrance:
    """Runs one module and keeps what it printed. `given`: options of every run."""

    def __init__(
        self, main: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp: Any, **given: Any
    ) -> None:
        self._main = main
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._tmp = tmp
        self._given = given

    def run(self, *, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        """The module's result with `warnings`, whether it failed or not."""
        warnings: list[str] = []
        # Once any test has imported code of the controller, ansible-core shows warnings instead of returning them.
        self._monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, warning: warnings.append(warning))
        settings = {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": str(self._tmp)}
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**settings, **self._given, **options}}).encode()
        self._monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
        self._monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit) as ended:
            self._main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        assert bool(ended.value.code) is result.get("failed", False)
        return {**result, "warnings": warnings}

    def succeed(self, **options: Any) -> dict[str, Any]:
        """The result of a run that does not fail."""
        result = self.run(**options)
        assert not result.get("failed"), result["msg"]
        return result

    def fail(self, **options: Any) -> str:
        """The one sentence of a run that fails."""
        result = self.run(**options)
        assert result.get("failed"), result
        assert "\n" not in result["msg"]
        return str(result["msg"])
