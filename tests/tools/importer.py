# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Galaxy's importer over the built artefact. It only logs most of what it finds, so any warning fails here."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent
BIN = TOOLS.parents[1] / ".cache/checks/bin"
FINDING = re.compile(r"^(?:WARNING|ERROR|CRITICAL)\b.*", re.MULTILINE)
# Its ansible-lint has the same profile as that of `make lint`, with six rules and some folders less, on fewer files.
SETTINGS = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true", "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
SUCCESS = "Importer processing completed successfully"


def imported() -> str:
    """What the importer says; it leaves its result in the directory it runs in."""
    artefact = [sys.executable, str(TOOLS / "artefact.py"), "tarball"]
    tarball = subprocess.run(artefact, check=True, capture_output=True, text=True).stdout.strip()
    environment = {**os.environ, **SETTINGS, "PATH": f"{BIN}:{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(BIN / "python"), "-m", "galaxy_importer.main", tarball]
        return subprocess.run(
            command, check=False, cwd=scratch, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ).stdout


def main() -> None:
    """Print what it says; fail on a finding, and where it did not come to its end."""
    said = imported()
    print(said)
    findings = FINDING.findall(said)
    if findings or SUCCESS not in said:
        sys.exit(f"galaxy-importer: {len(findings)} findings")


if __name__ == "__main__":
    main()
