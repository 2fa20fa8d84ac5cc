# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment of docs/awx.md, as far as it goes without its base image, which no gate can fetch: what ansible-builder finds in the
built and installed collection, and the context that it writes."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
import yaml

EXAMPLE = pathlib.Path(__file__).parents[2] / "docs/examples/execution-environment/execution-environment.yml"
BUILDER = pathlib.Path(sys.executable).parent / "ansible-builder"


def builder(*arguments: str | pathlib.Path) -> str:
    """What the program says; it must succeed."""
    done = subprocess.run([BUILDER, *arguments], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_collection_says_what_it_needs_in_an_execution_environment() -> None:
    collections = pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"])
    found = yaml.safe_load(builder("introspect", collections))
    assert [line.split("#")[0].strip() for line in found["python"]] == ["requests>=2.28"]
    assert {line.split()[0] for line in found["system"]} == {"openssh-clients", "openssh-client"}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("context")
    builder("create", "--file", EXAMPLE, "--context", folder)
    return folder


def test_the_context_installs_the_collection_on_the_declared_image(context: pathlib.Path) -> None:
    lines = (context / "Containerfile").read_text().splitlines()
    assert lines[0] == 'ARG EE_BASE_IMAGE="fedora:43"'
    assert 'ARG ANSIBLE_INSTALL_REFS="ansible-core>=2.20,<2.22 ansible-runner>=2.4"' in lines
    wanted = yaml.safe_load((context / "_build/requirements.yml").read_text())
    assert [one["name"] for one in wanted["collections"]] == ["keepwarm.ollama", "community.general"]
    assert (context / "_build/bindep.txt").read_text().split() == ["git-core", "python3-pip"]


def test_a_definition_with_an_error_is_refused(tmp_path: pathlib.Path) -> None:
    """So that the tests above say something."""
    wrong = tmp_path / "execution-environment.yml"
    wrong.write_text(EXAMPLE.read_text().replace("base_image:", "base_picture:"))
    done = subprocess.run([BUILDER, "create", "--file", wrong, "--context", tmp_path / "context"], check=False, capture_output=True, text=True)
    assert done.returncode != 0
