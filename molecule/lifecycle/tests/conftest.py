# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose server is ill-treated."""

from __future__ import annotations

from typing import Any

import pytest
from shared.gpu import PASS, SERVER, TIMER, Gpu, eventually


@pytest.fixture
def gpu(host: Any) -> Gpu:
    """The host, warm, whatever the test before did to it."""
    found = Gpu(host)
    found.run(f"systemctl start {SERVER} {TIMER}")
    eventually(found.is_warm)
    return found


@pytest.fixture
def calm(gpu: Gpu) -> Gpu:
    """The same without any pass but those that the test asks for: nothing is put right between an act and a look."""
    gpu.run(f"systemctl stop {TIMER}")
    gpu.run(f"systemctl start {PASS}")
    return gpu
