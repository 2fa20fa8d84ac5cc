# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be deployed is refused, and the host left alone. With `FULL=1`: a play each, whose sentences unit tests have, too."""

from __future__ import annotations

from typing import Any

import pytest
from managed import Managed


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ollama_server_docker_host": "unix:///run/nowhere.sock"}, "the engine does not answer docker: Cannot connect to the Docker daemon at"),
        ({"ollama_server_container_image": "localhost/nowhere:1"}, "the image localhost/nowhere:1 is not on this host"),
        ({"ollama_server_deployment": "docker"}, "ollama_server_deployment is 'docker', no way to deploy a server"),
        ({"ollama_server_podman_args": ["--cgroups=disabled"]}, "where docker compose makes the container: leave it out"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(host: Any, variables: dict[str, object], sentence: str) -> None:
    gpu = Managed(host)
    before = gpu.state()
    outcome = gpu.site(**variables)
    assert (outcome.status, outcome.changed, gpu.state()) == (2, [], before), outcome.output
    assert sentence in str(outcome.messages)
