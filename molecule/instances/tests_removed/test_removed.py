# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a server that is not on the list any more: its models on the disk. The other one goes on."""

from __future__ import annotations

from typing import Any

import pytest
from instances.servers import OTHERS, UNITS, Server
from shared.gpu import SHARED, Gpu, eventually
from shared.machine import play


@pytest.fixture
def gpu(host: Any) -> Gpu:
    return Gpu(host)


def test_no_unit_of_it_is_left(gpu: Gpu) -> None:
    assert gpu.run("systemctl list-units --all --plain --no-legend 'ollama*@code*'") == ""
    assert gpu.show("ollama@code.service", "ActiveState", "UnitFileState", "DropInPaths")[0] == "inactive"


def test_no_file_of_it_is_left_but_its_models(gpu: Gpu) -> None:
    assert gpu.run("find /etc /run /var/lib /var/cache /usr/local -name '*@code*' -o -path '*ollama-warmup/code*'") == ""
    assert gpu.run("ls /srv/models-of-code").split() == ["blobs", "manifests"]


def test_a_file_of_others_among_the_agent_s_is_no_server_that_was_declared(gpu: Gpu) -> None:
    assert gpu.run("cat /etc/ollama-warmup/mine.json") == '{"mine": true}'


def test_the_other_one_was_not_disturbed(gpu: Gpu) -> None:
    """It was started once since the tests before restarted it, and by no play."""
    chat = Server(gpu, "chat")
    eventually(chat.is_warm)
    assert gpu.run("cat /srv/chat-before").split() == [chat.main(), *chat.runners()]


def test_the_target_has_what_is_left(gpu: Gpu) -> None:
    assert gpu.show("ollama.target", "Wants", "ActiveState") == ["ollama@chat.service", "active"]


def test_the_server_that_made_way_serves_again_once_all_is_removed(gpu: Gpu) -> None:
    inventories = [SHARED / "inventory.yml", SHARED.parent / "instances/inventory.yml"]
    gone = play("remove", inventories, "--extra-vars=keepwarm_remove_confirmed=true", ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    assert gone.status == 0, gone.output
    assert gpu.show("ollama.service", "ActiveState", "UnitFileState") == ["active", "enabled"]
    eventually(lambda: gpu.host.run("curl --fail --silent http://127.0.0.1:11434/api/version").rc == 0)
    assert gpu.run("find /etc/systemd/system /var/lib/keepwarm-ollama -name '*keepwarm*' -o -name 'ollama@*'; true") == ""


def test_what_others_made_under_those_names_is_back_and_runs(gpu: Gpu) -> None:
    assert [gpu.host.file(f"{UNITS}/{name}").content_string for name in OTHERS] == list(OTHERS.values())
    assert [gpu.show(name, "ActiveState")[0] for name in OTHERS] == ["active", "active"]
