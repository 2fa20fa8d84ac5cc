# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's programs print when they fail, as a sentence of the demo shows it."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest
from ollama_contract.recording import DIRECTORY


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Any:
    hosts = DIRECTORY.parent / "hosts"
    monkeypatch.syspath_prepend(str(hosts))
    found = importlib.util.spec_from_file_location("container", hosts / "container.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    yield module
    for name in ("ssh", "image"):
        sys.modules.pop(name, None)


def test_a_spinner_leaves_only_its_words(container: Any) -> None:
    printed = (
        "\x1b[?2026h\x1b[?25l\x1b[1Ggathering model components ⠙ \x1b[K\x1b[?25h\x1b[?2026l"
        "\x1b[?2026h\x1b[?25l\x1b[1G\rgathering model components ⠹ \x1b[K\x1b[?25h\x1b[?2026l\r\n"
        "\x1b[31mError: unexpected EOF\x1b[0m\n"
    )
    assert container.without_animation(printed) == "gathering model components\nError: unexpected EOF"
