# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What root is to run: refused where somebody else could change it, or have it lead elsewhere."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.found import UnitsError
from ansible_collections.keepwarm.ollama.plugins.module_utils._units.work import require_root_only

SOMEBODY = 4711


@pytest.fixture
def program(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A program of root's, whose folders are root's from the top."""
    folder = tmp_path / "opt/bin"
    folder.mkdir(parents=True)
    made = folder / "run"
    made.write_text("")
    for path in (folder.parent, folder, made):
        path.chmod(0o755)
    return made


def test_what_is_roots_is_run_and_so_is_what_a_link_of_roots_leads_to(program: pathlib.Path) -> None:
    link = program.with_name("link")
    link.symlink_to(program)
    require_root_only([str(program), str(link), str(program.with_name("missing"))])


@pytest.mark.parametrize("what", [".", "..", "run"])
def test_who_may_write_on_the_way_would_be_root(program: pathlib.Path, what: str) -> None:
    exposed = pathlib.Path(os.path.normpath(program.parent / what))
    exposed.chmod(0o777)
    with pytest.raises(UnitsError, match=f"^root is to run {program}, but {exposed} may be written to by others than root, .*: give that to root alone$"):
        require_root_only([str(program)])


@pytest.mark.parametrize("through", ["the program", "its folder"])
def test_what_a_link_leads_to_is_judged_too(program: pathlib.Path, through: str) -> None:
    """Such as a command in a folder of root's that is a link into somebody's home."""
    home = program.parents[2] / "home"
    home.mkdir()
    (home / "run").write_text("")
    os.chown(home, SOMEBODY, SOMEBODY)
    program.unlink()
    if through == "the program":
        program.symlink_to(home / "run")
    else:
        program.parent.rmdir()
        program.parent.symlink_to(home)
    with pytest.raises(UnitsError, match=f"^root is to run {program}, but {home} may be written to by the user {SOMEBODY}"):
        require_root_only([str(program)])


def test_a_link_that_somebody_else_could_exchange_is_not_followed(program: pathlib.Path) -> None:
    folder = program.parents[2] / "open"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "run").symlink_to(program)
    with pytest.raises(UnitsError, match=f"^root is to run {folder}/run, but {folder}/run is a link, .* and is not followed: name what it leads to$"):
        require_root_only([f"{folder}/run"])
