# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated hostile requests: what the judge lets through means to Go's decoder what the judge took it for, and nothing else of it changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hostile_requests import EACH, assert_kept, generated
from judge_rows import Rows

BODIES = 1000
MANY = EACH * BODIES


@pytest.fixture(scope="module", name="cases")
def generated_cases() -> list[dict[str, Any]]:
    """Together, since each start of a program costs more than a case."""
    return generated(BODIES)


@pytest.fixture(scope="module", name="verdicts")
def verdicts_on_cases(njs: Rows, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return njs(cases)


def test_the_server_reads_what_the_judge_has_read(go: Rows, cases: list[dict[str, Any]], verdicts: list[dict[str, Any]]) -> None:
    sent = [{**case, "body": verdict.get("body") or case["body"]} for case, verdict in zip(cases, verdicts)]
    for case, verdict, meant, before in zip(cases, verdicts, go(sent), go(cases)):
        if "status" not in verdict and not meant["error"]:
            try:
                assert_kept(case, verdict, meant, before)
            except AssertionError as error:
                raise AssertionError(f"{bytes.fromhex(case['body'])!r} {case['route']} {json.dumps(case['settings'])} {verdict} {meant}") from error


def test_enough_of_what_is_generated_gets_through(go: Rows, cases: list[dict[str, Any]], verdicts: list[dict[str, Any]]) -> None:
    """So that the test above does not pass because all is refused."""
    passed = [case for case, verdict in zip(cases, verdicts) if "status" not in verdict]
    edited = [verdict for verdict in verdicts if verdict.get("body")]
    assert {verdict["status"] for verdict in verdicts if "status" in verdict} == {400, 403}
    assert len(edited) > MANY / 20
    assert sum(not meant["error"] for meant in go(passed)) > MANY / 5
