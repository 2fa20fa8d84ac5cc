# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in containers, planted. A limit of memory, a GPU that was lost, owners and labels are tested from recorded evidence."""

from __future__ import annotations

from conftest import ENGINE, Containers
from shared.gpu import eventually

FILE = "/srv/ollama/compose.yaml"
UNIT = "/etc/systemd/system/ollama-in-compose.service"
NODES = "/dev/nvidia0 /dev/nvidiactl /dev/nvidia-uvm"
PLANTED = {"environment_not_in_container", "image_tag_moved", "gpu_not_in_container"}
# After the container's start: nobody has made it anew.
PLANT = (
    f"sed -i 's/^    environment:/&\\n      OLLAMA_KEEP_ALIVE: 45m/' {FILE}",
    f"{ENGINE} commit --quiet ollama localhost/ollama:1",
    f"touch {NODES}",
)
CREATE = "cd /srv/ollama && DOCKER_HOST=unix:///run/podman/podman.sock docker compose up --detach"


def test_a_server_in_a_container_needs_no_unit_and_may_be_open_to_all(gpu: Containers) -> None:
    found = gpu.findings()
    assert "unit_missing" not in found
    assert "container_port_exposed" in found
    assert not PLANTED & found


def test_what_is_planted_is_found_and_gone_after_its_remedy(gpu: Containers) -> None:
    for command in PLANT:
        gpu.run(command)
    assert gpu.findings() >= PLANTED
    gpu.run(f"rm {NODES}")
    gpu.run(CREATE)
    eventually(gpu.is_warm_and_watched)
    assert not PLANTED & gpu.findings()


def test_a_unit_that_only_runs_a_container_is_named(gpu: Containers) -> None:
    gpu.run(f"printf '[Service]\\nExecStart=/usr/bin/podman run --rm localhost/ollama:1\\n' > {UNIT} && systemctl daemon-reload")
    found = gpu.findings()
    gpu.run(f"rm {UNIT} && systemctl daemon-reload")
    assert "unit_wraps_container" in found
