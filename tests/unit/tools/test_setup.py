# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments are made of what requirements/ says, and of a Python that their ansible-core runs on."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))

import setup

TOP = pathlib.Path(__file__).parents[3]
CORES = sorted(name for name in setup.PYTHONS if name.startswith("core-"))


@pytest.mark.parametrize("name", CORES)
def test_another_core_takes_all_but_ansible_from_the_newest_requirements(name: str) -> None:
    newest, other = setup.requirements("newest").splitlines(), setup.requirements(name).splitlines()
    differing = [line for line in other if line not in newest]
    assert len(newest) == len(other)
    assert [line.split()[0] for line in differing] == [f"ansible-core~={name.removeprefix('core-')}.0"]


@pytest.mark.parametrize("name", ["newest", "oldest", "checks", "bench", "browser"])
def test_other_environments_have_a_file_of_their_own(name: str) -> None:
    assert setup.requirements(name) == (TOP / f"requirements/{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("asked", "taken"), [("3.11", "3.11"), ("3.9", "3.12"), ("", "3.12")])
def test_the_python_that_is_asked_for_is_taken_if_the_core_runs_on_it(asked: str, taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPWARM_PYTHON", asked)
    monkeypatch.setattr(setup, "interpreters", lambda version: iter([pathlib.Path(f"/usr/bin/python{version}")]))
    monkeypatch.setattr(setup, "runs_as", lambda python, version: str(python).endswith(version))
    assert str(setup.interpreter("core-2.18")) == f"/usr/bin/python{taken}"


@pytest.mark.parametrize("full", ["", "1"])
def test_make_setup_installs_what_each_gate_needs(full: str) -> None:
    """Gates that `make test` starts do not look for it again."""

    def said(*goals: str) -> str:
        command = ["make", "--dry-run", f"FULL={full}", *goals]
        environment = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "KEEPWARM"))}
        return subprocess.run(command, cwd=TOP, env=environment, check=True, capture_output=True, text=True).stdout

    def installed(text: str) -> set[str]:
        return {name for names in re.findall(r"tests/tools/setup\.py (.+)", text) for name in names.split()}

    gates = re.findall(r"gates\.py (.+)", said("test"))[0].split()
    needed = {gate: installed(said(gate)) for gate in gates if gate != "--alone"}
    assert len(needed) > 20
    assert ("npm-clients" in needed["molecule-gateway"]) is bool(full)
    missing = {gate: names - installed(said("setup")) for gate, names in needed.items()}
    assert {gate: names for gate, names in missing.items() if names} == {}


def test_every_environment_has_its_python_and_its_packages() -> None:
    assert set(setup.PYTHONS) <= set(setup.DEBIAN_PACKAGES)
    assert all(re.fullmatch(r"3\.\d+", version) for versions in setup.PYTHONS.values() for version in versions)
