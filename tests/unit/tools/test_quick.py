# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make quick` runs the tests that a change concerns, and not many others."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess
from types import ModuleType

import pytest

TOP = pathlib.Path(__file__).parents[3]
ENGINE = "plugins/module_utils/_residency"
AGENT = "roles/ollama_warmup/files/agent/ollama_warmup"
IMPORTS = {
    "tests/unit/engine/test_policy.py": {"plugins.module_utils._residency.policy", "pytest"},
    "tests/unit/agent/test_agent_pass.py": {"ollama_warmup.one_pass", "support.agent", "plugins.module_utils._residency.policy"},
    "tests/unit/engine_live/test_memory_live.py": {"plugins.module_utils._residency.policy"},
    "tests/unit/docs/test_links.py": {"support.markdown"},
}


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quick", TOP / "tests/tools/quick.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


quick = load()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (f"{ENGINE}/policy.py", ["tests/unit/engine/test_policy.py", "tests/unit/agent/test_agent_pass.py"]),
        (f"{ENGINE}/new.py", ["tests/unit/engine"]),
        (f"{AGENT}/one_pass.py", ["tests/unit/agent/test_agent_pass.py"]),
        (f"{AGENT}/new.py", ["tests/unit/agent"]),
        ("tests/unit/engine_live/test_memory_live.py", ["tests/unit/engine_live/test_memory_live.py"]),
        ("tests/unit/support/agent.py", ["tests/unit/agent/test_agent_pass.py"]),
        ("tests/unit/agent/conftest.py", ["tests/unit/agent"]),
        ("roles/ollama_server/tasks/main.yml", ["tests/unit/roles"]),
        ("tests/tools/quick.py", ["tests/unit/tools"]),
        ("docs/memory.md", []),
    ],
)
def test_a_changed_file_has_its_tests_run(changed: str, expected: list[str]) -> None:
    assert quick.tests_of(changed, IMPORTS) == expected


def test_a_file_that_everybody_imports_does_not_run_everything() -> None:
    imports = {f"tests/unit/agent/test_{number}.py": {"plugins.module_utils._residency.policy"} for number in range(50)} | IMPORTS
    chosen = quick.tests_of(f"{ENGINE}/policy.py", imports)
    assert len(chosen) == quick.MOST
    assert chosen[0] == "tests/unit/engine/test_policy.py"


def test_tests_of_the_pages_always_run_and_files_of_a_whole_folder_are_not_named_again() -> None:
    changed = [f"{ENGINE}/new.py", f"{ENGINE}/policy.py"]
    assert quick.selection([], IMPORTS) == ["tests/unit/docs"]
    assert quick.selection(changed, IMPORTS) == ["tests/unit/agent/test_agent_pass.py", "tests/unit/docs", "tests/unit/engine"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from ansible_collections.keepwarm.ollama.plugins.module_utils._base import text", "plugins.module_utils._base.text"),
        ("from keepwarm._residency.policy import Policy", "plugins.module_utils._residency.policy"),
        ("from ollama_warmup import exits", "ollama_warmup.exits"),
        ("import support.wire", "support.wire"),
        ("def f():\n    from support.wire import x", "support.wire"),
    ],
)
def test_imports_are_found_however_they_are_written(source: str, name: str) -> None:
    assert name in quick.imported(source)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{ENGINE}/policy.py", "plugins.module_utils._residency.policy"),
        (f"{ENGINE}/decide/__init__.py", "plugins.module_utils._residency.decide"),
        (f"{AGENT}/exits.py", "ollama_warmup.exits"),
        ("tests/unit/support/wire.py", "support.wire"),
    ],
)
def test_a_file_is_known_by_the_name_that_tests_import(path: str, name: str) -> None:
    assert quick.module_name(path) == name


def test_rooms_and_their_tests_exist() -> None:
    folders = {folder for folders in quick.ROOMS.values() for folder in folders} | {*quick.ALWAYS, *quick.SLOW}
    assert [prefix for prefix in quick.ROOMS if not (TOP / prefix).is_dir()] == []
    assert [folder for folder in folders if not (TOP / quick.UNIT / folder).is_dir()] == []


def test_most_of_the_code_is_imported_by_a_test() -> None:
    names = set().union(*quick.by_test().values())
    engine = [quick.module_name(str(path.relative_to(TOP))) for path in (TOP / ENGINE).rglob("*.py") if path.name != "__init__.py"]
    assert sum(name in names for name in engine) > len(engine) / 2


def test_changed_is_what_differs_from_main_and_what_is_new(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    def write(*names: str) -> None:
        for name in names:
            (tmp_path / name).write_text(f"{name} changed\n")

    git("init", "--initial-branch=main")
    write("kept", "edited", "gone", ".gitignore")
    (tmp_path / ".gitignore").write_text("ignored\n")
    git("add", ".")
    git("commit", "--message=one")
    git("switch", "--create", "branch")
    write("committed")
    git("add", ".")
    git("commit", "--message=two")
    (tmp_path / "edited").write_text("otherwise\n")
    (tmp_path / "gone").unlink()
    write("new", "ignored")
    monkeypatch.setattr(quick, "TOP", tmp_path)
    assert quick.changed_files(None) == ["committed", "edited", "gone", "new"]
    assert quick.changed_files("HEAD") == ["edited", "gone", "new"]
    git("branch", "--move", "main", "other")
    assert quick.changed_files(None) == ["edited", "gone", "new"]
