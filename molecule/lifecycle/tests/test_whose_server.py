# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server is the unit's, at whatever address of the host it listens, and nobody else is taken for it; any user may ask."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from shared.gpu import PASS, SERVER, TIMER, Gpu, eventually

FOLDER = "/etc/systemd/system/ollama.service.d"
AS_NOBODY = "setpriv --reuid=nobody --regid=nogroup --clear-groups"


def codes(gpu: Gpu) -> dict[str, int]:
    """How each view ends."""
    return {view: gpu.host.run(f"ollama-warmup {view}").rc for view in ("check", "status", "wait --timeout 1")}


def lan(gpu: Gpu) -> str:
    """The host's address in its network."""
    return gpu.run("hostname -I").split()[0]


@pytest.fixture
def on_lan(gpu: Gpu) -> Iterator[Gpu]:
    """The server listens on an address of the host's that is not loopback, and nowhere else; no pass is made but those asked for."""
    gpu.run(f"printf '[Service]\\nEnvironment=OLLAMA_HOST={lan(gpu)}:11434\\n' > {FOLDER}/zzz-lan.conf")
    gpu.run(f"systemctl daemon-reload && systemctl restart {SERVER}")
    gpu.play()
    gpu.run(f"systemctl stop {TIMER}")
    eventually(lambda: gpu.host.run("ollama-warmup run").rc, 0)
    yield gpu
    gpu.run(f"rm {FOLDER}/zzz-lan.conf && systemctl daemon-reload && systemctl restart {SERVER}")
    gpu.play()


def test_a_server_on_an_address_of_the_lan_is_the_hosts_own(on_lan: Gpu) -> None:
    allowed = on_lan.show(PASS, "IPAddressAllow", "IPAddressDeny")
    assert lan(on_lan) in allowed[0]
    assert allowed[1].split() == ["0.0.0.0/0", "::/0"]
    assert set(codes(on_lan).values()) == {0}
    on_lan.run("pkill --signal KILL llama-server")
    assert len(json.loads(on_lan.run(f"curl --fail --silent http://{lan(on_lan)}:11434/api/ps"))["models"]) >= 2, "it goes on listing them"
    assert codes(on_lan) == {"check": 1, "status": 1, "wait --timeout 1": 1}
    eventually(lambda: on_lan.host.run("ollama-warmup run").rc, 0)
    on_lan.run(f"systemctl stop {SERVER}")
    assert codes(on_lan) == {"check": 4, "status": 4, "wait --timeout 1": 1}


@pytest.fixture
def impostor(calm: Gpu) -> Iterator[Gpu]:
    """The server was killed and waits to be started anew; nobody's program answers as the server did, word for word."""
    calm.run(
        "mkdir -p /srv/impostor/api && for list in ps tags version; do"
        " curl --fail --silent http://127.0.0.1:11434/api/$list > /srv/impostor/api/$list; done"
    )
    calm.run(f"printf '[Service]\\nRestartSec=1h\\n' > {FOLDER}/zzz-later.conf && systemctl daemon-reload")
    calm.run(f"systemctl kill --signal=KILL --kill-whom=main {SERVER}")
    eventually(lambda: calm.show(SERVER, "SubState"), ["auto-restart"])
    program = "/usr/bin/python3 -m http.server 11434 --bind 127.0.0.1 --directory /srv/impostor"
    calm.run(f"systemd-run --quiet --unit=impostor --uid=nobody {program}")
    eventually(lambda: set(calm.pinned()) >= {"tiny-a:latest"})
    yield calm
    calm.run(f"systemctl stop impostor && rm -r /srv/impostor {FOLDER}/zzz-later.conf && systemctl daemon-reload && systemctl restart {SERVER}")


def test_a_program_on_the_port_of_a_server_that_is_down_is_not_the_server(impostor: Gpu) -> None:
    assert codes(impostor) == {"check": 3, "status": 3, "wait --timeout 1": 1}
    said = impostor.host.run("ollama-warmup check").stdout
    assert f"{SERVER} is activating (auto-restart) and has no process: whatever answers at http://127.0.0.1:11434 is another program" in said
    assert "resident" not in impostor.host.run("ollama-warmup status").stdout.replace("was resident", "")


def test_a_server_that_was_not_started_in_this_boot_was_stopped_by_nobody(gpu: Gpu) -> None:
    gpu.run(f"printf '[Unit]\\nConditionPathExists=/srv/may-start\\n' > {FOLDER}/zzz-condition.conf")
    gpu.reboot()
    eventually(lambda: gpu.show(SERVER, "ActiveState", "ConditionResult"), ["inactive", "no"])
    assert (codes(gpu)["check"], codes(gpu)["status"]) == (3, 3)
    gpu.run(f"rm {FOLDER}/zzz-condition.conf && systemctl daemon-reload && systemctl start {SERVER}")
    eventually(gpu.is_warm)
    gpu.run(f"systemctl stop {SERVER}")
    assert (codes(gpu)["check"], codes(gpu)["status"]) == (4, 4)
    gpu.run(f"systemctl start {SERVER}")


def test_every_local_user_may_ask(gpu: Gpu) -> None:
    for view in ("status", "check", "wait --timeout 1"):
        done = gpu.host.run(f"{AS_NOBODY} ollama-warmup {view}")
        assert (view, done.rc, done.stderr) == (view, 0, "")
    seen = json.loads(gpu.run(f"{AS_NOBODY} ollama-warmup status --json"))
    assert [(model["resident"], model["after"]["alive"]) for model in seen["models"]] == [(True, True)] * len(seen["models"])
