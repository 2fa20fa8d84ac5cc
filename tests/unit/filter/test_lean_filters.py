# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters judge and word, and none talks to anybody."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

FILTERS = pathlib.Path(__file__).resolve().parents[3] / "plugins/filter"


@pytest.mark.parametrize("name", sorted(path.stem for path in FILTERS.glob("*.py")))
def test_a_filter_needs_no_http(name: str) -> None:
    # Ansible imports all of them anew in the process of each task that uses the last of them: requests alone took a fifth of a play.
    program = f"import sys, ansible_collections.keepwarm.ollama.plugins.filter.{name}; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
