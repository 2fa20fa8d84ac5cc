# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted server, and a host whose processes and GPUs are what the test says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.scripted_http import ScriptedServer, scripted


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted() as listener:
        yield listener
