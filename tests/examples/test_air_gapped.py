# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/examples/air_gapped/seed.yml copies what is missing, and nothing twice."""

from __future__ import annotations

import getpass
import json
import os
import pathlib
import subprocess
import sys

PLAY = pathlib.Path(__file__).parents[2] / "docs/examples/air_gapped/seed.yml"
MANIFEST = "manifests/registry.ollama.ai/library/qwen3/8b"


def seed(source: pathlib.Path, dest: pathlib.Path) -> int:
    """Run the play on this machine; how many tasks changed something."""
    given = {"seed_folder": str(source), "seed_dest": str(dest), "seed_owner": getpass.getuser(), "keepwarm_hosts": "all", "ansible_become": False}
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "--inventory", "localhost,", "--connection", "local", str(PLAY)]
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    done = subprocess.run([*command, "--extra-vars", json.dumps(given)], check=False, capture_output=True, text=True, env=environment, cwd=dest.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    recap = dict(word.split("=") for word in done.stdout.splitlines()[-2].split() if "=" in word)
    return int(recap["changed"])


def write(folder: pathlib.Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_missing_blobs_are_copied_and_others_are_left(tmp_path: pathlib.Path) -> None:
    source, dest = tmp_path / "seed", tmp_path / "models"
    write(source, {"blobs/sha256-aa": "weights", "blobs/sha256-bb": "template", "blobs/notes": "no blob", MANIFEST: "new"})
    write(dest, {"blobs/sha256-bb": "as it was", MANIFEST: "old"})
    assert seed(source, dest) == 2
    assert sorted(path.name for path in (dest / "blobs").iterdir()) == ["sha256-aa", "sha256-bb"]
    assert (dest / "blobs/sha256-aa").read_text() == "weights"
    assert (dest / "blobs/sha256-bb").read_text() == "as it was"
    assert (dest / MANIFEST).read_text() == "new"
    assert seed(source, dest) == 0


def test_a_host_without_any_model_gets_all(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "seed", {"blobs/sha256-aa": "weights", MANIFEST: "new"})
    seed(tmp_path / "seed", tmp_path / "models")
    assert (tmp_path / "models/blobs/sha256-aa").read_text() == "weights"
    assert (tmp_path / "models" / MANIFEST).read_text() == "new"
