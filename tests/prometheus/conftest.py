# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus' own promtool, and the rules as the role writes them."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins import module_utils

TOP = pathlib.Path(__file__).resolve().parents[2]
ROLE = TOP / "roles/ollama_warmup"
PROMTOOL = TOP / ".cache/promtool/usr/bin/promtool"

# The agent as it is deployed: its package beside the engine's.
sys.path.insert(0, str(ROLE / "files/agent"))
sys.path.insert(0, str(TOP / "roles/ollama_gateway/files/metrics"))
sys.modules["keepwarm"] = module_utils

Promtool = Callable[..., str]


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Runs it; what it says on success, and it must succeed."""

    def run(*words: str, given: str = "", **options: Any) -> str:
        done = subprocess.run([str(PROMTOOL), *words], check=False, capture_output=True, text=True, input=given, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def render_rules(**variables: str) -> str:
    """The template as the task file fills it in."""
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    environment = jinja2.Environment(variable_start_string="[[", variable_end_string="]]", undefined=jinja2.StrictUndefined, autoescape=False)
    template = environment.from_string((ROLE / "templates/ollama-warmup.rules.yml.j2").read_text())
    return template.render({**defaults, "ansible_managed": "Ansible managed", **variables})
