# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's judge, and the judge of the judge."""

from __future__ import annotations

import pytest
from judge_rows import Rows
from judges import decoder_in_go, judge_in_njs


@pytest.fixture(scope="session", name="njs")
def njs_judge() -> Rows:
    """What driver.js says of each row."""
    return judge_in_njs


@pytest.fixture(scope="session", name="go")
def go_judge(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What go_judge reads in each row."""
    return decoder_in_go(tmp_path_factory.mktemp("go"))
