# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what makes the collection hard to find one's way in, beside a former commit; print both as a table.

    python3 tests/tools/measure.py [COMMIT]

A shallow clone that lacks the commit prints "not measured" for it.
"""

from __future__ import annotations

import io
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable

TOP = pathlib.Path(__file__).resolve().parents[2]
BEFORE = "c848c6f"
KINDS = ("modules", "filter", "action")
AGENT = "roles/ollama_warmup/files/agent"
ENGINE = "plugins/module_utils/_residency"


def sources(tree: pathlib.Path, *patterns: str) -> list[pathlib.Path]:
    """The files of the tree that any of the patterns names; packages' own empty files are not counted."""
    found = {path for pattern in patterns for path in tree.glob(pattern) if path.is_file()}
    return sorted(path for path in found if path.name != "__init__.py")


def lines(paths: Iterable[pathlib.Path]) -> int:
    """How many lines they have together."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def files_and_average(paths: list[pathlib.Path]) -> str:
    """How many files, and of how many lines on average."""
    return f"{len(paths)} files, {lines(paths) / max(len(paths), 1):.0f} lines each"


def task_files(tree: pathlib.Path) -> str:
    """The roles' task files."""
    return files_and_average(sources(tree, "roles/*/tasks/**/*.yml"))


def public_plugins(tree: pathlib.Path) -> str:
    """Modules, filters and action plugins, and how many of them one role alone uses."""
    names = {kind: [path.stem for path in sources(tree, f"plugins/{kind}/[!_]*.py")] for kind in KINDS}
    users = {name: _roles_that_use(tree, name) for found in names.values() for name in found}
    alone = sum(len(roles) == 1 for roles in users.values())
    return " + ".join(str(len(names[kind])) for kind in KINDS) + f", one role alone uses {alone}"


def _roles_that_use(tree: pathlib.Path, name: str) -> set[str]:
    """The roles that name the plugin, the playbooks counting as one more."""
    word = re.compile(rf"keepwarm\.ollama\.{name}\b")
    found = (path for path in sources(tree, "roles/**/*.yml", "roles/**/*.j2", "playbooks/**/*.yml") if word.search(path.read_text(encoding="utf-8")))
    return {"/".join(path.relative_to(tree).parts[:2]) if path.is_relative_to(tree / "roles") else "playbooks" for path in found}


def private_variables(tree: pathlib.Path) -> str:
    """Places where a role or a playbook uses a private variable of another role."""
    roles = [path.name for path in (tree / "roles").iterdir()]
    places = 0
    for path in sources(tree, "roles/**/*.yml", "roles/**/*.j2", "playbooks/**/*.yml"):
        mine = path.relative_to(tree).parts[1] if path.is_relative_to(tree / "roles") else ""
        others = "|".join(role for role in roles if role != mine)
        places += len(re.findall(rf"\b__(?:{others})_\w+", path.read_text(encoding="utf-8")))
    return f"{places} places"


def agent(tree: pathlib.Path) -> str:
    """The files of the host program."""
    return files_and_average(sources(tree, f"{AGENT}/**/*.py"))


def engine(tree: pathlib.Path) -> str:
    """The files of the engine."""
    return files_and_average(sources(tree, f"{ENGINE}/**/*.py"))


def files_with(pattern: str) -> Callable[[pathlib.Path], str]:
    """Counts the files of the plugins and the agent in which the pattern occurs."""
    word = re.compile(pattern)

    def count(tree: pathlib.Path) -> str:
        return f"{sum(bool(word.search(path.read_text(encoding='utf-8'))) for path in sources(tree, 'plugins/**/*.py', f'{AGENT}/**/*.py'))} files"

    return count


ROWS: dict[str, Callable[[pathlib.Path], str]] = {
    "task files of the roles": task_files,
    "modules + filters + action plugins": public_plugins,
    "private variables used across roles": private_variables,
    "the agent": agent,
    "the engine": engine,
    "files that replace a file (os.replace)": files_with(r"\bos\.replace\(|\.replace\(temporary"),
    "files that ask systemctl show": files_with(r"""["']show["']"""),
    "files that name /etc/ollama-warmup": files_with(r"/etc/ollama-warmup"),
    "files that ask /api/ps": files_with(r"""["']/api/ps["']"""),
}


def measured(tree: pathlib.Path) -> dict[str, str]:
    """Each row's figure for a tree."""
    return {name: count(tree) for name, count in ROWS.items()}


def former(commit: str) -> dict[str, str]:
    """Each row's figure for a commit."""
    archive = subprocess.run(["git", "-C", str(TOP), "archive", commit], check=False, capture_output=True)
    if archive.returncode != 0:
        return dict.fromkeys(ROWS, "not measured")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
            packed.extractall(folder, filter="data")
        return measured(pathlib.Path(folder))


def main() -> None:
    """Print the table."""
    commit = sys.argv[1] if len(sys.argv) > 1 else BEFORE
    now = measured(TOP)
    table = {"": (commit, "now")} | {name: (before, now[name]) for name, before in former(commit).items()}
    for name, (before, after) in table.items():
        print(f"{name:<40} {before:<34} {after}")


if __name__ == "__main__":
    main()
