# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A default of ours never beats a value that somebody wrote."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.assessment import Surroundings, values_of_others
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.defaults import Host, Settled, default_keys, effective_limit, settle
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.environment import MANAGER, Manager
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.others import Written
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile

FOLDER = "/etc/systemd/system/ollama.service.d"
OURS = f"{FOLDER}/zz-keepwarm.conf"
MARK = "# Managed by Ansible (role keepwarm.ollama.ollama_server): changes made here are overwritten.\n"
VENDOR = UnitFile("/etc/systemd/system/ollama.service", '[Service]\nEnvironment="PATH=/bin"\n')
OVERRIDE = f"{FOLDER}/override.conf"
LIMIT, KEEP_ALIVE = "OLLAMA_MAX_LOADED_MODELS", "OLLAMA_KEEP_ALIVE"


def written(*files: UnitFile, environment_files: dict[str, str] | None = None, manager: Manager | None = None) -> dict[str, Written]:
    contents = environment_files or {}
    around = Surroundings(manager or Manager(), {}, lambda path: [UnitFile(path, contents[path])] if path in contents else [])
    return {entry.key: entry for entry in values_of_others([VENDOR, *files], OURS, around)}


def dropin(name: str, *lines: str) -> UnitFile:
    return UnitFile(f"{FOLDER}/{name}", "\n".join(["[Service]", *lines, ""]))


def settled(models: Any, *entries: Written, declared: dict[str, str] | None = None, ours: dict[str, str] | None = None, gpus: int = 1) -> Settled:
    return settle(declared or {}, models, {}, None, Host({entry.key: entry for entry in entries}, ours or {}, gpus))


def pins(count: int) -> list[Any]:
    return [{"name": f"m{number}"} for number in range(count)]


def test_a_value_of_others_is_told_with_its_file_and_line() -> None:
    found = written(dropin("override.conf", "# OLLAMA_KEEP_ALIVE=1", "Environment=OLLAMA_MAX_LOADED_MODELS=5", 'Environment="OLLAMA_KEEP_ALIVE=-1"'))
    assert found[KEEP_ALIVE] == Written(KEEP_ALIVE, "-1", OVERRIDE, 4)
    assert found[LIMIT] == Written(LIMIT, "5", OVERRIDE, 3)


@pytest.mark.parametrize(
    ("files", "environment_files", "value", "path", "line"),
    [
        ([dropin("a.conf", "EnvironmentFile=-/etc/default/ollama")], {"/etc/default/ollama": "#\nOLLAMA_KEEP_ALIVE=5m\n"}, "5m", "/etc/default/ollama", 2),
        ([dropin("zzz.conf", "Environment=OLLAMA_KEEP_ALIVE=9m")], {}, "9m", f"{FOLDER}/zzz.conf", 2),
        ([dropin("a.conf", "UnsetEnvironment=OLLAMA_KEEP_ALIVE")], {}, None, f"{FOLDER}/a.conf", 2),
        ([dropin("zzz.conf", "Environment=")], {}, None, f"{FOLDER}/zzz.conf", None),
        ([dropin("a.conf", "Environment=OLLAMA_KEEP_ALIVE=%m")], {}, None, f"{FOLDER}/a.conf", 2),
    ],
)
def test_wherever_somebody_wrote_it(files: list[UnitFile], environment_files: dict[str, str], value: str | None, path: str, line: int | None) -> None:
    assert written(*files, environment_files=environment_files)[KEEP_ALIVE] == Written(KEEP_ALIVE, value, path, line)


def test_what_systemd_itself_gives_every_service_is_somebody_s_value_too() -> None:
    assert written(manager=Manager({KEEP_ALIVE: "2h"}))[KEEP_ALIVE] == Written(KEEP_ALIVE, "2h", MANAGER)


def test_what_comes_before_the_drop_in_takes_nothing_away_from_it() -> None:
    assert KEEP_ALIVE not in written(dropin("a.conf", "Environment="))


def test_our_own_files_are_nobody_s_else() -> None:
    ours = UnitFile(OURS, MARK + "[Service]\nEnvironment=OLLAMA_KEEP_ALIVE=1800s OLLAMA_MAX_LOADED_MODELS=4\nOOMPolicy=continue\n")
    assert written(ours) == {}


def test_without_anybody_else_both_defaults_are_written_and_known_for_such() -> None:
    found = settled(pins(1))
    assert found.environment == {KEEP_ALIVE: "1800s", LIMIT: "4"}
    assert (found.oom_policy, found.standing, found.warnings) == ("continue", (), ())
    assert default_keys("\n".join(found.comments)) == {KEEP_ALIVE, LIMIT}


def test_a_value_of_others_stands_and_is_named() -> None:
    others = written(dropin("override.conf", "Environment=OLLAMA_MAX_LOADED_MODELS=5 OLLAMA_KEEP_ALIVE=-1", "OOMPolicy=stop"))
    found = settled(pins(1), *others.values())
    assert (found.environment, found.defaults, found.oom_policy) == ({}, (), None)
    assert list(found.standing) == [f"{key} is not written here: {OVERRIDE} sets it, and that stands." for key in (KEEP_ALIVE, LIMIT, "OOMPolicy")]
    assert found.comments == [f"# {sentence}" for sentence in found.standing]


def test_what_was_declared_beats_what_others_wrote() -> None:
    found = settled(pins(1), Written(KEEP_ALIVE, "-1", OVERRIDE, 2), declared={KEEP_ALIVE: "2700s", LIMIT: "1"})
    assert (found.environment, found.defaults, found.standing) == ({KEEP_ALIVE: "2700s", LIMIT: "1"}, (), ())


@pytest.mark.parametrize(
    ("models", "ours", "gpus", "limit"),
    [
        ([], {}, 0, "4"), (None, {}, 1, "4"), ("odd", {}, 1, "4"), (pins(3), {}, 1, "4"), (pins(4), {}, 1, "8"), (["a", "b", "c", "d"], {}, 1, "8"),
        (pins(1), {LIMIT: "8"}, 1, "8"), (pins(9), {LIMIT: "8"}, 1, "12"), (pins(1), {}, 2, "6"), (pins(1), {LIMIT: "many"}, 1, "4"),
    ],
)  # fmt: skip
def test_the_limit_grows_in_steps_and_never_shrinks(models: Any, ours: dict[str, str], gpus: int, limit: str) -> None:
    assert settled(models, ours=ours, gpus=gpus).environment[LIMIT] == limit


@pytest.mark.parametrize(
    ("value", "count", "gpus", "raised"),
    [("1", 2, 1, True), ("2", 2, 1, False), ("0", 3, 1, False), ("0", 4, 1, True), ("lots", 4, 1, True), ("0", 6, 2, False), (None, 9, 1, False)],
)
def test_only_a_limit_that_the_pins_do_not_fit_under_is_raised(value: str | None, count: int, gpus: int, raised: bool) -> None:
    found = settled(pins(count), Written(LIMIT, value, OVERRIDE, 7), gpus=gpus)
    assert (LIMIT in found.environment) is raised
    assert bool(found.warnings) is raised
    assert not raised or found.warnings[0].startswith(f"{OVERRIDE}, line 7, sets {LIMIT} to {value}, but {count} models are pinned: it is raised to ")


def test_a_model_that_is_warm_only_is_no_pin() -> None:
    models = [{"name": "a"}, {"name": "b", "policy": "warm", "keep_alive": "5m"}]
    assert settled(models, Written(LIMIT, "1", OVERRIDE, 2)).warnings == ()


@pytest.mark.parametrize(("value", "gpus", "limit"), [("5", 1, 5), ("0", 0, 3), (None, 2, 6), ("-1", 1, 3), (" '4' ", 1, 4)])
def test_the_limit_of_a_server(value: str | None, gpus: int, limit: int) -> None:
    assert effective_limit(value, gpus) == limit
