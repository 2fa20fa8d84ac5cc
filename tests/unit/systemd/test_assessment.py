# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sets what in a unit, who wins, and whether the server must be restarted for it."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.assessment import (
    Assessment,
    Surroundings,
    assess,
    judge_restart,
    judge_running,
    shown_conflict,
    shown_environment,
    specifiers_of,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.environment import Manager
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.restart import Program
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile

FOLDER = "/etc/systemd/system/ollama.service.d"
OURS = f"{FOLDER}/zz-keepwarm.conf"
VENDOR = UnitFile("/etc/systemd/system/ollama.service", '[Service]\nEnvironment="PATH=/bin" OLLAMA_HOST=0.0.0.0\n')


def dropin(name: str, *lines: str) -> UnitFile:
    return UnitFile(f"{FOLDER}/{name}", "\n".join(["[Service]", *lines, ""]))


def judge(
    *dropins: UnitFile, manager: Manager | None = None, files: dict[str, str] | None = None
) -> Assessment:
    contents = files or {}
    around = Surroundings(
        manager or Manager(),
        specifiers_of("ollama.service", "gpu1"),
        lambda path: [UnitFile(path, contents[path])] if path in contents else [],
    )
    own = next((file for file in dropins if file.path == OURS), None)
    return assess([VENDOR, *dropins], OURS, own, around)


def told(assessment: Assessment) -> list[tuple[str, str, str | None, bool]]:
    return [(entry.key, entry.path.rsplit("/", 1)[-1], entry.value, entry.wins) for entry in assessment.conflicts]


def test_the_last_file_wins_and_the_one_that_loses_is_named() -> None:
    seen = judge(
        dropin("override.conf", "Environment=OLLAMA_HOST=10.0.0.1 OLLAMA_KEEP_ALIVE=-1"),
        dropin("zz-keepwarm.conf", "Environment=OLLAMA_KEEP_ALIVE=45m", "Environment=OLLAMA_HOST=127.0.0.2:1234"),
    )
    assert seen.values["OLLAMA_KEEP_ALIVE"] == "45m"
    assert seen.address.url == "http://127.0.0.2:1234"
    assert sorted(told(seen)) == [
        ("OLLAMA_HOST", "ollama.service", "0.0.0.0", False),
        ("OLLAMA_HOST", "override.conf", "10.0.0.1", False),
        ("OLLAMA_KEEP_ALIVE", "override.conf", "-1", False),
    ]


def test_a_later_file_and_an_environment_file_win() -> None:
    seen = judge(
        dropin("override.conf", "EnvironmentFile=-/etc/default/ollama"),
        dropin("zz-keepwarm.conf", "Environment=OLLAMA_KEEP_ALIVE=45m", "Environment=OLLAMA_MAX_QUEUE=7"),
        dropin("zzz.conf", "Environment=OLLAMA_MAX_QUEUE=9"),
        files={"/etc/default/ollama": "OLLAMA_KEEP_ALIVE='5m'\n"},
    )
    assert told(seen) == [
        ("OLLAMA_KEEP_ALIVE", "ollama", "5m", True),
        ("OLLAMA_MAX_QUEUE", "zzz.conf", "9", True),
    ]


def test_the_same_value_elsewhere_is_no_conflict() -> None:
    seen = judge(
        dropin("override.conf", "EnvironmentFile=/etc/default/ollama", "Environment=OLLAMA_KEEP_ALIVE=45m"),
        dropin("zz-keepwarm.conf", "Environment=OLLAMA_KEEP_ALIVE=45m"),
        files={"/etc/default/ollama": "OLLAMA_KEEP_ALIVE=45m\n"},
    )
    assert told(seen) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.conf", "UnsetEnvironment=OLLAMA_KEEP_ALIVE"),
        ("a.conf", "UnsetEnvironment=OTHER OLLAMA_KEEP_ALIVE=45m"),
        ("zzz.conf", "Environment="),
    ],
)
def test_a_file_that_takes_the_variable_away_wins(name: str, line: str) -> None:
    files = [dropin(name, line), dropin("zz-keepwarm.conf", "Environment=OLLAMA_KEEP_ALIVE=45m")]
    seen = judge(*sorted(files, key=lambda file: file.path))
    assert told(seen) == [("OLLAMA_KEEP_ALIVE", name, None, True)]


@pytest.mark.parametrize(
    ("name", "line"),
    [("a.conf", "UnsetEnvironment=OLLAMA_KEEP_ALIVE=5m"), ("a.conf", "Environment="), ("zzz.conf", "UnsetEnvironment=")],
)
def test_a_file_that_takes_something_else_away_does_not(name: str, line: str) -> None:
    files = [dropin(name, line), dropin("zz-keepwarm.conf", "Environment=OLLAMA_KEEP_ALIVE=45m")]
    seen = judge(*sorted(files, key=lambda file: file.path))
    assert told(seen) == []
    assert seen.values["OLLAMA_KEEP_ALIVE"] == "45m"


def test_a_directive_of_the_drop_in_is_compared_too() -> None:
    ours = dropin("zz-keepwarm.conf", "OOMPolicy=continue")
    assert told(judge(dropin("a.conf", "OOMPolicy=stop"), ours)) == [("OOMPolicy", "a.conf", "stop", False)]
    assert told(judge(ours, dropin("zzz.conf", "OOMPolicy=kill"))) == [("OOMPolicy", "zzz.conf", "kill", True)]


def test_a_file_of_the_same_name_in_a_stronger_folder_hides_the_drop_in() -> None:
    ours = dropin("zz-keepwarm.conf", "Environment=OLLAMA_KEEP_ALIVE=45m")
    other = UnitFile("/run/systemd/system.control/ollama.service.d/zz-keepwarm.conf", "")
    around = Surroundings(Manager(), {}, lambda _path: [])
    (conflict,) = assess([VENDOR, other], OURS, ours, around).conflicts
    assert (conflict.key, conflict.path, conflict.wins) == ("OLLAMA_KEEP_ALIVE", other.path, True)


def test_the_manager_gives_first_and_the_unit_over_it() -> None:
    manager = Manager({"OLLAMA_DEBUG": "1", "OLLAMA_MAX_QUEUE": "3"}, {"HTTP_PROXY": "http://p", "OLLAMA_KEEP_ALIVE": "1m"})
    seen = judge(
        dropin("a.conf", "PassEnvironment=HTTP_PROXY OLLAMA_KEEP_ALIVE ABSENT"),
        dropin("zz-keepwarm.conf", "Environment=OLLAMA_MAX_QUEUE=7"),
        manager=manager,
    )
    assert shown_environment(seen.values, seen.own_keys) == {
        "HTTP_PROXY": "http://p",
        "OLLAMA_DEBUG": "1",
        "OLLAMA_HOST": "0.0.0.0",
        "OLLAMA_KEEP_ALIVE": "1m",
        "OLLAMA_MAX_QUEUE": "7",
    }


def test_specifiers_are_expanded_or_the_value_is_unknown() -> None:
    seen = judge(dropin("a.conf", "Environment=OLLAMA_MODELS=%S/%N/100%% OLLAMA_TMP=%m"))
    assert seen.values["OLLAMA_MODELS"] == "/var/lib/ollama/100%"
    assert seen.values["OLLAMA_TMP"] is None


def test_settings_of_other_sections_and_invalid_names_do_not_count() -> None:
    seen = judge(UnitFile(f"{FOLDER}/a.conf", "[Unit]\nEnvironment=OLLAMA_A=1\n[Service]\nEnvironment=1A=2 novalue\n"))
    assert sorted(seen.values) == ["OLLAMA_HOST", "PATH"]


OLLAMA = Program("/usr/local/bin/ollama", (1, 2))


def reasons(
    running: dict[str, str],
    wanted: dict[str, str | None],
    own: tuple[str, ...] = (),
    programs: tuple[Program | None, Program | None] = (OLLAMA, OLLAMA),
) -> list[str]:
    return list(judge_running(running, *programs, Assessment(wanted, frozenset(own), ())).due)


def after(values: dict[str, str | None], own: str = "", defaults: str = "") -> Assessment:
    return Assessment(values, frozenset(own.split()), (), frozenset(defaults.split()))


@pytest.mark.parametrize(
    ("running", "before", "planned", "due", "pending"),
    [
        pytest.param({"K": "1"}, after({}), after({"K": "2"}, "K"), 1, 0, id="declared"),
        pytest.param({"K": "1"}, after({"K": "1"}, "K"), after({}), 1, 0, id="declared once, taken off"),
        pytest.param({"K": "1"}, after({"K": "1"}, "K"), after({"K": "2"}, "K", "K"), 0, 1, id="declared once, a default again"),
        pytest.param({}, after({}), after({"K": "2"}, "K", "K"), 0, 1, id="a default"),
        pytest.param({"K": "2"}, after({"K": "2"}, "K", "K"), after({}), 0, 1, id="a default, gone"),
        pytest.param({"OLLAMA_X": "1"}, after({}), after({"OLLAMA_X": "2"}), 0, 1, id="of another file"),
        pytest.param({"K": "1"}, after({}), after({"K": "1"}, "K"), 0, 0, id="as it is"),
    ],
)
def test_a_restart_is_due_for_what_somebody_declared_and_for_nothing_else(
    running: dict[str, str], before: Assessment, planned: Assessment, due: int, pending: int
) -> None:
    found = judge_restart(running, OLLAMA, OLLAMA, before, planned)
    assert (len(found.due), len(found.pending)) == (due, pending)


def test_for_the_doctor_what_others_wrote_is_due_and_a_default_of_ours_is_pending() -> None:
    planned = after({"K": "2", "OLLAMA_X": "2"}, "K", "K")
    found = judge_running({}, OLLAMA, OLLAMA, planned)
    assert found.due == ("OLLAMA_X is not set in the running server and is '2' in its unit",)
    assert found.pending == ("K is not set in the running server and is '2' in its unit",)


def test_a_server_that_runs_as_its_unit_says_is_left_alone() -> None:
    running = {"OLLAMA_KEEP_ALIVE": "45m", "INVOCATION_ID": "x", "PATH": "/bin", "MINE": "1"}
    wanted: dict[str, str | None] = {"OLLAMA_KEEP_ALIVE": "45m", "PATH": "/other", "MINE": "1"}
    assert reasons(running, wanted, ("MINE",)) == []


@pytest.mark.parametrize(
    ("running", "wanted", "sentence"),
    [
        ({"OLLAMA_X": "1"}, {"OLLAMA_X": "2"}, "OLLAMA_X is '1' in the running server and '2' in its unit"),
        ({}, {"CUDA_VISIBLE_DEVICES": ""}, "CUDA_VISIBLE_DEVICES is not set in the running server and is '' in its unit"),
        (
            {"https_proxy": "http://u:p@h"},
            {},
            "https_proxy is 'http://********@h' in the running server and not set in its unit",
        ),
        ({"MINE": "1"}, {"MINE": "2"}, "MINE is '1' in the running server and '2' in its unit"),
    ],
)
def test_each_difference_has_its_sentence(
    running: dict[str, str], wanted: dict[str, str | None], sentence: str
) -> None:
    assert reasons(running, wanted, ("MINE",)) == [sentence]


def test_an_unknown_value_is_not_a_difference() -> None:
    assert reasons({"OLLAMA_MODELS": "/x"}, {"OLLAMA_MODELS": None}) == []


@pytest.mark.parametrize(
    ("running", "configured", "due"),
    [
        (Program("/usr/local/bin/ollama (deleted)", None), OLLAMA, True),
        (Program("/opt/0.32/bin/ollama", (1, 1)), OLLAMA, True),
        (Program("/opt/0.32/bin/ollama", (1, 2)), OLLAMA, False),
        (Program("/usr/bin/python3.13", (1, 1)), Program("/usr/local/bin/ollama", (1, 2), is_script=True), False),
        (Program("/usr/bin/python3.13 (deleted)", None), Program("/usr/local/bin/ollama", (1, 2), is_script=True), True),
        (OLLAMA, Program("/usr/bin/env", (3, 3)), False),
        (OLLAMA, None, False),
        (None, OLLAMA, False),
    ],
)
def test_a_replaced_program_is_noticed_unless_a_wrapper_hides_it(
    running: Program | None, configured: Program | None, due: bool
) -> None:
    assert bool(reasons({}, {}, (), (running, configured))) is due


def test_credentials_are_masked_wherever_they_are_shown() -> None:
    values = {"HTTP_PROXY": "http://user:secret@proxy:3128", "all_proxy": "user:secret@proxy", "OLLAMA_API_KEY": "secret"}
    assert "secret" not in str(shown_environment(values, ()))
    ours = dropin("zz-keepwarm.conf", "Environment=HTTP_PROXY=http://us:secret@proxy OLLAMA_API_KEY=secret")
    other = dropin("a.conf", "Environment=HTTP_PROXY=http://other:secret@proxy OLLAMA_API_KEY=secret2")
    shown = [shown_conflict(conflict) for conflict in judge(other, ours).conflicts]
    assert [entry["key"] for entry in shown] == ["HTTP_PROXY", "OLLAMA_API_KEY"]
    assert "secret" not in str(shown)
    assert "secret" not in str(reasons({"HTTP_PROXY": values["HTTP_PROXY"]}, {"HTTP_PROXY": "http://a:secret@b"}))
