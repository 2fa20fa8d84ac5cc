# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflow, hooks, issue forms and decisions say what the tree has."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from support.markdown import TOP, rows, section, tracked

FORMS = [name for name in tracked(".github/ISSUE_TEMPLATE/*.yml") if not name.endswith("/config.yml")]
RECORDS = [name for name in tracked("docs/decisions/*.md") if not name.endswith("/README.md")]
HEADINGS = ["Status", "Context", "Decision", "Consequences"]


def read(path: str) -> Any:
    return yaml.safe_load((TOP / path).read_text(encoding="utf-8"))


WORKFLOW = read(".github/workflows/ci.yml")
JOBS = WORKFLOW["jobs"]
CORES = JOBS["core"]["strategy"]["matrix"]["include"]
HOOKS = [(repository["repo"], hook) for repository in read(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]


def is_target(name: str) -> bool:
    """Whether the Makefile has it, perhaps as one of a pattern."""
    targets = re.findall(r"^([a-z-]+%?):", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return any(name == target or (target.endswith("%") and name.startswith(target[:-1])) for target in targets)


def test_the_workflow_calls_targets_that_exist() -> None:
    named = [*JOBS["gate"]["strategy"]["matrix"]["target"], *(entry["target"] for entry in CORES)]
    assert [target for target in named if not is_target(target)] == []


def test_the_workflow_runs_every_week() -> None:
    # YAML 1.1 reads a bare `on` as true, hence the quotes in the file.
    assert [entry["cron"].split()[2:] for entry in WORKFLOW["on"]["schedule"]] == [["*", "*", "1"]]


def test_each_version_of_ansible_is_tested_on_every_python_that_the_page_says() -> None:
    tested: dict[str, list[str]] = {}
    for entry in CORES:
        tested.setdefault(entry["core"], []).append(entry["python"])
    for version, pythons, *_rest in rows(section("CONTRIBUTING.md", "Which ansible-core")):
        first, last = (int(found) for found in re.findall(r"3\.(\d+)", pythons))
        assert sorted(tested[version]) == [f"3.{minor}" for minor in range(first, last + 1)]


def test_hooks_are_local_and_run_what_the_requirements_pin() -> None:
    pinned = (TOP / "requirements/checks.txt").read_text(encoding="utf-8")
    assert len(HOOKS) >= 3
    for repository, hook in HOOKS:
        program, first, *_rest = hook["entry"].split()
        assert repository == "local"
        assert is_target(first) if program == "make" else f"\n{program.removeprefix('.cache/checks/bin/')}==" in pinned


@pytest.mark.parametrize("form", FORMS)
def test_every_form_asks_for_the_doctor(form: str) -> None:
    asked = [part["attributes"].get("description", "") for part in read(form)["body"] if part["type"] == "textarea"]
    assert any("ollama-warmup doctor --json" in text for text in asked)


@pytest.mark.parametrize("record", RECORDS)
def test_a_decision_is_short_and_has_its_headings(record: str) -> None:
    text = (TOP / record).read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert len(text.splitlines()) <= 45


def test_every_decision_is_in_the_list() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (TOP / "docs/decisions/README.md").read_text(encoding="utf-8")))
    assert {record.rsplit("/", 1)[1] for record in RECORDS} == listed
    assert len(listed) >= 5
