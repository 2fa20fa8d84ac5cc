# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After check mode each host is what it was before: files, accounts and units."""

from __future__ import annotations

import pytest
from life.life import HOSTS, Host


@pytest.mark.parametrize("name", HOSTS)
def test_nothing_was_changed(name: str) -> None:
    assert Host(name).difference() == {}
