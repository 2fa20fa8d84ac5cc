# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be deployed is refused, and the server left alone. With `FULL=1`: a play each, whose sentences unit tests have, too."""

from __future__ import annotations

import pytest
from conftest import Contained


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ollama_server_deployment": "podman"}, "ollama_server_deployment is 'podman', not one of systemd, "),
        ({"ollama_server_container_image": "localhost/nowhere:1"}, "the image localhost/nowhere:1 is not on this host"),
        ({"ollama_server_container_image": "127.0.0.1:9/nowhere:1"}, "the image 127.0.0.1:9/nowhere:1 cannot be pulled"),
        ({"ollama_server_models": "/srv/a:b"}, "has a colon"),
        ({"ollama_server_install": "missing"}, "leave it at never"),
    ],
)
def test_what_cannot_be_is_refused_and_the_server_left_alone(gpu: Contained, variables: dict[str, object], sentence: str) -> None:
    before = gpu.state()
    outcome = gpu.site(**variables)
    assert outcome.status == 2 and sentence in str(outcome.messages), outcome.output
    assert gpu.state() == before
