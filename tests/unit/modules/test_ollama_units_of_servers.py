# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ollama_server writes in one run: drop-ins whose former content is kept, files that units need, and claims before both."""

from __future__ import annotations

import json
import os
import pwd
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._units import carry_out
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_units
from support.ansible_module import Entrance
from support.systemd_manager import UNITS, Systemd

MARK = "# Ansible managed (keepwarm.ollama.ollama_server)\n"
GPU = "ollama-gpu-ready.service"
PROGRAM = "/usr/local/lib/ollama-server/wait-for-gpu"
SERVER = "ollama.service"
DROPIN = f"{UNITS}/{SERVER}.d/zz-keepwarm.conf"
KEPT = f"/var/lib/keepwarm-ollama/server/{SERVER}.dropin.json"
MANIFEST = "/var/lib/keepwarm-ollama/ollama_server.json"


@pytest.fixture
def host(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    made = Systemd(tmp_path / "host")
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command, **options: made.run(command, **options))
    monkeypatch.setattr(ollama_units, "ROOT", made.root)
    made.write(f"{UNITS}/{SERVER}", "[Service]\nExecStart=/bin/ollama serve\n")
    made.run(["systemctl", "daemon-reload"])
    made.calls.clear()
    return made


@pytest.fixture
def units(host: Systemd, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    return Entrance(ollama_units.main, monkeypatch, capsys, tmp_path)


def options(content: str = "[Service]\nOOMPolicy=stop\n", waits: bool = True, takeover: bool = False) -> dict[str, Any]:
    return {
        "role": "ollama_server",
        "units": [{"name": GPU, "content": f"{MARK}[Service]\nType=oneshot\nExecStart=/bin/sh {PROGRAM}\n" if waits else ""}],
        "dropins": [{"unit": SERVER, "content": MARK + content, "keeps_former": True}],
        "dropin_name": "zz-keepwarm.conf",
        "files": [{"path": PROGRAM, "content": "echo\n" if waits else ""}],
        "claims": {"folders": [os.path.dirname(PROGRAM)] if waits else [], "takeover": takeover},
    }


def test_everything_is_written_once_and_check_mode_says_so(units: Entrance, host: Systemd) -> None:
    expected = units.succeed(check=True, **options())
    assert (host.calls, host.exists(DROPIN), host.exists(MANIFEST)) == ([], False, False)
    done = units.succeed(**options())
    assert done["steps"] == expected["steps"] == [f"write {PROGRAM}", f"write {UNITS}/{GPU}", f"write {DROPIN}", "daemon-reload"]
    assert done["diff"] == expected["diff"]
    assert (host.text(PROGRAM), os.stat(host.root + PROGRAM).st_mode & 0o777) == ("echo\n", 0o644)
    again = units.succeed(**options())
    assert (again["changed"], again["steps"], again["diff"]) == (False, [], [])


def test_what_served_last_is_kept_over_any_number_of_tries(units: Entrance, host: Systemd) -> None:
    units.succeed(**options("[Service]\nOOMPolicy=stop\n"))
    assert json.loads(host.text(KEPT))["content"] is None
    os.unlink(host.root + KEPT)  # a server has run with it
    units.succeed(**options("[Service]\nOOMPolicy=kill\n"))
    units.succeed(**options("[Service]\nOOMPolicy=continue\n"))
    assert json.loads(host.text(KEPT))["content"] == f"{MARK}[Service]\nOOMPolicy=stop\n"


def test_another_file_than_the_drop_in_is_no_reason_to_keep_it(units: Entrance, host: Systemd) -> None:
    units.succeed(**options())
    os.unlink(host.root + KEPT)
    host.write(PROGRAM, "changed by hand\n")
    assert units.succeed(**options())["steps"] == [f"write {PROGRAM}", "daemon-reload"]
    assert not host.exists(KEPT)


def test_systemd_reads_what_it_has_not_read_of_a_server_without_that_being_a_change(units: Entrance, host: Systemd) -> None:
    """The vendor's installer has written its unit anew; or a play was killed between the drop-in and the restart."""
    units.succeed(**options())
    host.write(f"{UNITS}/{SERVER}", "[Service]\nExecStart=/bin/ollama serve --new\n")
    host.calls.clear()
    done = units.succeed(**options())
    assert (done["changed"], done["steps"], host.calls) == (False, ["daemon-reload"], ["daemon-reload"])
    host.write(f"{UNITS}/{GPU}", f"{MARK}[Service]\nType=oneshot\nExecStart=/bin/sh {PROGRAM}\n# read\n")
    host.run(["systemctl", "daemon-reload"])
    host.write(f"{UNITS}/{GPU}", f"{MARK}[Service]\nType=oneshot\nExecStart=/bin/sh {PROGRAM}\n")
    assert units.succeed(**options())["changed"] is True


def test_permissions_that_somebody_changed_are_put_right(units: Entrance, host: Systemd) -> None:
    units.succeed(**options())
    os.chmod(host.root + DROPIN, 0o600)
    assert units.succeed(**options())["steps"] == [f"write {DROPIN}", "daemon-reload"]
    assert os.stat(host.root + DROPIN).st_mode & 0o777 == 0o644


def test_what_waits_for_the_gpus_goes_when_no_server_waits(units: Entrance, host: Systemd) -> None:
    units.succeed(**options())
    expected = units.succeed(check=True, **options(waits=False))
    done = units.succeed(**options(waits=False))
    assert done["steps"] == expected["steps"] == [f"remove {UNITS}/{GPU}", f"remove {PROGRAM}", "daemon-reload"]
    assert (host.exists(os.path.dirname(PROGRAM)), host.exists(DROPIN)) == (False, True)


def test_a_folder_of_others_stays_where_nothing_of_ours_is_wanted(units: Entrance, host: Systemd) -> None:
    host.write(PROGRAM, "theirs\n")
    host.write(f"{UNITS}/{GPU}", "[Service]\nExecStart=/bin/true\n")
    units.succeed(**options(waits=False))
    assert (host.text(PROGRAM), host.exists(f"{UNITS}/{GPU}")) == ("theirs\n", True)


def test_what_others_made_is_refused_before_anything_is_written(units: Entrance, host: Systemd) -> None:
    host.write(DROPIN, "[Service]\n")
    host.write(PROGRAM, "theirs\n")
    for check in (True, False):
        sentence = units.fail(check=check, **options())
        assert sentence.startswith(f"{DROPIN} (without the role's mark), {os.path.dirname(PROGRAM)} (a folder of others): not made by the role")
    assert (host.text(DROPIN), host.text(PROGRAM), host.exists(f"{UNITS}/{GPU}")) == ("[Service]\n", "theirs\n", False)


def test_their_place_is_taken_where_that_is_wanted(units: Entrance, host: Systemd) -> None:
    host.write(DROPIN, "[Service]\n")
    host.write(PROGRAM, "theirs\n")
    expected = units.succeed(check=True, **options(takeover=True))
    assert (host.text(DROPIN), expected["changed"]) == ("[Service]\n", True)
    done = units.succeed(**options(takeover=True))
    assert expected["steps"] == done["steps"]
    assert (host.text(f"{DROPIN}.before-keepwarm"), host.text(PROGRAM)) == ("[Service]\n", "echo\n")
    assert host.text(f"{os.path.dirname(PROGRAM)}.before-keepwarm/wait-for-gpu") == "theirs\n"
    assert units.succeed(**options(takeover=True))["changed"] is False


PLAIN = f"{MARK}[Service]\nExecStart=/opt/ollama/current/bin/ollama serve\n\n[Install]\nWantedBy=multi-user.target\n"


def installed(content: str = PLAIN, replaces: bool = True) -> dict[str, Any]:
    """The unit of a server that the role installs: somebody else starts and enables it."""
    return {"role": "ollama_server", "units": [{"name": SERVER, "content": content, "enabled": False, "replaces": replaces}]}


def test_a_unit_of_others_is_kept_beside_the_one_that_takes_its_place(units: Entrance, host: Systemd) -> None:
    theirs = host.text(f"{UNITS}/{SERVER}")
    expected = units.succeed(check=True, **installed())
    assert (host.text(f"{UNITS}/{SERVER}"), host.calls) == (theirs, [])
    done = units.succeed(**installed())
    assert done["steps"] == expected["steps"] == [f"keep {UNITS}/{SERVER}", f"write {UNITS}/{SERVER}", "daemon-reload"]
    assert (done["diff"][0]["before"], done["diff"][0]["after"]) == (theirs, PLAIN)
    assert (host.text(f"{UNITS}/{SERVER}.before-keepwarm"), host.text(f"{UNITS}/{SERVER}")) == (theirs, PLAIN)
    assert units.succeed(**installed(replaces=False))["changed"] is False


def test_a_unit_of_others_is_refused_where_its_place_is_not_taken(units: Entrance) -> None:
    assert units.fail(**installed(replaces=False)) == f"{UNITS}/{SERVER} was not made by keepwarm.ollama.ollama_server: move it away"


def linked(host: Systemd, target: str) -> str:
    """Their unit as `systemctl link` makes it; what it leads to."""
    host.write(target, host.text(f"{UNITS}/{SERVER}"))
    os.unlink(f"{host.root}{UNITS}/{SERVER}")
    os.symlink(host.root + target, f"{host.root}{UNITS}/{SERVER}")
    return host.root + target


@pytest.mark.parametrize("told", [f"{UNITS}/{SERVER}", f"/srv/theirs/{SERVER}"])
def test_a_unit_that_is_a_link_is_kept_as_one(units: Entrance, host: Systemd, told: str) -> None:
    target = linked(host, f"/srv/theirs/{SERVER}")
    theirs = host.text(f"/srv/theirs/{SERVER}")
    host.fragments[SERVER] = told
    expected = units.succeed(check=True, **installed())
    assert (os.readlink(f"{host.root}{UNITS}/{SERVER}"), host.calls) == (target, [])
    done = units.succeed(**installed())
    assert done["steps"] == expected["steps"] == [f"keep {UNITS}/{SERVER}", f"write {UNITS}/{SERVER}", "daemon-reload"]
    assert (done["diff"][0]["before"], done["diff"][0]["after"]) == (theirs, PLAIN)
    assert os.readlink(f"{host.root}{UNITS}/{SERVER}.before-keepwarm") == target
    assert (os.path.islink(f"{host.root}{UNITS}/{SERVER}"), host.text(f"{UNITS}/{SERVER}")) == (False, PLAIN)
    assert (host.text(f"/srv/theirs/{SERVER}"), os.listdir(f"{host.root}/srv/theirs")) == (theirs, [SERVER])
    host.fragments.clear()
    assert units.succeed(**installed(replaces=False))["changed"] is False


def test_a_link_that_another_user_may_have_made_is_refused(units: Entrance, host: Systemd) -> None:
    target = linked(host, f"/srv/theirs/{SERVER}")
    os.rename(target, f"{target}.real")
    os.symlink(f"{target}.real", target)
    os.chmod(os.path.dirname(target), 0o777)
    for check in (True, False):
        assert units.fail(check=check, **installed()).startswith(f"{UNITS}/{SERVER} is not a file of ours (is a link, in a folder that others than root")
    assert os.readlink(f"{host.root}{UNITS}/{SERVER}") == target


def test_an_alias_of_another_unit_is_refused(units: Entrance, host: Systemd) -> None:
    target = linked(host, f"{UNITS}/llm.service")
    for check in (True, False):
        assert units.fail(check=check, **installed()) == f"{UNITS}/{SERVER} is not a file of ours (it is no regular file): move it away"
    assert os.readlink(f"{host.root}{UNITS}/{SERVER}") == target


def test_a_server_that_remains_after_its_exit_is_restarted_by_somebody_else(units: Entrance, host: Systemd) -> None:
    """A wrapper of Type=oneshot that is taken over: whether it may stop now is not decided here."""
    host.set(SERVER, "active", "exited")
    assert units.succeed(**installed())["steps"] == [f"keep {UNITS}/{SERVER}", f"write {UNITS}/{SERVER}", "daemon-reload"]
    assert host.state[SERVER][:2] == ("active", "exited")


def test_a_takeover_that_was_killed_before_the_unit_was_written_keeps_the_copy(
    units: Entrance, host: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = host.text(f"{UNITS}/{SERVER}")

    def dies(*_arguments: Any, **_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(carry_out, "replace_file", dies)
        with pytest.raises(KeyboardInterrupt):
            units.run(**installed())
    assert host.text(f"{UNITS}/{SERVER}") == theirs
    assert units.succeed(**installed())["steps"] == [f"write {UNITS}/{SERVER}", "daemon-reload"]
    assert host.text(f"{UNITS}/{SERVER}.before-keepwarm") == theirs


def test_a_template_is_judged_by_an_instance_of_it_and_enables_nothing(units: Entrance, host: Systemd) -> None:
    wanted = {"role": "ollama_server", "units": [{"name": "ollama@.service", "content": PLAIN, "enabled": False}]}
    assert units.succeed(**wanted)["steps"] == [f"write {UNITS}/ollama@.service", "daemon-reload"]
    assert not host.exists(f"{UNITS}/multi-user.target.wants/ollama@.service")
    host.verdict = "Unknown key name 'Exec' in section 'Service', ignoring."
    changed = {**wanted, "units": [{**wanted["units"][0], "content": f"{PLAIN}# other\n"}]}
    assert units.fail(**changed).startswith("systemd does not accept the units: ollama@verify.service:3: Unknown key name")


def test_folders_come_with_the_units_that_write_to_them(units: Entrance, host: Systemd, tmp_path: Any) -> None:
    us = pwd.getpwuid(os.geteuid()).pw_name
    (tmp_path / "there").mkdir(mode=0o755)
    folders = [{"path": str(tmp_path / "there"), "owner": us, "kept": True}, {"path": str(tmp_path / "new"), "owner": us}]
    done = units.succeed(**installed(), folders=folders)
    assert done["steps"][0] == f"create {tmp_path}/new"
    assert os.stat(tmp_path / "there").st_mode & 0o777 == 0o755
    assert units.succeed(**installed(), folders=folders)["changed"] is False


def test_the_agent_s_units_are_removed_by_another_module(units: Entrance) -> None:
    sentence = "state absent is for the role ollama_server: the modules of the other roles remove their units"
    assert units.fail(role="ollama_warmup", state="absent") == sentence
