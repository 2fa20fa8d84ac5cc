# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody else is taken for the server while it is down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shared.gpu import SERVER, Gpu, eventually

FOLDER = "/etc/systemd/system/ollama.service.d"


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
    assert impostor.exits("check", "status", "wait --timeout 1") == {"check": 3, "status": 3, "wait --timeout 1": 1}
    said = impostor.host.run("ollama-warmup check").stdout
    assert f"{SERVER} is activating (auto-restart) and has no process: whatever answers at http://127.0.0.1:11434 is another program" in said
    assert "resident" not in impostor.host.run("ollama-warmup status").stdout.replace("was resident", "")
