# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters judge and word, and none talks to anybody."""

from __future__ import annotations

import pathlib
import subprocess
import sys

FILTERS = pathlib.Path(__file__).resolve().parents[3] / "plugins/filter"


PROGRAM = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"ansible_collections.keepwarm.ollama.plugins.filter.{name}")
    if "requests" in sys.modules:
        print(name)
        break
"""


def test_no_filter_needs_http() -> None:
    # Ansible imports all of them anew in the process of each task that uses the last of them: requests alone took a fifth of a play.
    names = sorted(path.stem for path in FILTERS.glob("*.py"))
    assert len(names) > 3
    command = [sys.executable, "-c", PROGRAM, *names]
    assert subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}).stdout == ""
