# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After check mode the bare host is what it was before: files, accounts and units."""

from __future__ import annotations

from life.life import Host


def test_nothing_was_changed() -> None:
    assert Host("gpu1").difference() == {}
