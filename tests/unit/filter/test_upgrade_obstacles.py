# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings allow no upgrade, and why."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._upgrade_obstacles import upgrade_obstacles as obstacles

FINE = {"state": "present", "install": "missing", "restart": {"ollama.service": "auto"}, "keep_releases": 1, "contained": []}
INSTALL = (
    "ollama_server_install is never, so that the Ollama of this host is not this role's to upgrade: set it to missing, or, where the vendor"
    " installed Ollama, to takeover, and run keepwarm.ollama.site once"
)
PACKAGE = (
    "ollama_server_install is package, so that the distribution's package manager upgrades this Ollama: have it do so and run keepwarm.ollama.site,"
    " which restarts the server if it still runs the former program"
)
KEEP = "ollama_server_keep_releases 0 leaves nothing to go back to: set it to 1 or more"
CONTAINED = (
    "the release of ollama.service is that of its container's image: name another one in ollama_server_container_image and run keepwarm.ollama.site,"
    " which restarts the server, and goes back to the former image if the new one does not start"
)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"install": "takeover", "keep_releases": "3"}, []),
        ({"state": "absent"}, ["ollama_server_state is absent: there is nothing to upgrade"]),
        ({"install": "never"}, [INSTALL]),
        ({"install": "package"}, [PACKAGE]),
        (
            {"restart": {"ollama@a.service": "never", "ollama@b.service": "auto", "ollama@c.service": "never"}},
            ["the restart of ollama@a.service and ollama@c.service is never, but an upgrade restarts servers: set it to auto"],
        ),
        ({"keep_releases": "0"}, [KEEP]),
        ({"install": "never", "keep_releases": 0}, [INSTALL, KEEP]),
        ({"install": "never", "contained": ["ollama.service"]}, [CONTAINED]),
    ],
)
def test_each_gets_its_sentence(settings: dict[str, Any], expected: list[str]) -> None:
    assert obstacles({**FINE, **settings}) == expected
