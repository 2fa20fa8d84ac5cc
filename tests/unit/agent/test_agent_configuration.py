# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration is taken as it is meant, or refused with one sentence for each problem."""

from __future__ import annotations

from typing import Any

import pytest
from ollama_warmup.configuration import ConfigurationError, load, parse

GOOD: dict[str, Any] = {
    "url": "http://127.0.0.1:11500/",
    "unit": "ollama-two.service",
    "policy": {"models": [{"name": "qwen3:8b"}], "strict": True},
    "deadlines": {"load": 77},
    "ready_timeout": 33,
}
METRICS = {"textfile_directory": "/srv/text", "period": 7.5, "longest_pass": 90_000}


def test_everything_is_read() -> None:
    found = parse(GOOD)
    assert (found.url, found.unit, found.ready_timeout) == ("http://127.0.0.1:11500", "ollama-two.service", 33.0)
    assert found.deadlines == {"connect": 5.0, "answer": 20.0, "load": 77.0}
    assert (found.policy.strict, found.policy.models[0].declared) == (True, "qwen3:8b")


def test_metrics_are_wanted_or_not() -> None:
    assert parse(GOOD).metrics is None
    found = parse({**GOOD, "metrics": METRICS}).metrics
    assert found is not None and vars(found) == METRICS


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"url": None}, "url '' is not the address of an HTTP server: write it as http://127.0.0.1:11434"),
        ({"url": "http://me@host"}, "url of 'host' holds a user name"),
        ({"unit": "ollama"}, "unit 'ollama' is not the name of a service: use a name such as ollama.service"),
        ({"unit": "../x.service"}, "unit '../x.service' is not the name of a service"),
        ({"policy": None}, "the policy is None, not a mapping"),
        ({"policy": {"models": [{"name": "a", "keep_alive": "5m"}]}}, "model 'a': keep_alive '5m' on a pin is finite"),
        ({"deadlines": 5}, "deadlines is 5, not a mapping with the keys connect, answer, load"),
        ({"deadlines": {"laod": 5}}, "deadlines has the unknown key 'laod': known are connect, answer, load"),
        ({"deadlines": {"load": 0}}, "deadlines.load 0 is not a number of seconds above 0 and up to 86400"),
        ({"ready_timeout": True}, "ready_timeout True is not a number of seconds"),
        ({"ready_timeout": "5m"}, "ready_timeout '5m' is not a number of seconds"),
        ({"metrics": True}, "metrics is True, not a mapping with the keys textfile_directory, period, longest_pass"),
        ({"metrics": {**METRICS, "period": 0}}, "metrics.period 0 is not a number of seconds above 0"),
        ({"metrics": {**METRICS, "longest_pass": True}}, "metrics.longest_pass True is not a number of seconds above 0"),
        ({"metrics": {**METRICS, "textfile_directory": "x"}}, "metrics.textfile_directory 'x' is not the path of a folder: use one such as /var"),
        ({"interval": 3}, "the configuration has the unknown key 'interval'"),
    ],
)
def test_each_problem_is_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse({**GOOD, **change})
    assert [problem[: len(sentence)] for problem in caught.value.problems] == [sentence]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse({"url": "x", "unit": 3, "policy": {"models": [{"name": ""}, {"name": "y:cloud"}]}, "ready_timeout": -1})
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize(("text", "sentence"), [("", "is not JSON"), ("[]", "holds no JSON object"), ("[" * 100_000, "is not JSON"), ("\x00", "is not JSON")])
def test_a_file_that_is_no_configuration_is_told(tmp_path: Any, text: str, sentence: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=sentence):
        load(str(path))


def test_a_file_that_is_not_there_is_told(tmp_path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"x\.json cannot be read: No such file or directory"):
        load(str(tmp_path / "x.json"))
