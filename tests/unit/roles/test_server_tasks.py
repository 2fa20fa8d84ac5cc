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
    return {"item": unit, "active_state": active, "exe": exe}


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
        **refusal["vars"],
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
    say = task(ROLE, "absent.yml", "Report a server that may have made way for instances")
    server = {**stays("ollama.service", "inactive"), "exists": True, "enabled": False, **changes}
    given = {**say["vars"], "__ollama_server_managed": {"ended": ended}, "__ollama_server_stay": {"results": [server]}}
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
    tasks = names(ROLE, "account.yml")
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
    assert task(ROLE, "switch.yml", "Look for a command of that name")["ansible.builtin.stat"]["follow"] is False
