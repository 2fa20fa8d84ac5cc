# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of all scenarios ask of a host."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Models = dict[str, dict[str, Any]]


@pytest.fixture
def resident(host: Any) -> Callable[[], Models]:
    """Gives the models that the server lists as resident, by name, as /api/ps has them."""

    def ask() -> Models:
        answer = json.loads(host.check_output("curl --fail --silent --show-error http://127.0.0.1:11434/api/ps"))
        return {model["name"]: model for model in answer["models"]}

    return ask


@pytest.fixture
def unit(host: Any) -> Callable[..., dict[str, str]]:
    """Gives properties of a systemd unit, by name."""

    def ask(name: str, *properties: str) -> dict[str, str]:
        shown = host.check_output(f"systemctl show --property={','.join(properties)} {name}")
        return dict(line.split("=", 1) for line in shown.splitlines())

    return ask
