# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ollama from the distribution's package: the package's unit, account and version; a drop-in, a restart and a removal of ours."""

from __future__ import annotations

import pytest
from conftest import Host
from shared.machine import Outcome

DECLARED = {"ollama_server_install": "package", "ollama_server_package": "ollama", "ollama_server_models": None, "ollama_server_gpu": "none"}
UNIT = "systemctl show --property=FragmentPath,User,UnitFileState,ActiveState ollama.service"
DROPIN = "/etc/systemd/system/ollama.service.d/zz-keepwarm.conf"


def apt_knows(host: Host, version: str) -> None:
    host.run(f"echo 'deb [trusted=yes] file:/srv/packages/{version} ./' >/etc/apt/sources.list.d/ollama.list")


def test_check_mode_says_what_would_be_installed(packaged: Host) -> None:
    apt_knows(packaged, "0.32.15")
    before = packaged.state()
    outcome = packaged.play("--check", **DECLARED)
    assert outcome.status == 0, outcome.output
    assert "ollama would be installed" in outcome.output
    assert packaged.state() == before


@pytest.fixture(scope="module")
def installed(packaged: Host) -> Outcome:
    apt_knows(packaged, "0.32.15")
    return packaged.play(**DECLARED, ollama_server_keep_alive="47m")


def test_the_package_s_own_unit_runs_with_our_settings(packaged: Host, installed: Outcome) -> None:
    assert installed.status == 0, installed.output
    assert packaged.version() == "0.32.15"
    unit = {"FragmentPath=/usr/lib/systemd/system/ollama.service", "User=ollama", "UnitFileState=enabled", "ActiveState=active"}
    assert set(packaged.run(UNIT).split()) == unit
    pid = packaged.process()
    assert packaged.run(f"tr '\\0' '\\n' </proc/{pid}/environ | grep ^OLLAMA_KEEP_ALIVE=").strip() == "OLLAMA_KEEP_ALIVE=2820s"
    assert packaged.run("test ! -e /etc/systemd/system/ollama.service && test ! -e /opt/ollama && dpkg --search /usr/bin/ollama") == "ollama: /usr/bin/ollama"


def test_a_second_run_changes_nothing(packaged: Host, installed: Outcome) -> None:
    before = packaged.state()
    outcome = packaged.play(**DECLARED, ollama_server_keep_alive="47m")
    assert (outcome.status, outcome.changed, packaged.state()) == (0, [], before), outcome.output


def test_an_update_by_the_package_manager_is_followed_by_a_restart(packaged: Host, installed: Outcome) -> None:
    apt_knows(packaged, "0.33.1")
    packaged.run("apt-get update -o Dir::Etc::sourcelist=sources.list.d/ollama.list -o Dir::Etc::sourceparts=- && apt-get install --yes ollama")
    before, pid = packaged.run(UNIT), packaged.process()
    outcome = packaged.play(**DECLARED, ollama_server_keep_alive="47m")
    assert outcome.status == 0, outcome.output
    assert (packaged.version(), packaged.run(UNIT)) == ("0.33.1", before)
    assert packaged.process() != pid


def test_a_release_of_ours_is_not_put_under_a_package(packaged: Host, gpu1: Host, installed: Outcome) -> None:
    """Nor a package under one: each host keeps what it has."""
    outcome = packaged.play(ollama_server_install="missing", ollama_server_keep_alive="47m", ollama_server_models=None, ollama_server_gpu="none")
    assert outcome.status == 0, outcome.output
    assert "/usr/lib/systemd/system/ollama.service is not this role's" in outcome.output
    assert "is this role's and runs /opt/ollama/current/bin/ollama, but ollama_server_install is package" in gpu1.refusal(**DECLARED)


def test_the_package_stays_when_the_role_goes(packaged: Host, installed: Outcome) -> None:
    outcome = packaged.play(**DECLARED, ollama_server_state="absent")
    assert outcome.status == 0, outcome.output
    assert packaged.run(f"test ! -e {DROPIN} && dpkg --status ollama | grep ^Status:") == "Status: install ok installed"
    assert packaged.version() == "0.33.1"
