# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks at a host: real files, sockets and processes of the test's own, commands by script. Whatever is broken is said in a sentence."""

from __future__ import annotations

import grp
import json
import os
import pathlib
import pwd
import socket
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor import commands, driver, examine, page, server_ask, shell_files, sockets, stores
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.agent_look import look_at_agent
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.examination import AgentLook, Entry, JournalLook, ShellSetting
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.journal import JournalError, read_journal
from ansible_collections.keepwarm.ollama.plugins.module_utils._doctor.permission import PASS, Account, account_of, may
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.model_name import ModelName
from support.examinations import unit

ME = pwd.getpwuid(os.geteuid()).pw_name
UNPRIVILEGED = Account("nobody")
NOTHING = (1, "", "nothing is known")


def write(root: pathlib.Path, name: str, text: str = "", mode: int = 0o644) -> pathlib.Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


# Commands


def test_a_program_that_hangs_is_given_up() -> None:
    ended = threading.Event()

    def hang(_command: Sequence[str]) -> tuple[int, str, str]:
        ended.wait()
        return 0, "", ""

    assert commands.patient(hang, seconds=0.1)(["nvidia-smi"]) == (124, "", "nvidia-smi did not end within 0.1 s")
    ended.set()


def test_a_program_that_ends_is_waited_for() -> None:
    assert commands.patient(lambda command: (3, command[0], "no"))(["x"]) == (3, "x", "no")


# The journal


def entry(message: Any, time: int = 1000, invocation: str = "i2") -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": str(time * 10**6), "MESSAGE": message, "_SYSTEMD_INVOCATION_ID": invocation})


class Journal:
    """Answers journalctl by what it is asked for."""

    def __init__(self, unit: Sequence[str], kernel: Sequence[str] = (), startup: Sequence[str] = ()) -> None:
        self.answers = {"--unit=ollama.service": unit, "_TRANSPORT=kernel": kernel, "_SYSTEMD_INVOCATION_ID=i2": startup}
        self.spans: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> tuple[int, str, str]:
        assert command[0] == "journalctl"
        assert "--lines=10000" in command
        self.spans.append([part for part in command if part.startswith(("--since", "--until"))])
        return 0, "\n".join(self.answers[command[-1]]), ""

    def read(self, started: int = 20) -> JournalLook:
        return read_journal(self, "ollama.service", "i2", started, 90000.5)


def test_the_present_start_is_told_from_those_before() -> None:
    lines = [entry("old", 10, "i1"), entry("stopped", 11, ""), entry("new", 20), entry("newer", 30)]
    journal = Journal(lines, [entry("k", 5)], [entry("new", 20)])
    look = journal.read()
    assert [each.message for each in look.earlier] == ["old", "stopped"]
    assert [each.message for each in look.current] == ["new", "newer"]
    assert (look.startup, look.kernel, look.began) == ((Entry(20.0, "new"),), (Entry(5.0, "k"),), 20.0)
    assert Journal([entry("old", 10, "i1")]).read(started=7).began == 7
    assert journal.spans == [["--since=@3600"], ["--since=@19", "--until=@200"], ["--since=@3600"]]


def test_a_server_that_never_started_has_no_startup() -> None:
    assert Journal([entry("x")], startup=[entry("y")]).read(started=0).startup == ()


@pytest.mark.parametrize(("answer", "said"), [((127, "", "journalctl: No such file or directory"), "No such file"), ((1, "", ""), "journalctl ended with 1")])
def test_a_journal_that_cannot_be_read_says_why(answer: Any, said: str) -> None:
    with pytest.raises(JournalError, match=said):
        read_journal(lambda _command: answer, "ollama.service", "i2", 0, 90000.0)


@pytest.mark.parametrize(
    "line",
    ["", "\udcff\udcfe", "not json", "[]", "7", "null", "{}", '{"__REALTIME_TIMESTAMP": []}', '{"__REALTIME_TIMESTAMP": "x"}', "[" * 60000],
)
def test_a_line_that_is_none_is_left_out(line: str) -> None:
    assert [each.message for each in Journal([line, entry("new", 20)]).read().current] == ["new"]


@pytest.mark.parametrize(("raw", "text"), [([104, 105, 255], "hi\ufffd"), (None, ""), (["x", 104, -1, 999], "h"), ({"a": 1}, "")])
def test_a_message_of_any_kind_is_text(raw: Any, text: str) -> None:
    assert [each.message for each in Journal([entry(raw)]).read().current] == [text]


# Shells


def test_settings_are_found_as_shells_write_them(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "etc/environment", 'PATH=/bin\nOLLAMA_KEEP_ALIVE="-1"\n#OLLAMA_DEBUG=1\n')
    write(tmp_path, "etc/profile.d/ollama.sh", "export OLLAMA_HOST=0.0.0.0 # all\n  declare -x CUDA_VISIBLE_DEVICES='0';\nCUDA_HOME=/x\n")
    (tmp_path / "root/.bashrc").mkdir(parents=True)  # whatever it may be
    found = shell_files.shell_settings(str(tmp_path))
    assert found == (
        ShellSetting(f"{tmp_path}/etc/environment", 2, "OLLAMA_KEEP_ALIVE", "-1"),
        ShellSetting(f"{tmp_path}/etc/profile.d/ollama.sh", 1, "OLLAMA_HOST", "0.0.0.0"),
        ShellSetting(f"{tmp_path}/etc/profile.d/ollama.sh", 2, "CUDA_VISIBLE_DEVICES", "0"),
    )


def test_shell_files_of_every_home_and_several_variables_on_a_line_are_read(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "home/alice/.bashrc", "alias x=y\nexport OLLAMA_KEEP_ALIVE=-1; export PATH=/x OLLAMA_HOST='0.0.0.0' && OLLAMA_MODELS=\"/a b\"\n")
    write(tmp_path, "home/bob/.profile", "export OLLAMA_DEBUG=1\n")
    write(tmp_path, "etc/default/ollama", "OLLAMA_KEEP_ALIVE=30m\n")
    found = [(entry.path.rpartition("/")[2], entry.line, entry.key, entry.value) for entry in shell_files.shell_settings(str(tmp_path))]
    assert found == [
        ("ollama", 1, "OLLAMA_KEEP_ALIVE", "30m"),
        (".bashrc", 2, "OLLAMA_KEEP_ALIVE", "-1"),
        (".bashrc", 2, "OLLAMA_HOST", "0.0.0.0"),
        (".bashrc", 2, "OLLAMA_MODELS", "/a b"),
        (".profile", 1, "OLLAMA_DEBUG", "1"),
    ]


def test_a_link_or_a_pipe_in_a_home_is_not_followed(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "secret", "export OLLAMA_API_KEY=secret\n")
    (tmp_path / "home/mallory").mkdir(parents=True)
    (tmp_path / "home/mallory/.bashrc").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "home/mallory/.profile")
    assert shell_files.shell_settings(str(tmp_path)) == ()


# Sockets


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_listening_socket_is_found_with_its_process(family: int, host: str) -> None:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        port = listener.getsockname()[1]
        found = [each for each in sockets.listeners() if each.port == port]
    assert [(each.host, each.pid) for each in found] == [(host, os.getpid())]


def test_the_unit_of_a_process_is_the_innermost(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "net/tcp", "head\n 0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1\n")
    write(tmp_path, "12/comm", "ollama\n")
    write(tmp_path, "12/cgroup", "0::/system.slice/docker.service/x/ollama.service\n")
    (tmp_path / "12/fd").mkdir()
    (tmp_path / "12/fd/3").symlink_to("socket:[77]")
    (found,) = sockets.listeners(str(tmp_path))
    assert (found.host, found.port, found.program, found.unit) == ("127.0.0.1", 11434, "ollama", "ollama.service")


# Models


def test_a_model_in_another_store_is_found(tmp_path: pathlib.Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    write(other, "manifests/registry.ollama.ai/library/a/latest")
    look = unit(environment={"OLLAMA_MODELS": str(own)})
    found = stores.look_at_stores(look, [ModelName.parse("a")], [str(own), str(other), str(tmp_path / "none")])
    assert [(store.path, store.models) for store in found] == [(str(own), frozenset()), (str(other), {"a:latest"})]


def test_a_folder_that_its_user_cannot_pass_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "closed/models"
    inner.mkdir(parents=True)
    # What is above is pytest's, for the user of the tests alone
    monkeypatch.setattr(stores, "_way", lambda path: [str(pathlib.Path(path).parent), path])
    assert stores.blocked_at(str(inner), UNPRIVILEGED) == ""
    (tmp_path / "closed").chmod(0o700)
    assert stores.blocked_at(str(inner), UNPRIVILEGED) == str(tmp_path / "closed")
    assert stores.blocked_at(str(inner), Account(ME)) == ""
    assert stores.blocked_at(str(inner), Account("no-such-user")) == ""


def test_a_link_is_passed_as_well_as_what_it_leads_to(tmp_path: pathlib.Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/models").symlink_to(tmp_path / "there")
    (tmp_path / "here").chmod(0o700)
    way = stores._way(str(tmp_path / "here/models"))
    assert [folder for folder in way if folder.startswith(f"{tmp_path}/")] == [str(tmp_path / name) for name in ("here", "here/models", "there")]
    assert way[0] == "/"


GROUPS = (grp.getgrgid(os.getegid()).gr_name, str(os.getegid()))


@pytest.mark.parametrize("group", GROUPS)
def test_a_folder_of_the_units_own_group_is_open_to_it(group: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models").chmod(0o750)
    assert not may(UNPRIVILEGED, PASS, str(tmp_path / "models"))
    for properties in ({"Group": group}, {"SupplementaryGroups": f"no-such-group {group}"}):
        assert may(account_of("nobody", properties), PASS, str(tmp_path / "models"))


def test_the_units_group_takes_the_place_of_the_users(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_my_group = pwd.struct_passwd(("nobody", "x", os.geteuid() + 1, os.getegid(), "", "/", "/bin/false"))
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: of_my_group)
    (tmp_path / "models").mkdir()
    (tmp_path / "models").chmod(0o750)
    assert may(UNPRIVILEGED, PASS, str(tmp_path / "models"))
    assert not may(account_of("nobody", {"Group": "no-such-group"}), PASS, str(tmp_path / "models"))


def test_what_an_access_list_comes_to_is_not_guessed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models").chmod(0o700)
    monkeypatch.setattr(os, "listxattr", lambda _path: ["system.posix_acl_access"])
    assert may(UNPRIVILEGED, PASS, str(tmp_path / "models"))


# Driver


def gpu_host(root: pathlib.Path, *nodes: str) -> str:
    write(root, "sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n")
    write(root, "sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n")
    write(root, "sys/bus/pci/devices/0000:02:00.0/vendor", "0x10de\n")
    write(root, "sys/bus/pci/devices/0000:02:00.0/class", "0x040300\n")  # its sound
    for node in nodes:
        write(root, node)
    return str(root)


def test_cards_and_nodes_are_seen_without_any_tool(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    look = driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, gpu_host(tmp_path, "dev/nvidia0", "dev/nvidiactl", "dev/dri/card0"))
    assert (look.cards, look.nodes) == ({"nvidia": ("0000:01:00.0",)}, ("/dev/nvidia0", "/dev/nvidiactl"))
    assert (look.smi, look.smi_failure, look.count) == (None, "", 0)
    (tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir(parents=True)
    assert driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, str(tmp_path)).count == 1
    unused = {"CUDA_VISIBLE_DEVICES": "-1"}
    assert driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, unused, str(tmp_path)).count == 0


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ((0, "0, L4, 570.0, Enabled\n", ""), ("0, L4, 570.0, Enabled", "")),
        ((18, "Failed to initialize NVML: Driver/library version mismatch\n", ""), (None, "Failed to initialize NVML: Driver/library version mismatch")),
        ((124, "", "nvidia-smi did not end within 15 s"), (None, "nvidia-smi did not end within 15 s")),
    ],
)
def test_nvidia_smi_is_asked_where_it_is(answer: Any, seen: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "nvidia-smi", "", 0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    look = driver.look_at_driver(lambda _command: answer, UNPRIVILEGED, {}, gpu_host(tmp_path, "dev/nvidia0"))
    assert (look.smi, look.smi_failure) == seen


def test_a_node_that_the_user_may_not_open_is_named(tmp_path: pathlib.Path) -> None:
    root = gpu_host(tmp_path, "dev/kfd")
    (tmp_path / "dev/kfd").chmod(0o600)
    assert driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, root).hidden == ("/dev/kfd",)
    (tmp_path / "dev/kfd").chmod(0o666)
    assert driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, root).hidden == ()


def test_a_card_for_virtual_machines_is_set_aside(tmp_path: pathlib.Path) -> None:
    root = gpu_host(tmp_path)
    (tmp_path / "sys/bus/pci/drivers/vfio-pci").mkdir(parents=True)
    (tmp_path / "sys/bus/pci/devices/0000:01:00.0/driver").symlink_to("../../drivers/vfio-pci")
    look = driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, root)
    assert (look.cards, dict(look.set_aside)) == ({}, {"0000:01:00.0": "it is bound to vfio-pci, for a virtual machine"})


def test_a_container_that_is_given_no_device_node_of_a_card_is_not_to_use_it(tmp_path: pathlib.Path) -> None:
    root = gpu_host(tmp_path)
    assert driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, root).cards
    write(tmp_path, "run/systemd/container", "podman")
    look = driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, root)
    assert (look.cards, list(look.set_aside)) == ({}, ["0000:01:00.0"])
    write(tmp_path, "dev/nvidia0")
    look = driver.look_at_driver(lambda _command: NOTHING, UNPRIVILEGED, {}, root)
    assert (look.cards, dict(look.set_aside)) == ({"nvidia": ("0000:01:00.0",)}, {})


# The agent


class Systemd:
    """Answers what the agent's side asks; everything else is unknown."""

    def __init__(self, **answers: tuple[int, str, str]) -> None:
        self.answers = answers

    def __call__(self, command: Sequence[str]) -> tuple[int, str, str]:
        words = {"systemctl": "systemctl", "validate": "validate", "status": "status", "-c": "python"}
        word = next((words[part] for part in command if part in words), "")
        return self.answers.get(word, NOTHING)


def test_a_host_without_an_agent_has_none(tmp_path: pathlib.Path) -> None:
    look = look_at_agent(Systemd(), "default", 0.0, str(tmp_path))
    assert (look.installed, look.configured, look.problems, dict(look.status)) == (False, False, (), {})


def test_the_agent_judges_its_configuration_itself(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "usr/local/bin/ollama-warmup", f"#!{sys.executable} -I\n", 0o755)
    write(tmp_path, "etc/ollama-warmup/east.json", '{"url": "x", "unit": "ollama@east.service"}')
    said = "ollama-warmup: url 'x' is not an address\nollama-warmup: models is missing\n"
    status = json.dumps({"last_pass": None})
    run = Systemd(validate=(2, "", said), status=(0, status, ""), python=(0, "", ""), systemctl=(0, f"User={ME}\n", ""))
    look = look_at_agent(run, "east", 0.0, str(tmp_path))
    assert look.problems == ("url 'x' is not an address", "models is missing")
    assert (look.python, look.python_missing, look.raw["unit"]) == (sys.executable, "", "ollama@east.service")
    assert (look.timer, look.pass_unit, dict(look.status)) == ("ollama-warmup@east.timer", "ollama-warmup@east.service", {"last_pass": None})
    assert (look.user_missing, look.owner_problem) == ("", "")


@pytest.mark.parametrize("text", ["", "{", "[1]", "\udcff", '{"policy": 7}', "[" * 60000])
def test_a_configuration_that_nobody_can_read_is_no_traceback(text: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "etc/ollama-warmup").mkdir(parents=True)
    (tmp_path / "etc/ollama-warmup/default.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    look = look_at_agent(Systemd(), "default", 0.0, str(tmp_path))
    assert look.configured
    assert set(look.raw) <= {"policy"}


def test_an_interpreter_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "usr/local/bin/ollama-warmup", "#!/opt/py/bin/python -I\n", 0o755)
    look = look_at_agent(Systemd(), "default", 0.0, str(tmp_path))
    assert (look.python, look.python_missing) == ("", "/opt/py/bin/python")


def test_state_of_another_user_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "var/lib/ollama-warmup/default").mkdir(parents=True)
    look = look_at_agent(Systemd(systemctl=(0, f"User={UNPRIVILEGED.user}\n", "")), "default", 0.0, str(tmp_path))
    assert look.owner_problem == f"{tmp_path}/var/lib/ollama-warmup/default belongs to user {os.geteuid()}, not to the agent's ({UNPRIVILEGED.user})"


@pytest.mark.parametrize(("now", "on"), [(1500.0, True), (2500.0, False)])
def test_a_hold_leaves_its_end_behind(now: float, on: bool, tmp_path: pathlib.Path) -> None:
    write(tmp_path, "var/lib/ollama-warmup/default.hold", json.dumps({"since": 1000, "until": 2000, "reason": "new GPU", "by": "alice"}))
    look = look_at_agent(Systemd(), "default", now, str(tmp_path))
    assert (look.hold is not None, look.held_until) == (on, 2000)
    write(tmp_path, "var/lib/ollama-warmup/default.hold", "{")
    assert look_at_agent(Systemd(), "default", now, str(tmp_path)).held_until == 0


def test_drains_are_an_operator_s_and_an_upgrade_s_while_they_last(tmp_path: pathlib.Path) -> None:
    folder = "var/lib/ollama-warmup/default"
    write(tmp_path, f"{folder}.drain", json.dumps({"since": 1000, "until": 2000, "reason": "cables", "by": "alice"}))
    write(tmp_path, f"{folder}.upgrade-drain", json.dumps({"since": 1000, "until": 3000}))
    found = [[path.rpartition(".")[2] for path in look_at_agent(Systemd(), "default", now, str(tmp_path)).drains] for now in (1500.0, 2500.0, 3500.0)]
    assert found == [["drain", "upgrade-drain"], ["upgrade-drain"], []]


# All of it


def test_instances_are_those_that_agents_or_units_name(tmp_path: pathlib.Path) -> None:
    listing = "ollama@west.service loaded active running Ollama\nollama@bad name.service\n"
    assert examine.instances(lambda _command: (0, "", ""), str(tmp_path)) == ["default"]
    write(tmp_path, "etc/ollama-warmup/east.json", "{}")
    write(tmp_path, "etc/ollama-warmup/default.notify-urls", "")
    assert examine.instances(lambda _command: (0, listing, ""), str(tmp_path)) == ["east", "west"]


def test_a_host_of_which_nothing_can_be_learnt_says_why(tmp_path: pathlib.Path) -> None:
    look = examine.examine(lambda _command: NOTHING, "east", None, str(tmp_path))
    assert look.unit is None
    assert look.unit_name == "ollama@east.service"
    assert look.unseen == (
        "the unit: systemctl show failed, so that nothing is known of the unit: nothing is known",
        "the journal: nothing is known",
    )


def test_a_memory_of_the_agents_that_it_cannot_read_was_not_looked_at(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = AgentLook("/usr/local/bin/ollama-warmup", status={"state_problem": "state.json cannot be read:\x1b[31m it is no regular file"})
    monkeypatch.setattr(examine, "look_at_agent", lambda *_asked: found)
    look = examine.examine(lambda _command: NOTHING, "east", None, str(tmp_path))
    assert look.unseen[0] == "the agent's memory: state.json cannot be read:?[31m it is no regular file"


def test_a_server_of_this_machine_has_its_start_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_ask, "server_identity", lambda unit, **_where: f"start of {unit}")
    assert server_ask.ask_server("http://127.0.0.1:9", None, "ollama.service").start == "start of ollama.service"


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://127.0.0.1:abc", "http://[::1"])
def test_an_address_that_is_none_is_asked_of_nobody(url: str, tmp_path: pathlib.Path) -> None:
    write(tmp_path, "etc/ollama-warmup/default.json", json.dumps({"url": url, "unit": "ollama.service"}))
    look = examine.examine(lambda _command: NOTHING, "default", None, str(tmp_path))
    assert (look.agent.url, look.server, look.is_elsewhere) == (None, None, False)
    assert page.report("gpu1", [look])["instances"][0]["url"] is None


def test_only_root_and_only_with_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(examine.CannotLook, match="only root may look at a service's environment, sockets and journal: use sudo"):
        examine.require_root_and_systemd(lambda _command: (0, "systemd 257", ""))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    examine.require_root_and_systemd(lambda _command: (0, "systemd 257", ""))
    with pytest.raises(examine.CannotLook, match="this host has no systemd"):
        examine.require_root_and_systemd(lambda _command: (127, "", "systemctl: No such file or directory"))
