# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a server that is not on the list any more: its models on the disk. The other one goes on."""

from __future__ import annotations

from typing import Any

import pytest
from instances.servers import Server
from shared.gpu import Gpu, eventually


@pytest.fixture
def gpu(host: Any) -> Gpu:
    return Gpu(host)


def test_no_unit_of_it_is_left(gpu: Gpu) -> None:
    assert gpu.run("systemctl list-units --all --plain --no-legend 'ollama*@code*'") == ""
    assert gpu.show("ollama@code.service", "ActiveState", "UnitFileState", "DropInPaths")[0] == "inactive"


def test_no_file_of_it_is_left_but_its_models(gpu: Gpu) -> None:
    assert gpu.run("find /etc /run /var/lib /var/cache /usr/local -name '*@code*' -o -path '*ollama-warmup/code*'") == ""
    assert gpu.run("ls /srv/models-of-code").split() == ["blobs", "manifests"]


def test_the_other_one_was_not_disturbed(gpu: Gpu) -> None:
    """It was started once since the tests before restarted it, and by no play."""
    chat = Server(gpu, "chat")
    eventually(chat.is_warm)
    assert gpu.run("cat /srv/chat-before").split() == [chat.main(), *chat.runners()]


def test_the_target_has_what_is_left(gpu: Gpu) -> None:
    assert gpu.show("ollama.target", "Wants", "ActiveState") == ["ollama@chat.service", "active"]
