# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The box that needs the built artefact: the collection works if all is deleted from it but meta/, plugins/, roles/ and playbooks/."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

INSTALLED = pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections/keepwarm/ollama"
BIN = pathlib.Path(sys.executable).parent
FOLDERS = ("meta", "plugins", "roles", "playbooks")
# What it would be without: ansible-galaxy's own records say which version is installed.
RECORDS = ("MANIFEST.json", "FILES.json")
UPWARDS = re.compile(r"(?:role_path|playbook_dir)[^\n]*?((?:/\.\.)+/[\w./-]*)")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The path of collections with what is left."""
    collections = tmp_path_factory.mktemp("bare")
    place = collections / INSTALLED.relative_to(os.environ["ANSIBLE_COLLECTIONS_PATH"])
    for name in FOLDERS:
        shutil.copytree(INSTALLED / name, place / name)
    for name in RECORDS:
        shutil.copy(INSTALLED / name, place)
    return collections


def run(collections: pathlib.Path, program: str, *words: str) -> str:
    # Ansible finds collections by PYTHONPATH as well, and the gates have the whole one there.
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment = {**inherited, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1"}
    command = [str(BIN / program), *words]
    done = subprocess.run(command, check=False, cwd=collections, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_what_runs(bare: pathlib.Path) -> None:
    """And not the whole collection, wherever else it is installed."""
    found = json.loads(run(bare, "ansible-galaxy", "collection", "list", "keepwarm.ollama", "--format=json"))
    assert list(found) == [f"{bare}/ansible_collections"]


def test_ansible_finds_every_playbook_and_the_roles_in_it(bare: pathlib.Path) -> None:
    names = [f"keepwarm.ollama.{path.stem}" for path in sorted((INSTALLED / "playbooks").glob("*.yml"))]
    assert len(names) >= 5
    run(bare, "ansible-playbook", "--inventory=localhost,", "--syntax-check", *names)


def test_ansible_documents_every_module_and_every_role(bare: pathlib.Path) -> None:
    for kind, folder in (("module", "plugins/modules"), ("role", "roles")):
        names = {path.stem for path in (INSTALLED / folder).iterdir() if not path.name.startswith("_")}
        found = json.loads(run(bare, "ansible-doc", f"--type={kind}", "--list", "--json", "keepwarm.ollama"))
        assert {name.rpartition(".")[2] for name in found} == names


def test_no_role_and_no_playbook_reaches_out_of_the_four_folders() -> None:
    texts = [(path, path.read_text(encoding="utf-8")) for folder in ("roles", "playbooks") for path in (INSTALLED / folder).rglob("*.yml")]
    reached = {(path, (path.parents[1] / found.lstrip("/")).resolve()) for path, text in texts for found in UPWARDS.findall(text)}
    inside = [INSTALLED.resolve() / folder for folder in FOLDERS]
    assert len(reached) >= 4
    assert [(path, place) for path, place in reached if not any(place.is_relative_to(folder) for folder in inside)] == []
