# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing what a server is asked with, without what it does not need. Each import has a process of its own."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from support.agent import PROGRAM

_WHICH = "print(*sorted(name for name in ('ssl', 'http.client', 'requests', 'needs_tls') if sys.modules.get(name)))"


def imported(url: str, libraries: pathlib.Path, first: str = "", then: str = "") -> list[str]:
    """Which of them are there after it. A warning is an error, as nobody would read it."""
    search = [str(PROGRAM), str(libraries)]
    given = f"{url!r}, first=({first!r},)" if first else f"{url!r}"
    program = f"import sys\nsys.path[:0] = {search!r}\nfrom ollama_warmup.passes.lean import import_http_client\nimport_http_client({given})\n{then}\n{_WHICH}"
    done = subprocess.run([sys.executable, "-I", "-W", "error", "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_plain_http_goes_without_tls(tmp_path: pathlib.Path) -> None:
    assert imported("http://127.0.0.1:11434", tmp_path) == ["http.client"]


def test_https_has_its_tls(tmp_path: pathlib.Path) -> None:
    assert imported("https://ollama.example.org", tmp_path) == ["http.client", "ssl"]


def test_what_cannot_do_without_comes_first(tmp_path: pathlib.Path) -> None:
    (tmp_path / "needs_tls.py").write_text("import ssl")
    assert imported("http://127.0.0.1:11434", tmp_path, first="needs_tls") == ["http.client", "needs_tls", "ssl"]


def test_a_library_that_is_not_there_is_not_this_module_s_to_judge(tmp_path: pathlib.Path) -> None:
    assert imported("http://127.0.0.1:11434", tmp_path, first="no_such_library") == ["http.client"]


def test_the_engine_s_client_needs_no_more(tmp_path: pathlib.Path) -> None:
    (tmp_path / "keepwarm").symlink_to(PROGRAM.parents[3] / "plugins/module_utils")
    assert imported("http://127.0.0.1:11434", tmp_path, then="import keepwarm._residency.server.client") == ["http.client"]
