# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook remove takes all of ours away. Models and what was there before stay, a unit of somebody else's among it."""

from __future__ import annotations

import shlex
from typing import Any

from conftest import DROPIN, INVENTORIES, UNIT, Contained
from shared.gpu import SERVER, eventually
from shared.machine import Outcome, play

CONFIRMED = ["--extra-vars", "keepwarm_remove_confirmed=true"]
NAMED = r"\( -name '*keepwarm*' -o -name '*ollama-warm*' -o -name 'ollama.*' \)"
OTHERS = " ".join(f"-path {folder} -prune -o" for folder in ("/var/lib/containers", "/run/containers", "/run/systemd"))
FIND_OURS = f"find /etc /usr/local /var/lib /run {OTHERS} {NAMED} -print"
THEIRS = """\
[Container]
Image=localhost/ollama:1
ContainerName=ollama
Network=host
Environment=OLLAMA_HOST=127.0.0.1:11434 OLLAMA_MODELS=/srv/models
Volume=/srv/models:/srv/models
PodmanArgs=--cgroups=disabled
[Install]
WantedBy=multi-user.target
"""
NOT_DECLARED = {"ollama_server_container_image": None, "ollama_server_container_memory": None, "ollama_server_models": None, "ollama_server_podman_args": []}


def remove() -> Outcome:
    return play("remove", INVENTORIES, *CONFIRMED)


def test_nothing_of_ours_is_left_and_models_and_the_image_stay(host: Any) -> None:
    gpu = Contained(host)
    outcome = remove()
    assert outcome.status == 0, outcome.output
    assert gpu.run(FIND_OURS) == ""
    assert gpu.run("podman ps --all --quiet 2>/dev/null; systemctl list-units --all --plain --no-legend '*ollama*'") == ""
    assert gpu.run("ls /srv/models").split() == ["blobs", "manifests"]
    assert gpu.run("podman images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | grep localhost").split() == ["localhost/ollama:1"]


def test_a_unit_of_somebody_elses_gets_a_dropin_alone(host: Any) -> None:
    gpu = Contained(host)
    gpu.run(f"printf '%s' {shlex.quote(THEIRS)} > {UNIT}; systemctl daemon-reload; systemctl start {SERVER}")
    outcome = gpu.site(**NOT_DECLARED)
    assert (outcome.status, gpu.run(f"cat {UNIT}").strip()) == (0, THEIRS.strip()), outcome.output
    found = gpu.container()
    assert "OLLAMA_KEEP_ALIVE=2700s" in found["environment"] and found["command"][-1] == "localhost/ollama:1"
    assert "Image=" not in gpu.run(f"cat {DROPIN}")
    eventually(gpu.has_both_runners)


def test_its_unit_stays_and_serves_without_ours(host: Any) -> None:
    gpu = Contained(host)
    outcome = remove()
    assert (outcome.status, gpu.run(f"cat {UNIT}").strip(), gpu.show(SERVER, "ActiveState")) == (0, THEIRS.strip(), ["active"]), outcome.output
    assert gpu.run(FIND_OURS).split() == [UNIT, "/run/ollama.cid"]
    assert "OLLAMA_KEEP_ALIVE=2700s" not in gpu.container()["environment"]


def test_removing_again_changes_nothing(host: Any) -> None:
    again = remove()
    assert (again.status, again.changed) == (0, []), again.output
