# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator is told of an upgrade that failed somewhere."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._upgrade_report import upgrade_report as report

RECORD = {"previous": "0.30.0", "version": "0.33.0", "resident": {"ollama@one.service": ["a", "b"], "ollama@two.service": ["a"]}}
FAILED = "The upgrade of Ollama to 0.33.0 failed: the server is silent. "
AGAIN = "run keepwarm.ollama.upgrade again, which goes on with it."


@pytest.mark.parametrize(
    ("record", "told", "expected"),
    [
        (RECORD, {"failure": "the server is silent"}, FAILED + "It was undone, and Ollama 0.30.0 serves again, with a and b in memory."),
        ({**RECORD, "resident": {}}, {"failure": "the server is silent"}, FAILED + "It was undone, and Ollama 0.30.0 serves again, with no model in memory."),
        (None, {"failure": "the disk is full"}, "The upgrade of Ollama to 0.34.0 failed: the disk is full. Nothing that runs on this host was changed."),
        (
            RECORD,
            {"failure": "the server is silent", "undoing": "the old one, too"},
            FAILED + f"It could not be undone: the old one, too. The host is not put back into service; {AGAIN}",
        ),
        (
            RECORD,
            {"failure": "the server is silent", "ending": "no balancer"},
            FAILED + "It was undone, and Ollama 0.30.0 serves again, with a and b in memory. What ends the upgrade failed, though: no balancer; " + AGAIN,
        ),
        (RECORD, {"ending": "no balancer"}, f"Ollama 0.33.0 serves, with a and b in memory. What ends the upgrade failed, though: no balancer; {AGAIN}"),
    ],
)
def test_what_failed_what_serves_and_what_to_do(record: dict[str, Any] | None, told: dict[str, str], expected: str) -> None:
    assert report(record, "0.34.0", **told) == expected


def test_what_is_declared_would_bring_the_undone_release_back() -> None:
    assert report(RECORD, "0.33.0", failure="the server is silent", ending="no balancer") == (
        FAILED + "It was undone, and Ollama 0.30.0 serves again, with a and b in memory."
        " Put ollama_server_version back to 0.30.0 where it is declared, since keepwarm.ollama.site would install 0.33.0 again."
        f" What ends the upgrade failed, though: no balancer; {AGAIN}"
    )


@pytest.mark.parametrize(
    ("record", "told", "expected"),
    [
        (
            RECORD,
            {"failure": "the server is silent", "resumed": True},
            "A run would go on undoing the upgrade of Ollama to 0.33.0, which failed: the server is silent."
            " Ollama 0.30.0 would serve again, with a and b in memory. Nothing was changed.",
        ),
        (
            RECORD,
            {"failure": "the server is silent", "resumed": True, "undoing": "the old one is gone"},
            "A run would go on undoing the upgrade of Ollama to 0.33.0, which failed: the server is silent."
            " It could not be undone: the old one is gone. Nothing was changed.",
        ),
        (RECORD, {"failure": "no room"}, "The upgrade of Ollama to 0.33.0 would fail: no room. Nothing was changed."),
        (None, {"failure": "no room"}, "The upgrade of Ollama to 0.34.0 would fail: no room. Nothing was changed."),
        (RECORD, {"ending": "no balancer"}, "What ends the upgrade would fail: no balancer. Nothing was changed."),
    ],
)
def test_check_mode_claims_nothing_that_was_not_done(record: dict[str, Any] | None, told: dict[str, Any], expected: str) -> None:
    assert report(record, "0.34.0", predicted=True, **told) == expected
