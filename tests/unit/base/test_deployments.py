# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way to deploy a server has its files at one place, and from a file the way and the service are known."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.deployments import DEPLOYMENTS, QUADLET, SYSTEMD, deployment_of, service_of


@pytest.mark.parametrize("service", ["ollama.service", "ollama@a.service"])
@pytest.mark.parametrize("word", list(DEPLOYMENTS))
def test_unit_files_and_dropins_tell_their_deployment_and_their_service(word: str, service: str) -> None:
    way = DEPLOYMENTS[word]
    paths = (way.unit_file(service), way.dropin(service))
    assert [(deployment_of(path), service_of(path)) for path in paths] == [(way, service)] * 2


def test_a_container_has_a_unit_of_podmans() -> None:
    assert QUADLET.unit_file("ollama.service") == "/etc/containers/systemd/ollama.container"
    assert QUADLET.dropin("ollama@a.service") == "/etc/containers/systemd/ollama@a.container.d/zz-keepwarm.conf"


@pytest.mark.parametrize("name", ["ollama-warm.target", "ollama-warmup.timer", "/etc/systemd/system/ollama.target"])
def test_what_makes_no_service_keeps_its_name(name: str) -> None:
    assert (deployment_of(name), service_of(name)) == (SYSTEMD, name.rpartition("/")[2])
