# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments are made of what requirements/ says, and of a Python that their ansible-core runs on."""

from __future__ import annotations

import pathlib
import re
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


def test_every_environment_has_its_python_and_its_packages() -> None:
    assert set(setup.PYTHONS) <= set(setup.DEBIAN_PACKAGES)
    assert all(re.fullmatch(r"3\.\d+", version) for versions in setup.PYTHONS.values() for version in versions)
