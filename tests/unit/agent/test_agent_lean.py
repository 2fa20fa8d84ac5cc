# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing the HTTP library without what it does not need. Each import has a process of its own."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from support.agent import PROGRAM

_WHICH = "print(*sorted(name for name in ('ssl', 'chardet', 'charset_normalizer', 'requests') if sys.modules.get(name)))"


def imported(url: str, libraries: pathlib.Path, then: str = "") -> list[str]:
    """Which of them are there after it. A warning is an error, as nobody would read it."""
    search = [str(PROGRAM), str(libraries)]
    program = f"import sys\nsys.path[:0] = {search!r}\nfrom ollama_warmup.passes.lean import import_requests\nimport_requests({url!r})\n{then}\n{_WHICH}"
    done = subprocess.run([sys.executable, "-I", "-W", "error", "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def library(folder: pathlib.Path, **modules: str) -> pathlib.Path:
    """A folder of modules with these sources."""
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    return folder


def test_plain_http_goes_without_tls(tmp_path: pathlib.Path) -> None:
    detectors = library(tmp_path, chardet="__version__ = '5.2.0'", charset_normalizer="__version__ = '3.4.2'")
    assert imported("http://127.0.0.1:11434", detectors) == ["charset_normalizer", "requests"]


def test_https_has_its_tls(tmp_path: pathlib.Path) -> None:
    detectors = library(tmp_path, chardet="__version__ = '5.2.0'", charset_normalizer="__version__ = '3.4.2'")
    assert imported("https://ollama.example.org", detectors) == ["charset_normalizer", "requests", "ssl"]


@pytest.mark.parametrize("needed", ["ssl", "chardet"])
def test_a_version_that_cannot_do_without_gets_it(tmp_path: pathlib.Path, needed: str) -> None:
    found = library(tmp_path, chardet="", charset_normalizer="", requests=f"import {needed}")
    assert needed in imported("http://127.0.0.1:11434", found, then="import requests")  # the engine's


def test_a_host_without_it_is_not_this_modules_to_judge(tmp_path: pathlib.Path) -> None:
    found = library(tmp_path, requests="raise ImportError('there is none')")
    assert "requests" not in imported("http://127.0.0.1:11434", found)
