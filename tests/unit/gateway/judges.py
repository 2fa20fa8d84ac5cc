# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's judge as nginx runs it (by the program njs), and Go's decoder as the server runs it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from judge_rows import SCRIPTS, Rows

HERE = pathlib.Path(__file__).parent


def answers(command: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line of JSON in, one out. njs reads regular files only, no pipes."""
    with tempfile.TemporaryFile("w+") as given:
        given.writelines(json.dumps(row) + "\n" for row in rows)
        given.seek(0)
        done = subprocess.run(command, check=False, stdin=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    assert len(found) == len(rows)
    return found


def judge_in_njs(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What driver.js says of each row."""
    return answers(["njs", "-p", str(SCRIPTS), str(HERE / "driver.js")], rows)


def decoder_in_go(folder: pathlib.Path) -> Rows:
    """What go_judge reads in each row; its program goes to the folder."""
    program = folder / "go_judge"
    subprocess.run(["go", "build", "-o", str(program), "."], check=True, cwd=HERE / "go_judge", timeout=600)
    return lambda rows: answers([str(program)], rows)
