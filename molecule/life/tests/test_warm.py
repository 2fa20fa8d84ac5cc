# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One play has made each host warm, with every feature on."""

from __future__ import annotations

import pytest
from life.life import HOSTS, Host

RUNNING = (
    "ollama-warmup.timer", "ollama-warmup-wake.path", "ollama-warmup-watch.service", "ollama-warmup-notify.path", "ollama-warmup-restart.path",
    "ollama-warmup-ready.socket",
)  # fmt: skip
WRITTEN = ("/etc/systemd/system/my-api.service.d/50-ollama-warm-gate.conf", "/var/lib/prometheus/node-exporter/ollama-warmup-default.prom")


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    return Host(request.param)


def test_the_declared_models_are_resident_for_ever(host: Host) -> None:
    assert {name: expiry > "2300" for name, expiry in host.resident().items()} == {"tiny-a:latest": True, "embed:latest": True}


def test_every_feature_is_on(host: Host) -> None:
    assert {unit: host.property(unit, "ActiveState") for unit in RUNNING} == dict.fromkeys(RUNNING, "active")
    assert set(WRITTEN) <= host.difference().keys()


def test_load_balancers_are_answered(host: Host) -> None:
    """The program that does runs when it is removed."""
    assert host.run("curl --fail --silent http://127.0.0.1:11436/ready/tiny-a").strip() == "resident"
    assert host.property("ollama-warmup-ready.service", "ActiveState") == "active"


def test_the_server_is_of_the_mirror() -> None:
    assert '"0.32.15"' in Host("gpu1").run("curl --fail --silent http://127.0.0.1:11434/api/version")
