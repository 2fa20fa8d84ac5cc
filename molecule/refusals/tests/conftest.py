# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines, and the playbook that is to leave them alone."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from shared.machine import Machine, Outcome, play

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared/inventory.yml"


@pytest.fixture(scope="session")
def gpu1() -> Machine:
    return Machine("gpu1")


@pytest.fixture(scope="session")
def bare() -> Machine:
    return Machine("bare")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs the playbook on inventory hosts, given by name with their variables; several may be one machine."""

    def call(hosts: Mapping[str, Mapping[str, Any]], *options: str) -> Outcome:
        inventory = tmp_path_factory.mktemp("site") / "hosts.json"
        inventory.write_text(json.dumps({"gpu_hosts": {"hosts": hosts}}))
        return play("site", [SHARED, inventory], *options, ANSIBLE_PIPELINING="1", ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3")

    return call
