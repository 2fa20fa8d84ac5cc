# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of an upgrade through the module's real entry point, on real files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils import _upgrade_files
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_upgrade_record, ollama_upgrade_record_info
from support.ansible_module import Entrance

UNIT = "ollama.service"
LISTED = {"size": 100, "size_vram": 100, "alive": True}


def model(name: str, before: dict[str, Any] | None, required: bool = True) -> dict[str, Any]:
    """An entry of ollama_warm's result in check mode."""
    return {"name": name, "model": f"{name}:latest", "required": required, "before": before}


class Scene:
    """A host with two releases, a unit and the two modules."""

    def __init__(self, folder: Path, entrance: Entrance, info: Entrance) -> None:
        self.dest = folder / "opt"
        self.unit = folder / "system/ollama.service"
        self.dropin = folder / "system/ollama.service.d/zz-keepwarm.conf"
        self._entrance = entrance
        self._info = info
        for version in ("0.30.0", "0.32.15"):
            self.release(version)
        self.switch("0.30.0")
        self.unit.parent.mkdir()
        self.unit.write_text("old unit\n")
        self.unit.chmod(0o640)

    def release(self, version: str) -> None:
        program = self.dest / version / "bin/ollama"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        (self.dest / version / "release.json").write_text("{}")

    def switch(self, version: str) -> None:
        (self.dest / "current").unlink(missing_ok=True)
        (self.dest / "current").symlink_to(version)

    def look(self) -> dict[str, Any]:
        return self._info.succeed(dest=str(self.dest))

    def run(self, state: str, **options: Any) -> dict[str, Any]:
        return self._entrance.succeed(state=state, dest=str(self.dest), **options)

    def refused_look(self) -> str:
        return self._info.fail(dest=str(self.dest))

    def refusal(self, state: str, **options: Any) -> str:
        return self._entrance.fail(state=state, dest=str(self.dest), **options)

    def undo(self, reason: str = "it does not start", check: bool = False) -> dict[str, Any]:
        return self.run("undone", reason=reason, check=check)

    def losses(self, **options: Any) -> list[str]:
        """What the module fails with; nothing where it does not."""
        result = self._entrance.run(state="judged", dest=str(self.dest), **options)
        assert result.get("failed", False) == bool(result.get("losses")) and not result.get("changed", False)
        assert result.get("msg", "") == "; ".join(result.get("losses", []))
        return list(result.get("losses", []))

    def begin(self, version: str = "0.32.15", **options: Any) -> dict[str, Any]:
        return self.run("begun", version=version, units=[UNIT], files=[str(self.unit), str(self.dropin)], **options)

    def upgrade(self) -> None:
        """What the upgrade does to the host."""
        self.switch("0.32.15")
        self.unit.write_text("new unit\n")
        self.dropin.parent.mkdir()
        self.dropin.write_text("new drop-in\n")

    def state(self) -> dict[str, str]:
        files = {str(path.relative_to(self.dest.parent)): path.read_text() for path in self.unit.parent.rglob("*") if path.is_file()}
        return {**files, "current": os.readlink(self.dest / "current")}


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Scene:
    return Scene(tmp_path, *(Entrance(module.main, monkeypatch, capsys, tmp_path) for module in (ollama_upgrade_record, ollama_upgrade_record_info)))


def test_there_is_no_record_before(scene: Scene) -> None:
    found = scene.look()
    assert (found["changed"], found["record"], found["current"]) == (False, None, "0.30.0")


def test_what_was_there_is_recorded_once(scene: Scene) -> None:
    models = {UNIT: [model("a", LISTED), model("b", None), model("c", None, required=False)]}
    begun = scene.begin(models=models)
    assert (begun["changed"], begun["warnings"]) == (True, ["b was already not loaded before the upgrade; it will not be checked afterwards"])
    record = scene.look()["record"]
    assert (record["previous"], record["version"], record["units"], record["failed"]) == ("0.30.0", "0.32.15", [UNIT], None)
    assert (record["resident"], record["cold"]) == ({UNIT: ["a"]}, {UNIT: ["b"]})
    assert record["files"] == [str(scene.unit), str(scene.dropin)]
    assert (scene.dest / "upgrade.json").stat().st_mode & 0o777 == 0o600
    assert scene.begin(models={})["record"] == record


def test_an_upgrade_taken_up_again_goes_back_to_what_served_last(scene: Scene) -> None:
    scene.begin(models={UNIT: [model("a", LISTED)]})
    scene.upgrade()
    again = scene.begin(version="0.33.0", models={UNIT: []})["record"]
    assert (again["previous"], again["version"], again["resident"]) == ("0.30.0", "0.33.0", {UNIT: ["a"]})


def test_everything_is_put_back_once(scene: Scene) -> None:
    before = scene.state()
    scene.begin()
    scene.upgrade()
    predicted = scene.undo(check=True)
    assert (predicted["changed"], scene.state() != before) == (True, True)
    restored = scene.undo()
    assert restored["restored"] == predicted["restored"] == [str(scene.unit), str(scene.dropin), "release 0.30.0"]
    assert scene.state() == before
    assert scene.unit.stat().st_mode & 0o777 == 0o640
    again = scene.undo()
    assert (again["changed"], again["restored"]) == (False, [])


@pytest.mark.parametrize("step", range(7))
def test_putting_back_is_taken_up_wherever_it_was_interrupted(scene: Scene, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    before = scene.state()
    scene.begin()
    scene.upgrade()
    calls = iter(range(10))

    def dying(function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            if next(calls) == step:
                raise KeyboardInterrupt
            return function(*arguments)

        return call

    with monkeypatch.context() as patched:
        for name in ("replace", "unlink", "symlink"):
            patched.setattr(os, name, dying(getattr(os, name)))
        with pytest.raises(KeyboardInterrupt):
            scene.undo()
    scene.undo()
    assert scene.state() == before


def test_a_record_that_was_half_written_is_none(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_upgrade_files.os, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            scene.begin()
    assert scene.look()["record"] is None
    assert scene.begin()["changed"] is True


def test_the_first_reason_stays(scene: Scene) -> None:
    assert scene.undo("too early")["record"] is None
    scene.begin()
    assert scene.undo("it does not start")["changed"] is True
    later = scene.undo("something else")
    assert (later["changed"], later["record"]["failed"]) == (False, "it does not start")


def test_the_record_goes_at_the_end(scene: Scene) -> None:
    scene.begin()
    assert scene.run("done", check=True)["changed"] is True
    assert scene.run("done")["record"]["previous"] == "0.30.0"
    assert (scene.look()["record"], scene.run("done")["changed"]) == (None, False)
    assert sorted(path.name for path in scene.dest.iterdir()) == ["0.30.0", "0.32.15", "current"]


def test_check_mode_writes_nothing(scene: Scene) -> None:
    predicted = scene.begin(check=True)
    assert (predicted["changed"], predicted["record"]["previous"]) == (True, "0.30.0")
    assert scene.look()["record"] is None


@pytest.mark.parametrize(
    ("after", "tolerance", "expected"),
    [
        (model("a", LISTED), 0, []),
        (model("a", {**LISTED, "size": 200, "size_vram": 300}), 0, []),
        (model("a", {**LISTED, "size_vram": 40}), 0, ["only 40 % of a is in VRAM; it was 100 % before"]),
        (model("a", {**LISTED, "size_vram": 0}), 50, ["only 0 % of a is in VRAM; it was 100 % before"]),
        (model("a", {**LISTED, "size_vram": 95}), 5, []),
        (model("a", {**LISTED, "size_vram": 94}), 5, ["only 94 % of a is in VRAM; it was 100 % before"]),
        (model("a", None), 0, ["a is not in memory, and was before"]),
        (model("a", {**LISTED, "alive": False}), 0, ["a is not in memory, and was before"]),
        (model("a", {**LISTED, "alive": None}), 0, []),
        (model("a", None, required=False), 0, []),
    ],
)
def test_what_a_model_lost_is_told(scene: Scene, after: dict[str, Any], tolerance: int, expected: list[str]) -> None:
    scene.begin(models={UNIT: [model("a", LISTED), model("cold", None)]})
    assert scene.losses(models={UNIT: [model("cold", None), after]}, vram_tolerance=tolerance) == expected


def test_a_model_that_is_no_longer_declared_is_nobodys_loss(scene: Scene) -> None:
    scene.begin(models={UNIT: [model("a", LISTED)]})
    assert scene.losses(models={UNIT: []}) == []
    assert scene.losses(models={}) == []


def test_the_same_name_on_two_servers_is_two_models(scene: Scene) -> None:
    scene.begin(models={UNIT: [model("a", LISTED)], "ollama@two.service": [model("a", {**LISTED, "size_vram": 30})]})
    after = {UNIT: [model("a", {**LISTED, "size_vram": 30})], "ollama@two.service": [model("a", LISTED)]}
    assert scene.losses(models=after) == ["only 30 % of a is in VRAM; it was 100 % before"]


def test_a_model_on_the_cpu_before_may_be_there_after(scene: Scene) -> None:
    scene.begin(models={UNIT: [model("a", {**LISTED, "size_vram": 0})]})
    assert scene.losses(models={UNIT: [model("a", {**LISTED, "size_vram": 0})]}) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"files": []}', json.dumps({"files": [{"where": "/"}]}), "\xff"])
def test_a_record_that_cannot_be_read_is_told_with_what_to_do(scene: Scene, text: str) -> None:
    path = scene.dest / "upgrade.json"
    path.write_bytes(text.encode("latin-1"))
    said = scene.refused_look()
    assert said.startswith(f"{path} tells of an upgrade and cannot be read: ")
    assert said.endswith("See to it that the server runs, then remove that file")


def test_nothing_is_begun_that_could_not_be_undone(scene: Scene) -> None:
    (scene.dest / "current").unlink()
    sentence = f"{scene.dest} has no release that is current: there is nothing to upgrade, nor to go back to"
    assert scene.refusal("begun", version="0.32.15") == sentence
    undone = scene.undo()
    assert (undone["changed"], undone["record"]) == (False, None)


def test_a_release_that_is_gone_is_not_switched_to(scene: Scene) -> None:
    scene.begin()
    scene.upgrade()
    before = scene.state()
    (scene.dest / "0.30.0/release.json").unlink()
    assert scene.refusal("undone", reason="x") == f"{scene.dest} no longer holds the release 0.30.0 to go back to"
    assert scene.state() == before


def test_a_full_disk_is_named_before_anything_is_begun(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_upgrade_files.os, "fsync", full)
    assert scene.refusal("begun", version="0.32.15") == f"{scene.dest}: No space left on device"
    monkeypatch.undo()
    assert sorted(path.name for path in scene.dest.iterdir()) == ["0.30.0", "0.32.15", "current"]
