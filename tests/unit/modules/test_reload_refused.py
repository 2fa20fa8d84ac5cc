# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units are neither written nor removed where systemd would take a GPU from a container as it reads them, unless that is allowed."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_units
from support.ansible_module import Entrance
from support.legacy_runtime import ALL, container, docker, make_legacy
from support.systemd_manager import UNITS, Systemd

UNIT = {"name": "ollama.service", "content": "# Ansible managed (keepwarm.ollama.ollama_server)\n[Service]\nExecStart=/bin/ollama serve\n"}


class Docked(Systemd):
    """A host with such a container."""

    def run(self, command: Sequence[str], **options: Any) -> tuple[int, str, str]:
        return docker(command, [container("ollama", "nvidia", ALL)]) if command[0] == "env" else super().run(command, **options)


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Docked:
    made = Docked(tmp_path / "host")
    make_legacy(tmp_path / "host")
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command, **options: made.run(command, **options))
    monkeypatch.setattr(ollama_units, "ROOT", made.root)
    return made


@pytest.fixture
def units(host: Docked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    return Entrance(ollama_units.main, monkeypatch, capsys, tmp_path, role="ollama_server", dropin_name="zz-keepwarm.conf")


@pytest.mark.parametrize("check", [True, False])
def test_a_reload_that_takes_a_gpu_is_refused_before_anything_is_written(host: Docked, units: Entrance, check: bool) -> None:
    sentence = units.fail(units=[UNIT], allow_daemon_reload=False, check=check)
    assert "the containers ollama would lose their GPU" in sentence
    assert (host.exists(f"{UNITS}/ollama.service"), host.calls) == (False, [])


def test_an_allowed_one_names_the_containers_and_is_made_once(host: Docked, units: Entrance) -> None:
    done = units.succeed(units=[UNIT], allow_daemon_reload=True)
    assert (host.exists(f"{UNITS}/ollama.service"), host.calls.count("daemon-reload")) == (True, 1)
    assert [warning for warning in done["warnings"] if "may have lost their GPU: ollama" in warning]
    again = units.succeed(units=[UNIT], allow_daemon_reload=False)
    assert (again["changed"], again["warnings"]) == (False, [])
