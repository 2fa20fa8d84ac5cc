# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried inside a server's sandbox; the probe itself runs here without one."""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import trial
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile

UNIT = "ollama.service"


def probe(folder: str | None = None, address: tuple[str, int] | None = None) -> dict[str, Any]:
    """What the probe tells."""
    wanted = json.dumps({"folder": folder, "address": address})
    done = subprocess.run([sys.executable, "-I", "-c", trial.PROBE, wanted], capture_output=True, text=True, check=True)
    told = trial.answer(done.stdout)
    assert told is not None
    return told


def test_the_deepest_folder_that_there_is_is_tried(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    assert probe(f"{tmp_path}/a/b") == {"folder": str(tmp_path), "usable": True}
    assert probe(f"{tmp_path}/file/b") == {"folder": f"{tmp_path}/file", "usable": False}
    (tmp_path / "nowhere").symlink_to("/nonexistent")
    assert probe(f"{tmp_path}/nowhere") == {"folder": f"{tmp_path}/nowhere", "usable": False}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (("127.0.0.1", 11434), None),
        (("", 0), None),
        (("localhost", 0), None),
        (("192.0.2.1", 11434), "this host does not have that address"),
    ],
)
def test_an_address_must_be_this_host_s(address: tuple[str, int], reason: str | None) -> None:
    assert probe(address=address) == {"address": reason}


def test_a_port_that_is_in_use_says_nothing_against_the_address() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert probe(address=("127.0.0.1", server.getsockname()[1])) == {"address": None}


def test_a_name_that_nobody_has_is_told() -> None:
    assert str(probe(address=("no-such-host.invalid", 1234))["address"]).startswith("no host of that name is known: ")


def test_the_sandbox_is_the_unit_s_with_what_the_drop_in_adds() -> None:
    shown = {"User": "ollama", "ProtectHome": "yes", "ReadWritePaths": '"/srv/a b"', "CapabilityBoundingSet": "", "RootDirectory": ""}
    dropin = UnitFile("", '[Unit]\nAfter=x\n[Service]\nEnvironment="A=b"\nReadWritePaths="/srv/50%% more"\nProtectHome=no\n')
    assert trial.sandbox(shown, None, trial.IDENTITY) == ["User=ollama"]
    assert trial.sandbox(shown, dropin, trial.PROPERTIES) == [
        "User=ollama",
        "ProtectHome=yes",
        'ReadWritePaths="/srv/a b"',
        "CapabilityBoundingSet=",
        'ReadWritePaths="/srv/50% more"',
        "ProtectHome=no",
    ]


def test_who_keeps_the_server_from_a_folder_is_said() -> None:
    usable, unusable = {"folder": "/home", "usable": True}, {"folder": "/home", "usable": False}
    assert trial.folder_problem(UNIT, "ollama", "/home/m", usable, usable, "") is None
    assert trial.folder_problem(UNIT, "ollama", "/home/m", usable, None, "") is None
    said = trial.restrictions(["User=ollama", "ProtectHome=yes", "ProtectSystem=no", "PrivateTmp=yes"])
    assert trial.folder_problem(UNIT, "ollama", "/home/m", usable, unusable, said) == (
        "ollama_server_models is /home/m, but the sandbox of ollama.service (ProtectHome=yes) keeps the server from writing /home: name another"
        " folder, or allow it in a drop-in of your own."
    )
    assert trial.folder_problem(UNIT, "ollama", "/home/m", unusable, unusable, said) == (
        "ollama_server_models is /home/m, but the user ollama of ollama.service may not write /home or not pass through to what is below it:"
        " give it the right to, or name another folder."
    )


def test_what_is_no_answer_is_none() -> None:
    assert [trial.answer(text) for text in ("", "[1]", "{", "Failed to start")] == [None] * 4
