# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys for AWX are written from the argument specs, and what AWX hands over is what the roles take."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._input_values import misfits

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))

import survey

# As AWX's own validation of a survey_spec has them.
KEYS = {"question_name", "question_description", "variable", "type", "choices", "default", "required", "min", "max"}
TYPES = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}


def questions(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = survey.survey(name, survey.SURVEYS[name])["spec"]
    return found


def test_no_survey_is_outdated() -> None:
    assert survey.main(["check"]) is None


@pytest.mark.parametrize("name", survey.SURVEYS)
def test_a_survey_has_what_awx_asks_for(name: str) -> None:
    for question in questions(name):
        assert question.keys() == KEYS
        assert question["type"] in TYPES
        assert question["question_description"]
        assert isinstance(question["default"], {"integer": int, "float": float}.get(question["type"], str))
        assert (question["type"] == "multiplechoice") is isinstance(question["choices"], list)
        assert question["type"] != "multiplechoice" or question["default"] in question["choices"]
        assert "(" not in question["question_description"] or "O(" not in question["question_description"]


@pytest.mark.parametrize("name", survey.SURVEYS)
def test_the_roles_take_every_answer_that_a_survey_offers(name: str) -> None:
    for question in questions(name):
        role = next(role for role in ("ollama_server", "ollama_model", "ollama_warmup", "ollama_gateway") if question["variable"].startswith(f"{role}_"))
        for answer in [question["default"], *(question["choices"] or [])]:
            assert list(misfits(role, {question["variable"]: answer})) == []


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (["ollama_warmup_models"], "ollama_warmup_models is of the type list, which no question of a survey has: put it into the inventory"),
        (["ollama_server_colour", "ollama_server_version"], "ollama_server_colour: no role has such an input"),
    ],
)
def test_what_cannot_be_asked_is_refused(variables: list[str], sentence: str) -> None:
    assert survey.main(["site", *variables]) == sentence


def test_a_survey_of_one_s_own_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert survey.main(["site", "ollama_server_rocm"]) is None
    assert '"variable": "ollama_server_rocm"' in capsys.readouterr().out


def test_an_outdated_survey_is_written_anew(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "EXAMPLES", tmp_path)
    assert survey.main(["check"]) == "survey-site.json, survey-upgrade.json, survey-remove.json: run make tables"
    assert survey.main([]) is None
    assert survey.main(["check"]) is None
