# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list that a program printed, or something else in its place."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.readers import printed_list


@pytest.mark.parametrize(
    ("output", "found"),
    [('["A=b", 5]\n', ["A=b", 5]), ("[]", []), ("null\n", []), ('{"a": 1}', []), ("", []), ("Error: no such image", []), ("[" * 100_000, [])],
)
def test_only_a_list_is_one(output: str, found: list[Any]) -> None:
    assert printed_list(output) == found
