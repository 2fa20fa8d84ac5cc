# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/how-to/logs.md tells people to configure reads the agent's lines."""

from __future__ import annotations

import json
import pathlib
import re

import logfmt.parser
import pytest
from ollama_warmup import journal

TOP = pathlib.Path(__file__).parents[2]
PAGE = (TOP / "docs/how-to/logs.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^event=.*$", PAGE, re.MULTILINE)
LINES = [
    {"model": "tiny-a:latest", "drift": "dead_runner", "cause": "runner_died", "evidence": "observed"},
    {"model": "hf.co/a/b:Q4_K_M", "seconds": 0.358, "action": "revive", "load_seconds": 0.321},
    {"reason": 'the server said "no", and a=b'},
    {"reason": "two\nlines\tand a tab"},
    {"reason": "", "path": "/run/ollama-warmup/default/wake"},
    {"by": "root", "reason": "new GPU"},
]


def written(fields: dict[str, object]) -> dict[str, str]:
    """What a reader has to find in the line: every value as one line of text."""
    return {"event": "test", **{key: " ".join(str(value).split()) for key, value in fields.items()}}


def elasticsearch(line: str) -> dict[str, str]:
    """As the ingest processor `kv` does: split by the one pattern, each part once by the other, strip quotes."""
    (block,) = [json.loads(found) for found in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    options = block["processors"][0]["kv"]
    assert options["strip_brackets"] is True
    parts = [re.split(options["value_split"], part, maxsplit=1) for part in re.split(options["field_split"], line)]
    return {key: value.strip('"') for key, value in parts}


@pytest.mark.parametrize("fields", LINES, ids=str)
def test_a_line_is_logfmt(fields: dict[str, object]) -> None:
    assert logfmt.parser.parse_line(journal.line("test", **fields)) == written(fields)


def test_a_value_in_quotes_is_a_json_text_as_loki_reads_it() -> None:
    reason = 'C:\\models\\x "y"'
    assert json.loads(journal.line("test", reason=reason).partition("reason=")[2]) == reason


@pytest.mark.parametrize("line", SHOWN)
def test_the_elasticsearch_pipeline_reads_the_lines_that_the_page_shows(line: str) -> None:
    assert len(SHOWN) >= 3
    assert elasticsearch(line) == logfmt.parser.parse_line(line)


def test_a_sentence_with_blanks_is_one_field_of_the_pipeline() -> None:
    line = journal.line("hold", until="2026-11-30T18:00:37Z", reason="new GPU, back at 18:00")
    assert elasticsearch(line)["reason"] == "new GPU, back at 18:00"


def test_the_numbers_that_the_pipeline_converts_are_fields_of_the_agent() -> None:
    converted = re.findall(r'"ollama_warmup\.(\w+)", "type": "float"', PAGE)
    journal_page = (TOP / "docs/reference/journal.md").read_text(encoding="utf-8")
    assert converted
    assert [name for name in converted if name not in journal_page] == []
