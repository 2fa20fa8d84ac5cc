# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook remove takes all of ours away. Models and what was there before stay."""

from __future__ import annotations

from conftest import INVENTORIES, Contained
from shared.machine import play

NAMED = r"\( -name '*keepwarm*' -o -name '*ollama-warm*' -o -name 'ollama.*' \)"
FIND_OURS = f"find /etc /usr/local /var/lib /run -path /var/lib/containers -prune -o {NAMED} -print"


def test_nothing_of_ours_is_left(gpu: Contained) -> None:
    outcome = play("remove", INVENTORIES, "--extra-vars", "keepwarm_remove_confirmed=true")
    assert outcome.status == 0, outcome.output
    assert gpu.run(f"{FIND_OURS} | grep -v /run/systemd/journal || true") == ""
    assert gpu.run("podman ps --all --quiet 2>/dev/null; systemctl list-units --all --plain --no-legend '*ollama*'") == ""


def test_models_and_the_image_that_was_there_stay(host: object) -> None:
    gpu = Contained(host)
    assert gpu.run("ls /srv/models").split() == ["blobs", "manifests"]
    assert "localhost/ollama" in gpu.run("podman images --format '{{.Repository}}' 2>/dev/null")


def test_removing_again_changes_nothing(host: object) -> None:
    again = play("remove", INVENTORIES, "--extra-vars", "keepwarm_remove_confirmed=true")
    assert (again.status, again.changed) == (0, []), again.output
