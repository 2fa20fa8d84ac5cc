# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of ollama_server decide that put a program on a host and take it away again."""

from __future__ import annotations

from typing import Any

import pytest
from support.role_tasks import holds, names, task, value

ROLE = "ollama_server"


def stays(unit: str, active: str = "active", exe: str = "/usr/bin/ollama") -> dict[str, Any]:
    """What M(keepwarm.ollama.ollama_unit_info) tells of a server before a removal."""
    return {"item": unit, "active_state": active, "exe": exe, "restart_due": False}


@pytest.mark.parametrize(
    ("restart", "restored", "ended", "server", "goes_on"),
    [
        ("auto", ["ollama.service"], [], stays("ollama.service"), True),
        ("never", ["ollama.service"], [], stays("ollama.service"), False),
        ("never", ["ollama.service"], [], stays("ollama.service", "inactive"), True),
        ("never", [], [], stays("ollama.service"), True),
        # The unit came back in a run that was interrupted then.
        ("never", [], [], stays("ollama.service", exe="/opt/ollama/0.32.15/bin/ollama"), False),
        ("never", [], [], stays("ollama.service", exe="/opt/ollama-of-others/bin/ollama"), True),
        ("never", [], ["ollama.service"], stays("ollama.service", exe="/opt/ollama/0.32.15/bin/ollama"), True),
    ],
)
def test_the_program_of_a_running_server_is_not_removed(
    restart: str, restored: list[str], ended: list[str], server: dict[str, Any], goes_on: bool
) -> None:
    refusal = task(ROLE, "absent_look.yml", "Refuse to remove what a server runs that is not to be restarted")
    given = {
        "ollama_server_restart": restart,
        "__ollama_server_managed": {"restored": restored, "ended": ended},
        "__ollama_server_stay": {"results": [server]},
    }
    assert holds(ROLE, refusal["ansible.builtin.assert"]["that"], **given) is goes_on
    sentence = value(ROLE, refusal["ansible.builtin.assert"]["fail_msg"], **given)
    assert goes_on or sentence.startswith("ollama.service runs what would be removed, and ollama_server_restart is never:")


def test_it_is_refused_before_anything_is_removed() -> None:
    assert names(ROLE, "absent.yml")[0] == "Look at what is there"
    assert task(ROLE, "absent.yml", "Look at what is there")["ansible.builtin.import_tasks"] == "absent_look.yml"


@pytest.mark.parametrize(
    ("ended", "changes", "named"),
    [
        (["ollama@a.service"], {}, True),
        (["ollama.service", "ollama@a.service"], {}, False),
        (["ollama@a.service"], {"active_state": "active"}, False),
        (["ollama@a.service"], {"enabled": True}, False),
        (["ollama@a.service"], {"exists": False}, False),
        (["llm.service"], {}, False),
        ([], {}, False),
    ],
)
def test_a_server_that_made_way_for_instances_is_named(ended: list[str], changes: dict[str, Any], named: bool) -> None:
    say = task(ROLE, "absent_look.yml", "Report a server that may have made way for instances")
    server = {**stays("ollama.service", "inactive"), "exists": True, "enabled": False, **changes}
    given = {"__ollama_server_managed": {"ended": ended}, "__ollama_server_stay": {"results": [server]}}
    assert holds(ROLE, say["when"], **given) is named
    assert not named or value(ROLE, say["ansible.builtin.debug"]["msg"], **given).endswith("systemctl enable --now ollama.service")


def test_folders_of_models_are_known_without_the_settings_that_told_them() -> None:
    folders = task(ROLE, "absent.yml", "Remove the releases and the account")["keepwarm.ollama.ollama_release"]["folders"]
    given = {"ollama_server_models": "/srv/a", "__ollama_server_folders": ["/srv/b"], "__ollama_server_managed": {"folders": []}}
    assert value(ROLE, folders, **given) == ["/srv/a", "/srv/b"]
    assert value(ROLE, folders, **{**given, "ollama_server_models": None}) == ["/srv/b"]


@pytest.mark.parametrize(
    ("result", "fails"),
    [
        ({"failed": False}, False),
        ({"failed": True, "msg": "Could not find the requested service ollama@a.service: host"}, False),
        ({"failed": True, "msg": "Unable to stop service ollama@a.service: no bus"}, True),
        ({"failed": True}, True),
    ],
)
def test_a_server_whose_template_is_gone_needs_no_stop(result: dict[str, Any], fails: bool) -> None:
    stop = task(ROLE, "prune.yml", "Stop servers that are not declared")
    assert holds(ROLE, stop["failed_when"], __ollama_server_left_stopped=result) is fails


@pytest.mark.parametrize(("groups", "comment"), [({"llm": []}, "__ollama_server_comment_guest"), ({"ollama": []}, "__ollama_server_comment_ours")])
def test_an_account_tells_whether_its_group_was_there_before(groups: dict[str, Any], comment: str) -> None:
    given = {"ollama_server_user": "llm", "ansible_facts": {"getent_group": groups}}
    assert value(ROLE, "{{ __ollama_server_comment }}", **given) == value(ROLE, f"{{{{ {comment} }}}}")
    tasks = names(ROLE, "switch.yml")
    assert tasks.index("Look the groups up, that of the server before it is created") < tasks.index("Create the group of the server")


def test_folders_of_a_user_are_made_by_what_follows_no_link_of_its() -> None:
    """ansible.builtin.file follows one."""
    write = task(ROLE, "install.yml", "Write the units of the servers, and create their folders")["keepwarm.ollama.ollama_units"]["folders"]
    given: dict[str, Any] = {"__ollama_server_user_found": [], "__ollama_server_account": "ollama", "__ollama_server_template_ours": True}
    one = value(ROLE, write, **given, ollama_server_models="/srv/models", __ollama_server_installs=True, __ollama_server_several=False)
    assert one == [{"path": path, "owner": "ollama", "group": "ollama"} for path in ("/var/lib/ollama", "/srv/models")]
    several = {"__ollama_server_installs": False, "__ollama_server_several": True, "__ollama_server_folders": ["/srv/a"]}
    assert value(ROLE, write, **given, **several) == [{"path": "/srv/a", "owner": "ollama", "kept": True}]
    assert value(ROLE, write, **{**given, **several, "__ollama_server_template_ours": False}) == []


CLIENT = {"ollama_server_release_dest": "/srv/releases"}


@pytest.mark.parametrize(
    ("found", "linked"),
    [
        ({"exists": False}, True),
        ({"exists": True, "islnk": True, "lnk_target": "/srv/releases/current/bin/ollama"}, True),
        ({"exists": True, "islnk": True, "lnk_target": "/opt/their/bin/ollama"}, False),
        ({"exists": True, "islnk": False}, False),
    ],
)
def test_the_command_of_others_stays_and_is_named(found: dict[str, Any], linked: bool) -> None:
    given = {**CLIENT, "__ollama_server_client_found": {"stat": found}}
    link, say = (task(ROLE, "switch.yml", name) for name in ("Link the command", "Report that the command of others stays"))
    assert (holds(ROLE, link["when"], **given), holds(ROLE, say["when"], **given)) == (linked, not linked)
    assert "/usr/local/bin/ollama is there already, no link to /srv/releases/current/bin/ollama," in value(ROLE, say["ansible.builtin.debug"]["msg"], **given)
    assert value(ROLE, link["ansible.builtin.file"]["src"], **given) == "/srv/releases/current/bin/ollama"


def test_a_link_that_leads_nowhere_is_seen() -> None:
    assert task(ROLE, "host.yml", "Look for a command of that name")["ansible.builtin.stat"]["follow"] is False


def test_a_unit_whose_place_cannot_be_taken_is_refused_before_the_release_is_switched() -> None:
    tasks, title = names(ROLE, "install.yml"), "Refuse a unit whose place cannot be taken, before the release is switched"
    refuse = task(ROLE, "install.yml", title)
    assert tasks.index(title) < tasks.index("Fetch the release") < tasks.index("Prepare the account of the server, and switch to the release")
    assert refuse["check_mode"] is True
    (unit,) = refuse["keepwarm.ollama.ollama_units"]["units"]
    written = task(ROLE, "install.yml", "Write the units of the servers, and create their folders")["keepwarm.ollama.ollama_units"]["units"]
    given = {"__ollama_server_found_ours": False, "__ollama_server_installs": True, "__ollama_server_runs_plain": True, "__ollama_server_several": False}
    (later,) = value(ROLE, written, **given, __ollama_server_plain_units=[unit], __ollama_server_template_units=[])
    assert (later["name"], str(later["replaces"]), later["enabled"]) == ("ollama.service", "True", False)
    assert holds(ROLE, refuse["when"], **given)
    assert not holds(ROLE, refuse["when"], **{**given, "__ollama_server_installs": False})


@pytest.mark.parametrize(("removing", "busy", "back"), [(False, False, True), (True, False, False), (False, True, False)])
def test_a_removal_puts_no_settings_back(removing: bool, busy: bool, back: bool) -> None:
    found = {"__ollama_server_was_busy": busy, **({"__ollama_server_removing": True} if removing else {})}
    assert holds(ROLE, task(ROLE, "rollback.yml", "Go back to what the server served with last")["when"], **found) is back
    fail = task(ROLE, "rollback.yml", "Report what failed")
    assert ("when" in fail, value(ROLE, fail["ansible.builtin.fail"]["msg"], __ollama_server_failure="no answer")) == (False, "no answer")


def test_the_restart_of_a_removal_is_known_as_one() -> None:
    restart = task(ROLE, "absent.yml", "Run the servers that stay by their own units")
    assert (restart["ansible.builtin.include_tasks"], restart["vars"]["__ollama_server_removing"]) == ("run.yml", True)


@pytest.mark.parametrize(
    ("restart", "due", "restored", "restarts", "reasons"),
    [
        ("auto", True, [], True, ["changed"]),
        ("auto", False, [], False, []),
        ("auto", False, ["ollama.service"], True, ["it gets the unit back that was taken over"]),
        ("never", True, [], False, ["changed"]),
        ("auto", False, ["llm.service"], False, []),
    ],
)
def test_a_server_of_others_restarts_where_its_own_unit_says_something_else(
    restart: str, due: bool, restored: list[str], restarts: bool, reasons: list[str]
) -> None:
    server = {**stays("ollama.service"), "restart_due": due, "restart_reasons": ["changed"] if due else []}
    given = {
        "ollama_server_restart": restart,
        "__ollama_server_unit": "ollama.service",
        "__ollama_server_managed": {"restored": restored, "ended": ["llm.service"]},
        "__ollama_server_stay": {"results": [stays("llm.service"), stays("idle.service", "inactive"), server]},
    }
    look = value(ROLE, "{{ __ollama_server_staying_look }}", **given)
    assert (look["item"], look["plan"]["restarts"], look["plan"]["runs"], look["restart_reasons"]) == ("ollama.service", restarts, True, reasons)
    assert value(ROLE, "{{ __ollama_server_staying | map(attribute='item') }}", **given) == ["ollama.service"]
    assert value(ROLE, "{{ __ollama_server_staying_restarts }}", **given) == (["ollama.service"] if restarts else [])


@pytest.mark.parametrize(("record", "upgrading"), [(None, False), ({"units": ["ollama.service"]}, True)])
def test_a_host_is_not_being_upgraded_where_nothing_was_recorded(record: Any, upgrading: bool) -> None:
    """As in check mode, in which the upgrade was noted and never began."""
    note = task(ROLE, "upgrade_undo.yml", "Note whether the host is being upgraded")
    told = note["ansible.builtin.set_fact"]["__ollama_server_upgrading"]
    given = {"__ollama_server_upgrade": {"record": record}, "__ollama_server_upgrading": True}
    assert holds(ROLE, note.get("when", "true"), **given)
    assert value(ROLE, told, **given) in (upgrading, str(upgrading))


def test_a_server_that_cannot_be_asked_keeps_no_other_from_getting_its_models_back() -> None:
    ask = task(ROLE, "restore.yml", "Ask where the servers answer")
    assert ask["failed_when"] is False
    lost = {"item": "ollama@a.service", "failed": False, "msg": "systemctl show failed"}
    served, idle = ({"item": f"ollama@{name}.service", "failed": False, "url_running": url} for name, url in (("b", "http://127.0.0.1:1"), ("c", None)))
    given = {"__ollama_server_asked": {"results": [lost, served, idle]}, "ansible_check_mode": False}
    load = task(ROLE, "restore.yml", "Load again what was in memory before the restart")
    fail = task(ROLE, "restore.yml", "Fail for the servers that could not be asked")
    assert [holds(ROLE, load["when"], item=item, **given) for item in value(ROLE, load["loop"], **given)] == [False, True, False]
    assert [value(ROLE, fail["ansible.builtin.fail"]["msg"], item=item) for item in value(ROLE, fail["loop"], **given)] == [
        "ollama@a.service: systemctl show failed"
    ]
    assert names(ROLE, "restore.yml").index(fail["name"]) > names(ROLE, "restore.yml").index(load["name"])


def test_a_host_on_hold_is_left_out_by_the_look_that_its_refusals_are_from() -> None:
    begin = names("ollama_warmup", "begin.yml")
    leave = task("ollama_warmup", "begin.yml", "Leave out a host on which an operator is at work")
    assert begin.index("Look at the host") < begin.index(leave["name"]) < begin.index("Refuse what cannot be kept on this host")
    assert [one["name"] for one in leave["block"] if "register" in one] == []
