# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the unit tests of what this branch changes; print their arguments for pytest instead with --list.

    python3 tests/tools/quick.py [--list] [--since COMMIT]

Changed is what differs from the branch `main` (or COMMIT), committed or not, and what git does not track yet. A changed test is run. A
changed Python file is tested by the tests that import it; if none does, by the folder of its room. Other files are tested by the folder
of theirs. This takes seconds and proves little about what stands above a changed file: `make test` is the judge.
"""

from __future__ import annotations

import argparse
import ast
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Mapping

TOP = pathlib.Path(__file__).resolve().parents[2]
UNIT = "tests/unit/"
AGENT = "roles/ollama_warmup/files/agent/"
COLLECTION = "ansible_collections.keepwarm.ollama."
MOST = 12  # test files for one changed file; what everybody imports has its own tests

# Whatever begins with the left is tested by the folders on the right; the longest left counts.
ROOMS: Mapping[str, tuple[str, ...]] = {
    "plugins/module_utils/_base/": ("base",),
    "plugins/module_utils/_residency/": ("engine",),
    "plugins/module_utils/_systemd/": ("systemd",),
    "plugins/module_utils/_doctor/": ("doctor",),
    "plugins/module_utils/_removal/": ("removal",),
    "plugins/module_utils/": ("modules",),
    "plugins/plugin_utils/": ("filter", "roles"),
    "plugins/modules/": ("modules",),
    "plugins/action/": ("modules",),
    "plugins/filter/": ("filter",),
    AGENT: ("agent",),
    "roles/ollama_gateway/files/": ("gateway",),
    "roles/": ("roles",),
    "playbooks/": ("playbooks", "roles"),
    "tests/tools/": ("tools",),
    "tests/bench/": ("bench",),
}
ALWAYS = ("docs",)  # pages name files, variables and commands
SLOW = ("attack", "engine_live", "false_warm")  # start servers; they run only if they are changed themselves


def git(*arguments: str) -> list[str]:
    """The lines that git prints."""
    done = subprocess.run(["git", "-C", str(TOP), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def branching_point() -> str:
    """Where this branch left main; the last commit in a clone without main."""
    for main_branch in ("main", "origin/main"):
        command = ["git", "-C", str(TOP), "merge-base", "HEAD", main_branch]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
    return "HEAD"


def changed_files(since: str | None) -> list[str]:
    """Relative to the top: what differs from there, and what is not tracked. Deleted files are named, too."""
    base = since or branching_point()
    return sorted({*git("diff", "--name-only", base), *git("ls-files", "--others", "--exclude-standard")})


def module_name(path: str) -> str:
    """The name by which tests import that file, without what the collection's own name adds."""
    for root in (AGENT, UNIT):
        path = path.removeprefix(root)
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(source: str) -> set[str]:
    """The modules that this source imports, and the names out of modules, which may be modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    # The agent imports the same code by the name that it is deployed under.
    return {"plugins.module_utils." + name[9:] if name.startswith("keepwarm.") else name.removeprefix(COLLECTION) for name in found}


def by_test(top: pathlib.Path = TOP) -> dict[str, set[str]]:
    """Each unit test file, and what it imports."""
    files = sorted((top / UNIT).rglob("test_*.py"))
    return {str(path.relative_to(top)): imported(path.read_text(encoding="utf-8")) for path in files}


def folder_of(test: str) -> str:
    """The folder of that test file below the unit tests."""
    return test.removeprefix(UNIT).split("/")[0]


def nearest(path: str, tests: Iterable[str]) -> list[str]:
    """At most MOST of these tests, first those that carry the file's name, then those of its room."""
    stem, folders = pathlib.Path(path).stem, room(path)

    def distance(test: str) -> tuple[bool, bool, str]:
        return stem not in pathlib.Path(test).stem, folder_of(test) not in folders, test

    return sorted((test for test in tests if folder_of(test) not in SLOW), key=distance)[:MOST]


def room(path: str) -> tuple[str, ...]:
    """The folders of unit tests for what has no test of its own."""
    fitting = [prefix for prefix in ROOMS if path.startswith(prefix)]
    return ROOMS[max(fitting, key=len)] if fitting else ()


def tests_of(path: str, imports: Mapping[str, set[str]]) -> list[str]:
    """The test files, or else folders, for one changed file."""
    if path in imports:
        return [path]
    if path.startswith(UNIT) and "/support/" not in path:
        return [str(pathlib.PurePosixPath(path).parent)] if path.count("/") > 2 else []
    name = module_name(path)
    users = [test for test, names in imports.items() if path.endswith(".py") and name in names]
    return nearest(path, users) or [UNIT + folder for folder in room(path)]


def selection(paths: Iterable[str], imports: Mapping[str, set[str]]) -> list[str]:
    """What to give pytest, without files of folders that are run whole."""
    wanted = {UNIT + folder for folder in ALWAYS}.union(*(tests_of(path, imports) for path in paths))
    return sorted(test for test in wanted if not any(test.startswith(f"{other}/") for other in wanted))


def refuse_what_is_not_tracked() -> None:
    """Tests run on the built artefact, which holds tracked files only."""
    missing = git("ls-files", "--others", "--exclude-standard", "--", "plugins", "roles", "playbooks")
    if missing:
        sys.exit(f"quick: these new files are in no artefact before git knows of them: git add {' '.join(missing)}")


def main() -> None:
    """Run pytest, or list its arguments; the exit status is pytest's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--since", metavar="COMMIT")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    tests = [test for test in selection(changed_files(options.since), by_test()) if (TOP / test).exists()]
    print("\n".join(tests), flush=True)
    if not options.list:
        refuse_what_is_not_tracked()
        pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--numprocesses=auto", *tests, *options.arguments]
        sys.exit(subprocess.run(pytest, check=False, cwd=TOP).returncode)


if __name__ == "__main__":
    main()
