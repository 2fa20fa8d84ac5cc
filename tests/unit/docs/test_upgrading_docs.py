# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is out of service when the balancer says so, and not when nobody answers."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from typing import Any

import pytest
import yaml
from jinja2 import Environment
from jinja2.nativetypes import NativeEnvironment

PAGE = pathlib.Path(__file__).parents[3] / "docs/upgrading.md"
SERVERS = "# bkname/svname bkid/svid addr port - purge_delay used_cur\nollama/gpu1 3/1 10.0.0.1 11434 - 5000 {gpu1}\nollama/dgpu1 3/2 10.0.0.2 11434 - 5000 9\n"


def draining() -> dict[str, Any]:
    """The task of drain.yml that waits."""
    (block,) = re.findall(r"```yaml\n# drain.yml\n(.*?)# undrain.yml", PAGE.read_text(), re.DOTALL)
    return next(task for task in yaml.safe_load(block) if "until" in task)


@pytest.mark.parametrize(
    ("socat", "out"),
    [
        (f"printf %s '{SERVERS.format(gpu1=0)}'", True),
        (f"printf %s '{SERVERS.format(gpu1=2)}'", False),
        (f"printf %s '{SERVERS.format(gpu1=0)}'; exit 1", False),
        ("echo 'cannot connect' >&2; exit 1", False),
        ("printf %s '# bkname/svname'", False),
    ],
)
def test_only_an_answer_ends_the_wait_for_the_last_request(socat: str, out: bool, tmp_path: pathlib.Path) -> None:
    (tmp_path / "socat").write_text(f"#!/bin/sh\ncat > /dev/null\n{socat}\n")
    (tmp_path / "socat").chmod(0o755)
    task = draining()
    shell = task["ansible.builtin.shell"]
    command = Environment().from_string(shell["cmd"]).render(inventory_hostname="gpu1")
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run([shell["executable"], "-c", command], check=False, capture_output=True, text=True, env={"PATH": path})
    answer = {"rc": done.returncode, "stdout": done.stdout.strip()}
    assert NativeEnvironment().from_string(f"{{{{ {task['until']} }}}}").render(draining=answer) is out
