# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a folder of releases goes what the role wrote, whoever else keeps what there."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._base.layout import below
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal import files, server, steps
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.releases import _UPGRADE_KEYS
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import Executor, Step
from ansible_collections.keepwarm.ollama.plugins.module_utils._upgrade import KeptFile, Record
from ansible_collections.keepwarm.ollama.plugins.module_utils._upgrade_files import write_record
from support.removal_host import Host

COMMAND = "/usr/local/bin/ollama"
DEST = "/opt/ollama"


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    made = Host(tmp_path)
    for folder in ("/usr/local/bin", "/opt"):
        made.write(f"{folder}/others")
    return made


def upgrade(host: Host, dest: str = DEST) -> None:
    """The record of one that was interrupted."""
    record = Record("0.30.0", "0.32.15", "2026-01-01T00:00:00Z", ("ollama.service",), (KeptFile("/etc/a"),))
    write_record(below(host.root, f"{dest}/upgrade.json"), record)


def plan(host: Host, dest: str = DEST) -> list[Step]:
    return server.look_at_files(dest, [], False, host.root).remove()


def remove(host: Host, dest: str = DEST) -> None:
    Executor(host.run, host.root).carry_out(plan(host, dest))
    assert plan(host, dest) == []


@pytest.mark.parametrize("dest", [DEST, "/srv/ai"])
@pytest.mark.parametrize("version", ["v0.20", "0.20.0"])
def test_an_operator_s_own_releases_stay_whether_a_variable_names_their_folder_or_not(host: Host, dest: str, version: str) -> None:
    host.write(f"{dest}/{version}/bin/ollama")
    host.link(f"{dest}/current", version)
    host.link(COMMAND, f"{dest}/current/bin/ollama")
    before = host.files()
    remove(host)
    assert host.files() == before


@pytest.mark.parametrize("dest", [DEST, "/srv/ai"])
def test_ours_go_from_beside_those_of_others_who_keep_what_is_current(host: Host, dest: str) -> None:
    host.write(f"{dest}/v0.20/bin/ollama")
    host.link(COMMAND, f"{dest}/current/bin/ollama")
    before = host.files()
    host.release(dest)
    host.lose(f"{dest}/current")
    host.link(f"{dest}/current", "v0.20")
    remove(host)
    assert host.files() == before | {f"{dest}/current"}


def test_what_others_keep_in_the_folder_stays(host: Host) -> None:
    for theirs in ("postgres/data/base", "current.txt", ".incoming-mail/1", ".downloads-1", "v0.32.15/release.json"):
        host.write(f"/srv/apps/{theirs}")
    host.write("/srv/apps/0.30.0/release.json", json.dumps({"version": "0.32.15", "archives": {}}))
    host.write("/srv/apps/0.31.0/release.json", json.dumps({"version": "0.31.0"}))
    host.write("/srv/apps/0.31.1/release.json", json.dumps(["0.31.1"]))
    host.write("/srv/apps/0.31.2/release.json", "no JSON")
    host.write("/srv/apps/upgrade.json", json.dumps({"version": "1.0.0"}))
    before = host.files()
    host.release("/srv/apps")
    host.link(COMMAND, "/srv/apps/current/bin/ollama")
    remove(host, "/srv/apps")
    assert host.files() == before


def test_all_that_the_role_writes_goes_with_the_folder(host: Host) -> None:
    before = host.files()
    for version in ("0.30.0", "0.32.15"):
        host.release(version=version)
    upgrade(host)
    for folder in (".incoming-0.33.0-rc1/bin", ".downloads-0.33.0", ".removed-0.29.0"):
        host.write(f"{DEST}/{folder}/ollama")
    host.write(f"{DEST}/.upgrade.json.keepwarm")
    host.link(f"{DEST}/.current-new", "0.33.0")
    host.link(COMMAND, f"{DEST}/current/bin/ollama")
    remove(host)
    assert host.files() == before


@pytest.mark.parametrize("named", [DEST, "/nowhere"])
@pytest.mark.parametrize("done", range(7))
def test_a_removal_that_was_interrupted_comes_to_the_same_end(host: Host, done: int, named: str) -> None:
    before = host.files()
    host.release()
    upgrade(host)
    host.link(COMMAND, f"{DEST}/current/bin/ollama")
    planned = plan(host, named)
    assert [step.kind for step in planned] == ["remove", "remove release", "remove", "remove", "remove folder"]
    # Once the command is gone, nothing leads to a folder that no variable names.
    Executor(host.run, host.root).carry_out(planned[:done] if named == DEST else planned[: min(done, 2)])
    remove(host, named)
    assert host.files() - ({DEST} if done == 4 else set()) == before


def test_a_release_is_ours_until_the_last_of_it_is_gone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.release()
    monkeypatch.setattr(files.shutil, "rmtree", _fail)
    with pytest.raises(steps.RemovalError, match=r"^remove release /opt/ollama/0\.32\.15 failed: "):
        Executor(host.run, host.root).carry_out(plan(host))
    monkeypatch.undo()
    remove(host)
    assert DEST not in host.files()


def test_a_command_that_leads_nowhere_since_somebody_removed_the_releases_goes(host: Host) -> None:
    before = host.files()
    host.link(COMMAND, f"{DEST}/current/bin/ollama")
    remove(host)
    assert host.files() == before


@pytest.mark.parametrize("target", ["/opt/their/bin/ollama", "../lib/current/bin/ollama", "/srv/ai/current/bin/ollama"])
def test_a_command_of_others_stays_wherever_it_leads(host: Host, target: str) -> None:
    host.release()
    host.link(COMMAND, target)
    remove(host)
    assert COMMAND in host.files()


def test_a_folder_that_is_a_link_stays(host: Host) -> None:
    host.release("/srv/releases")
    host.link(DEST, "../srv/releases")
    remove(host, f"{DEST}/")
    assert {DEST, "/srv/releases"} <= host.files()
    assert not {path for path in host.files() if path.startswith("/srv/releases/")}


def test_a_record_of_an_upgrade_has_the_keys_that_it_is_known_by() -> None:
    assert {field.name for field in dataclasses.fields(Record)} >= _UPGRADE_KEYS


def _fail(path: str) -> None:
    raise OSError(5, "I/O error", path)
