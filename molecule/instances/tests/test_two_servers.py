# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers with a port and models each, warm by their own word, and neither in the way of the other."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from instances.servers import NAMES, OTHERS, PINS, PORTS, UNITS, Server
from shared.gpu import SHARED, Gpu, eventually
from shared.machine import Outcome, play

SCENARIO = pathlib.Path(__file__).parents[1]


@pytest.fixture
def gpu(host: Any) -> Gpu:
    return Gpu(host)


@pytest.fixture
def servers(gpu: Gpu) -> dict[str, Server]:
    """Both warm, whatever the test before did."""
    found = {name: Server(gpu, name) for name in NAMES}
    gpu.run("systemctl start ollama.target")
    for server in found.values():
        eventually(server.is_warm)
    return found


def test_each_holds_its_own_models_and_no_others(servers: dict[str, Server]) -> None:
    assert {name: server.pinned() for name, server in servers.items()} == PINS


def test_each_runs_with_its_own_settings(servers: dict[str, Server]) -> None:
    chat, code = (servers[name].environment() for name in NAMES)
    assert [env["OLLAMA_HOST"] for env in (chat, code)] == [f"127.0.0.1:{PORTS[name]}" for name in NAMES]
    assert [env["OLLAMA_KEEP_ALIVE"] for env in (chat, code)] == ["2700s", "2700s"]
    assert [env.get("OLLAMA_NUM_PARALLEL") for env in (chat, code)] == [None, "2"]
    assert [env.get("CUDA_VISIBLE_DEVICES") for env in (chat, code)] == [None, "-1"]
    assert [env.get("OLLAMA_VULKAN") for env in (chat, code)] == [None, "0"]
    assert [env.get("OLLAMA_MODELS") for env in (chat, code)] == [None, "/srv/models-of-code"]
    assert [env["OLLAMA_MAX_LOADED_MODELS"] for env in (chat, code)] == ["4", "4"]


def test_each_has_a_timer_and_a_policy_of_its_own(servers: dict[str, Server], gpu: Gpu) -> None:
    assert [gpu.show(f"ollama-warmup@{name}.timer", "ActiveState", "UnitFileState") for name in servers] == [["active", "enabled"]] * 2
    periods = [gpu.run(f"systemctl cat ollama-warmup@{name}.timer | grep ^OnUnitInactiveSec").strip() for name in servers]
    assert periods == ["OnUnitInactiveSec=240s", "OnUnitInactiveSec=180s"]


def test_the_vendor_s_server_gave_way(gpu: Gpu) -> None:
    assert gpu.show("ollama.service", "ActiveState", "UnitFileState") == ["inactive", "disabled"]


def test_what_others_made_under_their_names_is_kept(gpu: Gpu) -> None:
    assert [gpu.host.file(f"{UNITS}/{name}.before-keepwarm").content_string for name in OTHERS] == list(OTHERS.values())


def test_a_restart_of_one_leaves_the_other_alone(servers: dict[str, Server], gpu: Gpu) -> None:
    """Its runners are the same processes; the one that was restarted is warm again by its own pass."""
    chat, code = servers["chat"], servers["code"]
    gpu.run("systemctl stop ollama-warmup@chat.timer ollama-warmup@code.timer")
    untouched, restarted = (code.main(), code.runners()), chat.main()
    gpu.run(f"systemctl restart {chat.unit}")
    eventually(chat.is_warm)
    assert chat.main() != restarted
    assert (code.main(), code.runners()) == untouched
    gpu.run("systemctl start ollama-warmup@chat.timer ollama-warmup@code.timer")


def test_the_target_stops_all_and_brings_all_back_warm(servers: dict[str, Server], gpu: Gpu) -> None:
    gpu.run("systemctl stop ollama.target")
    eventually(lambda: [gpu.show(server.unit, "ActiveState")[0] for server in servers.values()], ["inactive", "inactive"])
    gpu.run("systemctl start ollama.target")
    for server in servers.values():
        eventually(server.is_warm)


def test_a_restart_of_the_target_restarts_all(servers: dict[str, Server], gpu: Gpu) -> None:
    before = [server.main() for server in servers.values()]
    gpu.run("systemctl restart ollama.target")
    for server, main in zip(servers.values(), before):
        eventually(lambda server=server, main=main: server.main() not in ("0", main) and server.is_warm())


def test_all_start_with_the_machine(gpu: Gpu) -> None:
    assert gpu.show("ollama.target", "UnitFileState") == ["enabled"]
    assert "ollama.target" in gpu.run("systemctl list-dependencies --plain multi-user.target")


def test_the_command_tells_of_both(servers: dict[str, Server], gpu: Gpu) -> None:
    seen = json.loads(gpu.run("ollama-warmup status --json"))
    assert [(one["instance"], one["unit"], one["exit"]) for one in seen["instances"]] == [(name, f"ollama@{name}.service", 0) for name in NAMES]


def test_the_fleet_s_table_has_a_line_for_each_model_of_each_server(servers: dict[str, Server]) -> None:
    inventories = [SHARED / "inventory.yml", SCENARIO / "inventory.yml"]
    outcome = play("status", inventories, "--extra-vars=keepwarm_show_all=true", ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")
    rows = [line.strip(' "').split()[:3] for line in outcome.output.splitlines() if line.strip(' "').startswith("gpu1 ")]
    assert rows[:3] == [["gpu1", "chat", "tiny-a"], ["gpu1", "chat", "embed"], ["gpu1", "code", "tiny-b"]]
    assert "1 of 1 hosts warm" in outcome.output


def test_systemd_finds_nothing_wrong_with_their_units(gpu: Gpu) -> None:
    units = [f"{unit}@{name}.{kind}" for name in NAMES for unit, kind in (("ollama", "service"), ("ollama-warmup", "service"), ("ollama-warmup", "timer"))]
    assert gpu.run(f"systemd-analyze verify --man=no {' '.join(units)} ollama.target 2>&1 | grep -i ollama || true") == ""


@pytest.fixture
def squatter(gpu: Gpu) -> Iterator[int]:
    """Another program has this port."""
    program = "import socket, time; taken = socket.socket(); taken.bind(('127.0.0.1', 11501)); print('taken', flush=True); time.sleep(9999)"
    gpu.run(f'systemd-run --quiet --unit=squatter python3 -c "{program}"')
    eventually(lambda: "taken" in gpu.run("journalctl --quiet --unit=squatter --output=cat"))
    yield 11501
    gpu.run("systemctl stop squatter.service")


def site(*options: str) -> Outcome:
    inventories = [SHARED / "inventory.yml", SCENARIO / "inventory.yml"]
    return play("site", inventories, *options, ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")


def test_one_that_does_not_come_up_goes_back_and_each_has_its_models_again(servers: dict[str, Server], gpu: Gpu, squatter: int) -> None:
    """Both restart: one for a value that works, the other for an address that is taken. Each has a model in memory that nobody declared."""
    chat, code = servers["chat"], servers["code"]
    gpu.run(f"echo FROM /usr/share/test-models/tiny-c.gguf > /tmp/Modelfile && OLLAMA_HOST=127.0.0.1:{PORTS['code']} ollama create stray -f /tmp/Modelfile")
    chat.load("tiny-c", 512)
    code.load("stray", 1024)
    dropin = gpu.run(f"cat {UNITS}/{code.unit}.d/zz-keepwarm.conf")
    declared = yaml.safe_load((SCENARIO / "inventory.yml").read_text())["gpu_hosts"]["vars"]["code"]
    broken = {"code": {**declared, "host": f"127.0.0.1:{squatter}"}, "ollama_server_max_queue": 99, "ollama_server_ready_timeout": 20}
    outcome = site(f"--extra-vars={json.dumps(broken)}")
    assert "bind: address already in use" in outcome.messages["gpu1"]
    assert outcome.messages["gpu1"].endswith("The former settings are back, and the server answers with them")
    assert gpu.run(f"cat {UNITS}/{code.unit}.d/zz-keepwarm.conf") == dropin
    assert code.contexts()["stray:latest"] == 1024
    assert (chat.environment()["OLLAMA_MAX_QUEUE"], code.environment().get("OLLAMA_MAX_QUEUE")) == ("99", None)
    again = site()
    assert again.status == 0, again.output
    assert (chat.contexts()["tiny-c:latest"], code.contexts()["stray:latest"]) == (512, 1024)
    assert gpu.run("ls /var/lib/keepwarm-ollama/server || true") == ""
    for server, model in ((chat, "tiny-c"), (code, "stray")):
        server.unload(model)
        eventually(server.is_warm)
