# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are on the host before anything is stopped, each with a name that no pull takes away; of one that does not come nothing stays noted."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence
from contextlib import nullcontext

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._container import place, work
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.engine import EngineError
from ansible_collections.keepwarm.ollama.plugins.module_utils._container.wanted import Wanted
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.marks import role_mark
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import REMOVE_IMAGE, Executor, RemovalError, Step
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.quadlet import search_folders

IMAGE, DIGEST = "registry.example.org/ollama:1", "sha256:" + "0123456789abcdef" * 4
PINNED, KEPT = f"registry.example.org/ollama@{DIGEST}", "registry.example.org/ollama:keepwarm-0123456789ab"
WANTED = Wanted("ollama.service", "quadlet", image=IMAGE)


class Podman:
    """An engine with one image at most, and what it was made to do."""

    def __init__(self, *names: str, has: bool = True) -> None:
        self.names, self.has, self.done = set(names), has, list[str]()

    def __call__(self, command: Sequence[str]) -> tuple[int, str, str]:
        act = command[1]
        if act == "image":
            return (0, json.dumps([PINNED]), "") if command[-1] in self.names else (125, "", "Error: no such image")
        self.done.append(" ".join(command[1:]))
        if not self.has:
            return 125, "", "Error: manifest unknown\n"
        self.names.add(command[-1])
        return 0, "", ""


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(work, "note_images", found.extend)
    monkeypatch.setattr(work, "forget_image", found.remove)
    monkeypatch.setattr(work, "find_place", lambda _wanted: place.Place("", True))
    return found


def test_an_image_is_pulled_and_kept_by_a_name_and_both_are_noted(noted: list[str]) -> None:
    podman = Podman()
    assert work.bring([WANTED], podman, "/archives", predict=True).steps == [f"pull {IMAGE}"]
    assert (podman.done, noted) == ([], [])
    done = work.bring([WANTED], podman, "/archives", predict=False)
    assert podman.done == [f"pull --quiet {IMAGE}", f"tag {PINNED} {KEPT}"]
    assert noted == [IMAGE, KEPT]
    assert (done.steps, done.servers[0]["image"]) == ([f"pull {IMAGE}", f"tag {PINNED} {KEPT}"], PINNED)


def test_an_image_that_was_there_gets_its_name_once(noted: list[str]) -> None:
    podman = Podman(IMAGE)
    steps = [work.bring([WANTED], podman, "/archives", predict).steps for predict in (True, False, False)]
    assert steps == [[f"tag {PINNED} {KEPT}"], [f"tag {PINNED} {KEPT}"], []]
    assert noted == [KEPT]


def test_one_that_does_not_come_is_not_noted(noted: list[str]) -> None:
    with pytest.raises(EngineError, match="cannot be pulled: manifest unknown"):
        work.bring([WANTED], Podman(has=False), "/archives", predict=False)
    assert noted == []


def test_a_unit_is_ours_by_its_mark_and_no_link(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = tmp_path / "ollama.container"
    monkeypatch.setattr(place, "search_folders", lambda: [str(tmp_path)])
    monkeypatch.setattr(place.DEPLOYMENTS["quadlet"].__class__, "unit_file", lambda _deployment, _service: str(unit))
    assert place.find_place(WANTED) == place.Place("", True)
    unit.write_text(f"# Managed by Ansible ({role_mark('ollama_server')})\n")
    assert place.find_place(WANTED) == place.Place(str(unit), True)
    unit.rename(tmp_path / "theirs")
    unit.symlink_to(tmp_path / "theirs")
    assert place.find_place(WANTED) == place.Place(str(unit), False)


def test_podman_does_not_look_in_the_folders_of_dropins(tmp_path: pathlib.Path) -> None:
    for name in ("ollama.container.d", "more/below"):
        (tmp_path / name).mkdir(parents=True)
    assert search_folders([str(tmp_path)]) == [str(tmp_path), str(tmp_path / "more"), str(tmp_path / "more/below")]


@pytest.mark.parametrize(("status", "is_over"), [(0, True), (2, True), (127, True), (125, False)])
def test_an_image_in_use_stays_and_a_host_without_podman_has_none(status: int, is_over: bool) -> None:
    executor = Executor(lambda _command: (status, "", "why not"))
    with nullcontext() if is_over else pytest.raises(RemovalError, match=f"podman image rm --ignore {KEPT} failed: why not"):
        executor.carry_out([Step(REMOVE_IMAGE, KEPT)])
