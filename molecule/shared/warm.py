# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the scenarios whose host is warm before each test."""

from __future__ import annotations

from typing import Any

import pytest
from shared.gpu import Gpu


@pytest.fixture
def gpu(host: Any) -> Gpu:
    """The host, warm."""
    found = Gpu(host)
    found.put_right()
    return found


@pytest.fixture
def calm(gpu: Gpu) -> Gpu:
    """The same without any pass but those that the test asks for."""
    gpu.calm()
    return gpu
