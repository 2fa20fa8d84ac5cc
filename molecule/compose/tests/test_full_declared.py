# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With `FULL=1`: a server comes back after a boot, and goes once it is not declared any more."""

from __future__ import annotations

from typing import Any

from managed import FILE, Managed, remove
from shared.gpu import PINS, eventually

OTHER = {"ollama_server_instances": [{"name": "b", "port": 11500}], "ollama_warmup_unit": "ollama.service"}


def test_a_server_comes_back_after_a_boot(host: Any) -> None:
    gpu = Managed(host)
    gpu.run("systemctl enable podman-restart.service")
    outcome = gpu.site()
    assert (outcome.status, gpu.pinned()) == (0, set(PINS)), outcome.output
    gpu.reboot()
    eventually(lambda: gpu.pinned() == set(PINS))
    again = gpu.site()
    assert (again.status, again.changed) == (0, []), again.output


def test_a_server_that_is_not_declared_any_more_is_removed(host: Any) -> None:
    gpu = Managed(host)
    outcome = gpu.site(**OTHER)
    assert (outcome.status, gpu.engine("ps", "--all", "--format", "'{{.Names}}'", "2>/dev/null")) == (0, "ollama-b"), outcome.output
    assert gpu.run(f"test ! -e {FILE} && ls /etc/keepwarm-ollama").split() == ["keepwarm-ollama-b"]
    assert remove().status == 0
