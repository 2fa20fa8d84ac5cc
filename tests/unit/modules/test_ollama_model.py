# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals, and what is told while it runs, through the module's real entry point."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._progress_file import ProgressFile
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.transfer import Progress
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_model
from support.ansible_module import Entrance
from support.fake_server import FakeClock

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def entrance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> Entrance:
    return Entrance(ollama_model.main, monkeypatch, capsys, tmp_path)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"models": [{"name": "a b"}]}, "model 'a b'"),
        ({"models": [], "prune": "unlisted"}, "would delete every model"),
        ({"models": [{"name": "a", "modelfile": "FROM x\nADAPTER y"}]}, "'ADAPTER', which is not supported here"),
        ({"models": [], "url": "ftp://x"}, "url 'ftp://x'"),
        ({"models": [], "stall_timeout": 0}, "stall_timeout 0 is not between 0 and 86400 seconds"),
        ({"models": [], "retries": -1}, "retries -1 is below 0"),
    ],
)
def test_what_is_refused_before_anything_is_asked(entrance: Entrance, check: bool, options: dict[str, Any], sentence: str) -> None:
    assert sentence in entrance.fail(**{"url": NOBODY, **options}, check=check)


def test_a_server_that_is_not_there_fails_the_run_and_is_warned_about_in_check_mode(entrance: Entrance) -> None:
    assert "no Ollama server answers" in entrance.fail(url=NOBODY, models=[{"name": "a"}])
    expected = entrance.succeed(url=NOBODY, models=[{"name": "a"}], check=True)
    assert not expected["changed"]
    assert "cannot be predicted" in expected["warnings"][0]


def test_check_mode_before_a_server_is_installed(entrance: Entrance, tmp_path: pathlib.Path) -> None:
    (tmp_path / "b.gguf").write_bytes(b"GGUF")
    models = [{"name": "a"}, {"name": "b", "gguf": f"{tmp_path}/b.gguf"}, {"name": "c", "state": "absent"}, {"name": "d", "modelfile": "FROM a"}]
    expected = entrance.succeed(url=NOBODY, models=models, expected={"empty": True}, check=True, diff=True)
    assert expected["changed"] and not expected["warnings"]
    assert {model["name"]: model["action"] for model in expected["models"]} == {"a": "pull", "b": "create", "c": "none", "d": "create"}
    assert [line.split(":")[0] for line in expected["diff"]["after"].splitlines()] == ["a", "b", "d"]


def test_check_mode_before_a_server_is_installed_names_a_file_that_is_not_there(entrance: Entrance, tmp_path: pathlib.Path) -> None:
    models = [{"name": "b", "gguf": f"{tmp_path}/b.gguf"}]
    assert "b.gguf' cannot be read on the host" in entrance.fail(url=NOBODY, models=models, expected={"empty": True}, check=True)


def test_what_cannot_be_made_is_expected_as_no_change(entrance: Entrance, tmp_path: pathlib.Path) -> None:
    models = [{"name": "b", "gguf": str(tmp_path / "b.gguf")}]
    expected = entrance.run(url=NOBODY, models=models, expected={"empty": True}, check=True)
    assert (expected["failed"], expected["changed"]) == (True, False)


def test_a_run_does_not_assume_that_there_is_nothing(entrance: Entrance) -> None:
    assert "no Ollama server answers" in entrance.fail(url=NOBODY, models=[{"name": "a"}], expected={"empty": True})


def test_the_progress_file_is_news_at_most_twice_a_second(tmp_path: pathlib.Path) -> None:
    clock, path = FakeClock(), tmp_path / "progress"
    seen = []
    with ProgressFile(str(path), clock.monotonic) as file:
        for completed in range(10):
            file.tell("a", Progress("pulling x", completed, 10))
            seen.append(json.loads(path.read_text())["text"])
            clock.sleep(0.2)
        file.tell("a", Progress("success"))
        assert json.loads(path.read_text()) == {"model": "a", "text": "success"}
    assert not path.exists()
    assert seen == [f"pulling x: {percent} % of 10 B" for percent in (0, 0, 0, 30, 30, 30, 60, 60, 60, 90)]


def test_without_a_path_nothing_is_written(tmp_path: pathlib.Path) -> None:
    with ProgressFile(None, FakeClock().monotonic) as file:
        file.tell("a", Progress("success"))
    assert list(tmp_path.iterdir()) == []
