# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module through its real entry point: scripted commands, real files, a real process, a scripted server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.keepwarm.ollama.plugins.module_utils import _server_state
from ansible_collections.keepwarm.ollama.plugins.module_utils._base import scratch
from ansible_collections.keepwarm.ollama.plugins.module_utils._server import planning
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import host
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_unit_info
from support.raw_server import answer
from support.wire import Request, answered

URL = "http://127.0.0.1:11999"
FOR_EVER = "2318-12-02T09:47:16.978231264Z"
PLANNED = '[Service]\nEnvironment="OLLAMA_KEEP_ALIVE=45m"\nEnvironment=OLLAMA_HOST=127.0.0.1:11999\n'


def resident(*names: str) -> dict[str, Any]:
    """As /api/ps lists them."""
    return {"models": [{"name": name, "digest": "a" * 64, "expires_at": FOR_EVER} for name in names]}


class Host:
    """A host whose files are below a folder, whose commands are answered and whose server process is a real one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.version = "systemd 257 (257.8-1)"
        self.properties = {
            "Id": "ollama.service",
            "Names": "ollama.service",
            "LoadState": "loaded",
            "ActiveState": "active",
            "SubState": "running",
            "MainPID": "0",
            "FragmentPath": str(self.write("ollama.service", "[Service]\nExecStart=/bin/ollama serve\n")),
            "DropInPaths": "",
            "NeedDaemonReload": "no",
            "ExecStart": "{ path=/no/such/ollama ; argv[]=ollama serve ; }",
        }
        self.complaints: list[str] = []
        self.journal = ""
        self.probed: list[list[str]] = []
        self.told: list[dict[str, Any] | None] = []
        self.exchanges: list[tuple[str, int, Any]] = []

    def write(self, name: str, text: str) -> Path:
        path = self.root / "etc/systemd/system" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_command(self, command: list[str], environ_update: dict[str, str] | None = None) -> tuple[int, str, str]:
        answers: dict[tuple[str, str], Callable[[], tuple[int, str, str]]] = {
            ("systemctl", "--version"): lambda: (0, self.version, "") if self.version else (127, "", "not found"),
            ("systemctl", "show"): lambda: (0, self.show(command[-1]), ""),
            ("journalctl", "--quiet"): lambda: (0, self.journal, ""),
            ("busctl", "--json=short"): lambda: (0, '{"type":"as","data":["PATH=/bin","OLLAMA_DEBUG=1"]}', ""),
            ("systemd-run", "--quiet"): lambda: self.probe(command),
            ("systemd-analyze", "verify"): lambda: self.verify(Path(command[-1]), (environ_update or {})["SYSTEMD_UNIT_PATH"]),
        }
        return answers[command[0], command[1]]()

    def probe(self, command: list[str]) -> tuple[int, str, str]:
        """What is tried in a sandbox; None is one that cannot be made."""
        self.probed.append([word.partition("=")[2] for word in command if word.startswith("--property=")])
        told = self.told.pop(0) if self.told else {"folder": "/", "usable": True, "address": None}
        return (1, "", "no sandbox here\n") if told is None else (0, json.dumps(told), "")

    def show(self, what: str) -> str:
        if what == "UnitPath":
            return f"UnitPath={self.root}/run/system.control {self.root}/etc/systemd/system\n"
        return "".join(f"{key}={value}\n" for key, value in self.properties.items())

    def verify(self, fragment: Path, search_path: str) -> tuple[int, str, str]:
        assert search_path == f"{fragment.parent}:"
        assert str(fragment).startswith(f"{scratch.SCRATCH}/")  # root's own, not the temporary folder of the user who logged in
        said = [
            f"{path}:1: {complaint}"
            for complaint in self.complaints
            for path in (fragment, *sorted(fragment.parent.glob("ollama.service.d/*")))
            if complaint in path.read_text()
        ]
        return int(bool(said)), "", "\n".join(said)

    def answer(self, request: Request) -> bytes:
        """The next of the exchanges: a status of -1 is a server that hangs up."""
        expected, status, body = self.exchanges.pop(0)
        assert (request.line, f"http://{request.host}") == (f"GET {expected[expected.index('/api') :]}", expected[: expected.index("/api")])
        return b"" if status == -1 else answer(json.dumps(body), status=f"{status} X")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    made = Host(tmp_path)
    monkeypatch.setattr(basic.AnsibleModule, "run_command", lambda _self, *args, **kwargs: made.run_command(*args, **kwargs))
    monkeypatch.setattr(ollama_unit_info.time, "sleep", lambda _seconds: None)
    real = host._readable_environment
    monkeypatch.setattr(_server_state, "SERVER_RECORDS", f"{tmp_path}/state")
    monkeypatch.setattr(_server_state.read, "__defaults__", (f"{tmp_path}/state",))
    monkeypatch.setattr(host, "_readable_environment", lambda pid: {} if pid == 1 else real(pid))
    with answered(made.answer):
        yield made
    assert made.exchanges == []


@pytest.fixture
def running(machine: Host) -> Iterator[Callable[..., None]]:
    """Starts the server's process with an environment of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> None:
        process = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        started.append(process)
        process.stdin.write(b"x")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
        process.stdout.read(1)  # type: ignore[union-attr]  # it is past its exec now
        machine.properties["MainPID"] = str(process.pid)

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def ask(machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Runs the module and returns what it prints."""

    def call(**options: Any) -> dict[str, Any]:
        arguments = {"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": str(machine.root), **options}}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit):
            ollama_unit_info.main()
        printed: dict[str, Any] = json.loads(capsys.readouterr().out)
        return printed

    return call


@pytest.mark.parametrize(("address", "runs", "told"), [("0.0.0.0", True, True), ("0.0.0.0", None, False), ("127.0.0.1", True, False)])
def test_firewalld_is_looked_for_where_the_server_is_open_to_others(
    machine: Host, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, address: str, runs: bool | None, told: bool
) -> None:
    machine.write("ollama.service.d/override.conf", f"[Service]\nEnvironment=OLLAMA_HOST={address}:11999\n")
    monkeypatch.setattr(ollama_unit_info, "has_processes", {"firewalld.service": runs}.get)
    assert ask()["firewalld"] is told


def test_a_stopped_server_is_told_with_what_it_would_start_with(machine: Host, ask: Callable[..., Any]) -> None:
    machine.properties["ActiveState"] = "inactive"
    machine.write("ollama.service.d/override.conf", "[Service]\nEnvironment=OLLAMA_HOST=0.0.0.0:11999\n")
    told = ask()
    assert told["environment_effective"] == {"OLLAMA_DEBUG": "1", "OLLAMA_HOST": "0.0.0.0:11999"}
    assert (told["url"], told["url_running"], told["listens_beyond_loopback"]) == (URL, None, True)
    assert (told["restart_due"], told["environment_running"], told["changed"]) == (False, None, False)


def test_a_drop_in_is_predicted_and_the_models_it_costs_are_named(
    machine: Host, running: Callable[..., None], ask: Callable[..., Any]
) -> None:
    override = machine.write("ollama.service.d/override.conf", "[Service]\nEnvironment=OLLAMA_KEEP_ALIVE=-1\n")
    machine.properties["DropInPaths"] = str(override)
    running(OLLAMA_KEEP_ALIVE="-1", OLLAMA_DEBUG="1", OLLAMA_HOST="127.0.0.1:11888")
    machine.exchanges = [
        ("http://127.0.0.1:11888/api/version", 200, {"version": "0.32.15"}),
        ("http://127.0.0.1:11888/api/ps", 200, resident("tiny-a:latest", "embed:latest")),
    ]
    told = ask(dropin_content=PLANNED)
    assert told["environment_effective"] == {"OLLAMA_DEBUG": "1", "OLLAMA_KEEP_ALIVE": "-1"}
    assert told["environment_predicted"]["OLLAMA_KEEP_ALIVE"] == "45m"
    assert told["restart_reasons"] == [
        "OLLAMA_HOST is '127.0.0.1:11888' in the running server and '127.0.0.1:11999' in its unit",
        "OLLAMA_KEEP_ALIVE is '-1' in the running server and '45m' in its unit",
    ]
    assert told["restart_unloads"] == ["tiny-a:latest", "embed:latest"]
    assert [(entry["key"], entry["file"], entry["wins"]) for entry in told["conflicts"]] == [
        ("OLLAMA_KEEP_ALIVE", str(override), False)
    ]
    assert (told["url"], told["url_running"], told["version"]) == (URL, "http://127.0.0.1:11888", "0.32.15")
    assert told["need_daemon_reload"] is False
    assert not Path(told["dropin"]).exists()


def test_a_server_that_runs_as_its_unit_says_is_not_asked_about_models(
    machine: Host, running: Callable[..., None], ask: Callable[..., Any]
) -> None:
    dropin = machine.write("ollama.service.d/zz-keepwarm.conf", PLANNED)
    machine.properties["DropInPaths"] = str(dropin)
    running(OLLAMA_KEEP_ALIVE="45m", OLLAMA_DEBUG="1", OLLAMA_HOST="127.0.0.1:11999")
    machine.exchanges = [(f"{URL}/api/version", 500, {})]
    told = ask(dropin_content=PLANNED)
    assert told["version"] is None
    assert (told["restart_due"], told["restart_unloads"], told["need_daemon_reload"]) == (False, [], False)


def test_a_server_of_another_release_than_the_installed_one_is_due_for_a_restart(
    machine: Host, running: Callable[..., None], ask: Callable[..., Any]
) -> None:
    running(OLLAMA_DEBUG="1")
    version = {"version": "0.30.0"}
    machine.exchanges = [("http://127.0.0.1:11434/api/version", 200, version), ("http://127.0.0.1:11434/api/ps", 200, resident("a:latest"))]
    told = ask(version="0.32.15")
    assert told["restart_reasons"] == ["the running server is of the release 0.30.0, but 0.32.15 is installed"]
    assert told["restart_unloads"] == ["a:latest"]
    machine.exchanges = [("http://127.0.0.1:11434/api/version", 200, version)]
    assert ask(version="0.30.0")["restart_due"] is False


def test_a_variable_taken_off_the_drop_in_is_a_reason_whatever_its_name(
    machine: Host, running: Callable[..., None], ask: Callable[..., Any]
) -> None:
    machine.write("ollama.service.d/zz-keepwarm.conf", "[Service]\nEnvironment=MINE=1\n")
    running(MINE="1", OLLAMA_DEBUG="1")
    machine.exchanges = [("http://127.0.0.1:11434/api/version", 200, {}), ("http://127.0.0.1:11434/api/ps", 500, {})]
    told = ask(dropin_content="[Service]\n")
    assert told["restart_reasons"] == ["MINE is '1' in the running server and not set in its unit"]
    assert told["restart_unloads"] is None


@pytest.mark.parametrize(("said", "loaded", "due"), [("yes", True, True), ("no", False, True), ("no", True, False)])
def test_a_reload_is_needed_when_systemd_says_so_or_has_not_loaded_what_is_there(
    machine: Host, ask: Callable[..., Any], said: str, loaded: bool, due: bool
) -> None:
    dropin = machine.write("ollama.service.d/zz-keepwarm.conf", PLANNED)
    machine.properties |= {"NeedDaemonReload": said, "DropInPaths": str(dropin) if loaded else ""}
    assert ask()["need_daemon_reload"] is due


def test_systemds_complaints_about_the_drop_in_are_told_by_its_real_path_and_others_are_not(
    machine: Host, ask: Callable[..., Any]
) -> None:
    machine.complaints = ["ExecStart=/bin/ollama", "OOMPolicy=bogus"]
    told = ask(dropin_content="[Service]\nOOMPolicy=bogus\n")
    assert told["dropin_errors"] == [f"{told['dropin']}:1: OOMPolicy=bogus"]
    assert not Path(scratch.SCRATCH).exists()
    assert ask(dropin_content="[Service]\nOOMPolicy=kill\n")["dropin_errors"] == []


def test_a_host_without_the_unit_is_told(machine: Host, ask: Callable[..., Any]) -> None:
    machine.properties |= {"LoadState": "not-found", "ActiveState": "inactive", "FragmentPath": ""}
    told = ask(dropin_content=PLANNED)
    assert (told["exists"], told["need_daemon_reload"], told["dropin_errors"]) == (False, False, [])
    assert told["environment_predicted"]["OLLAMA_KEEP_ALIVE"] == "45m"


@pytest.mark.parametrize(
    ("version", "sentence"),
    [("", "this host has no systemd"), ("systemd 246 (246.1)", "systemd 246, but 247 is the oldest supported")],
)
def test_a_host_without_a_fit_systemd_is_refused(
    machine: Host, ask: Callable[..., Any], version: str, sentence: str
) -> None:
    machine.version = version
    assert sentence in ask()["msg"]


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("unit", ["ollama", "ollama.timer", "../x.service", "--now.service x"])
def test_what_is_no_service_is_refused(ask: Callable[..., Any], unit: str) -> None:
    assert ask(unit=unit)["msg"].startswith(f"unit {unit!r} is not the name of a service")


def test_it_waits_until_the_server_answers(machine: Host, running: Callable[..., None], ask: Callable[..., Any]) -> None:
    running(OLLAMA_HOST="127.0.0.1:11999", OLLAMA_DEBUG="1")
    machine.write("ollama.service.d/a.conf", "[Service]\nEnvironment=OLLAMA_HOST=127.0.0.1:11999\n")
    version = f"{URL}/api/version"
    machine.exchanges = [(version, -1, {}), (version, 503, {}), (version, 200, []), *[(version, 200, {"version": "0.32.15"})] * 2]
    assert ask(ready_timeout=60)["restart_due"] is False


def test_a_failed_unit_is_not_waited_for(machine: Host, ask: Callable[..., Any]) -> None:
    machine.properties |= {"ActiveState": "failed", "SubState": "failed"}
    told = ask(ready_timeout=60)
    assert told["failed"]
    assert told["msg"] == (
        "ollama.service is failed (failed) and did not answer http://127.0.0.1:11434/api/version within 60 s"
        " (there is no process): 'journalctl -u ollama.service' tells why"
    )


def test_the_deadline_ends_the_wait_with_the_last_reason(
    machine: Host, running: Callable[..., None], ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    running(OLLAMA_DEBUG="1")
    clock = iter([0.0, 1.0, 2.0, 59.0, 61.0])
    monkeypatch.setattr(ollama_unit_info.time, "monotonic", lambda: next(clock))
    machine.exchanges = [("http://127.0.0.1:11434/api/version", -1, {}), ("http://127.0.0.1:11434/api/version", 503, {})]
    assert "answered 503" in ask(ready_timeout=60)["msg"]


@pytest.mark.parametrize(
    ("instances", "words"),
    [
        ({"a": "0.0.0.0:11434", "b": "127.0.0.1:11435"}, "ollama.service listens on 127.0.0.1:11434, as instance a is to"),
        ({"b": "127.0.0.1:11435"}, ""),
        ({"default": "127.0.0.1:11434"}, ""),
        ({}, None),
    ],
)
def test_whether_it_can_stay_beside_declared_servers_is_told(machine: Host, ask: Callable[..., Any], instances: dict[str, str], words: str | None) -> None:
    machine.properties["UnitFileState"] = "enabled"
    told = ask(instances=instances).get("in_the_way")
    assert told is None if words is None else told.split(": stop it")[0] == words


def test_defaults_of_ours_are_pending_and_a_limit_below_the_pins_is_due(machine: Host, running: Callable[..., None], ask: Callable[..., Any]) -> None:
    def pinning(count: int) -> dict[str, Any]:
        return declared(environment={}, models=[{"name": f"m{number}"} for number in range(count)])

    running(OLLAMA_DEBUG="1")
    version, resident = ("http://127.0.0.1:11434/api/version", 500, {}), ("http://127.0.0.1:11434/api/ps", 200, {"models": []})
    machine.exchanges = [version, version, resident]
    told = ask(declared=pinning(3))
    assert (told["restart_due"], len(told["pending"])) == (False, 2)
    told = ask(declared=pinning(4))
    assert told["restart_reasons"] == ["the running server keeps 3 models in memory at most, fewer than the 4 that are pinned"]


def test_a_drop_in_that_is_removed_is_to_leave_nothing_behind(machine: Host, running: Callable[..., None], ask: Callable[..., Any]) -> None:
    text = "# Defaults of the role, which nobody has declared: OLLAMA_KEEP_ALIVE\n[Service]\nEnvironment=OLLAMA_KEEP_ALIVE=1800s\n"
    machine.write("ollama.service.d/zz-keepwarm.conf", text)
    running(OLLAMA_DEBUG="1", OLLAMA_KEEP_ALIVE="1800s")
    version, resident = ("http://127.0.0.1:11434/api/version", 500, {}), ("http://127.0.0.1:11434/api/ps", 200, {"models": []})
    machine.exchanges = [version, resident, version]
    assert ask(dropin_content="")["restart_reasons"] == ["OLLAMA_KEEP_ALIVE is '1800s' in the running server and not set in its unit"]
    assert ask(dropin_content="[Service]\n")["restart_due"] is False


def test_what_others_wrote_is_told_with_its_place(machine: Host, ask: Callable[..., Any]) -> None:
    override = machine.write("ollama.service.d/override.conf", "[Service]\nEnvironment=OLLAMA_API_KEY=secret\nOOMPolicy=stop\n")
    machine.write("ollama.service.d/zz-keepwarm.conf", "# (role keepwarm.ollama.ollama_server)\n[Service]\nEnvironment=OLLAMA_KEEP_ALIVE=9m\n")
    told = ask()
    assert told["written"] == [
        {"key": "OLLAMA_API_KEY", "value": "********", "file": str(override), "line": 2},
        {"key": "OLLAMA_DEBUG", "value": "1", "file": "the environment of the systemd manager", "line": None},
        {"key": "OOMPolicy", "value": "stop", "file": str(override), "line": 3},
    ]
    assert told["dropin_environment"] == {"OLLAMA_KEEP_ALIVE": "9m"}
    assert (told["first_run"], told["has_run"]) == (False, False)


def test_a_wrapper_is_told_from_the_unit_on_the_disk(machine: Host, ask: Callable[..., Any]) -> None:
    assert ask()["wrapper"] is None
    machine.write("ollama.service.d/a.conf", "[Service]\nExecStart=\nExecStart=-/usr/bin/docker run ollama/ollama\n")
    assert ask()["wrapper"] == "/usr/bin/docker, which runs it elsewhere"


def test_a_unit_that_systemd_has_to_start_again_and_again_is_not_waited_for(
    machine: Host, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.journal = "Error: listen tcp 192.0.2.1:1: bind: cannot assign requested address\n"
    machine.properties |= {"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": "7"}
    restarts = iter(["7", "8", "9", "10"])
    monkeypatch.setattr(ollama_unit_info.time, "sleep", lambda _seconds: machine.properties.update(NRestarts=next(restarts)))
    assert ask(ready_timeout=60)["msg"].endswith("its journal says: Error: listen tcp 192.0.2.1:1: bind: cannot assign requested address")


def declared(**changes: Any) -> dict[str, Any]:
    """What the role hands over of one server."""
    return {"environment": {"OLLAMA_HOST": "127.0.0.1:11999"}, "models": [{"name": "a"}], "gpu": "auto", **changes}


@pytest.fixture
def plan(ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Asks for a plan."""
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, _warning: None)

    def call(check: bool = False, **changes: Any) -> dict[str, Any]:
        told: dict[str, Any] = ask(declared=declared(**changes), _ansible_check_mode=check)
        return dict(told["plan"])

    return call


def test_the_drop_in_of_what_was_declared_has_the_defaults_that_nobody_beats(machine: Host, plan: Callable[..., Any]) -> None:
    override = machine.write("ollama.service.d/override.conf", "[Service]\nEnvironment=OLLAMA_KEEP_ALIVE=-1\n")
    found = plan()
    assert (found["refusals"], found["warnings"]) == ([], [])
    assert found["notices"] == [f"OLLAMA_KEEP_ALIVE is not written here: {override} sets it, and that stands."]
    lines = found["dropin"]["content"].splitlines()
    assert [line for line in lines if line.startswith("Env")] == ['Environment="OLLAMA_MAX_LOADED_MODELS=4"', 'Environment="OLLAMA_HOST=127.0.0.1:11999"']
    assert ("Wants=ollama-gpu-ready.service" in lines, "OOMPolicy=continue" in lines, found["dropin"]["unit"]) == (True, True, "ollama.service")
    assert "Wants=ollama-gpu-ready.service" not in plan(gpu="none")["dropin"]["content"]


def test_a_folder_and_an_address_are_tried_with_the_drop_in_that_will_be(machine: Host, plan: Callable[..., Any]) -> None:
    machine.told = [{"folder": "/srv", "usable": True, "address": "it may not use that port"}, {"folder": "/srv", "usable": False, "address": "no"}]
    found = plan(folder="/srv/m", grouped=True, sandboxed=True)
    assert 'ReadWritePaths="/srv/m"' in machine.probed[1] and 'ReadWritePaths="/srv/m"' not in machine.probed[0]
    assert found["refusals"] == [
        "OLLAMA_HOST of ollama.service would be 127.0.0.1:11999, where it could not listen: no.",
        "ollama_server_models is /srv/m, but the sandbox of ollama.service (ReadWritePaths=\"/srv/m\") keeps the server from writing /srv: name"
        " another folder, or allow it in a drop-in of your own.",
    ]


def test_a_sandbox_that_cannot_be_tried_is_warned_of(machine: Host, plan: Callable[..., Any]) -> None:
    machine.told = [None]
    assert plan()["warnings"] == ["whether the sandbox of ollama.service allows the settings could not be tried: no sandbox here"]


def test_what_others_made_is_refused_before_all_else_and_nothing_is_tried(machine: Host, plan: Callable[..., Any]) -> None:
    theirs = machine.write("ollama.service.d/zz-keepwarm.conf", "[Service]\n")
    (sentence,) = plan()["refusals"]
    assert sentence.startswith(f"{theirs} (without the role's mark): not made by the role ollama_server")
    assert machine.probed == []
    assert plan(takeover=True)["refusals"] == []


def test_at_the_beginning_a_unit_to_come_is_not_judged(machine: Host, plan: Callable[..., Any]) -> None:
    machine.properties |= {"LoadState": "not-found", "FragmentPath": "", "ActiveState": "inactive"}
    assert plan(beginning=True, install="missing", ours=True)["refusals"] == []
    (sentence,) = plan(beginning=True)["refusals"]
    assert sentence.startswith("ollama.service is not-found on this host")
    expected = plan(check=True, may_come=True, install="missing", ours=True)
    assert (expected["refusals"], expected["expected"], expected["outlook"]["comes"], expected["due"]) == ([], True, True, True)
    assert plan(check=False, may_come=True)["expected"] is False


@pytest.mark.parametrize("beginning", [False, True])
def test_a_drop_in_that_costs_a_container_its_gpu_is_refused_at_once(
    machine: Host, plan: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, beginning: bool
) -> None:
    monkeypatch.setattr(planning, "containers_at_risk", lambda _run: ["webui"])
    (sentence,) = plan(beginning=beginning)["refusals"]
    assert "the containers webui would lose their GPU" in sentence
    assert sentence.endswith("set ollama_server_allow_daemon_reload to true and restart them afterwards.")
    allowed = plan(beginning=beginning, allow_daemon_reload=True)
    assert allowed["refusals"] == []
    written = machine.write("ollama.service.d/zz-keepwarm.conf", allowed["dropin"]["content"])
    machine.properties["DropInPaths"] = str(written)
    assert plan(beginning=beginning)["refusals"] == [], "systemd has read what is there"
    machine.properties["NeedDaemonReload"] = "yes"
    assert len(plan(beginning=beginning)["refusals"]) == 1


def test_a_folder_that_the_role_is_going_to_make_is_not_tried_at_the_beginning(machine: Host, plan: Callable[..., Any]) -> None:
    machine.told = [{"folder": "/srv", "usable": False, "address": None} for _probe in range(4)]
    given = {"folder": "/srv/m", "install": "missing", "ours": True}
    assert [len(plan(beginning=beginning, **given)["refusals"]) for beginning in (False, True)] == [1, 0]


def test_a_server_that_would_come_has_models_only_where_their_folder_is(machine: Host, plan: Callable[..., Any], tmp_path: Path) -> None:
    machine.properties |= {"LoadState": "not-found", "FragmentPath": "", "ActiveState": "inactive"}
    given = {"check": True, "may_come": True, "install": "missing", "ours": True, "restart": "never"}
    outlook = plan(**given)["outlook"]
    assert outlook == {"comes": True, "restarts": True, "empty": True, "url": URL, "environment": outlook["environment"]}
    assert outlook["environment"]["OLLAMA_HOST"] == "127.0.0.1:11999"
    assert plan(**given, grouped=True, folder=str(tmp_path))["outlook"]["empty"] is False
    assert plan(**given, grouped=True, folder=str(tmp_path / "none"))["outlook"]["empty"] is True
    assert plan(**given, grouped=True, account="root")["outlook"]["empty"] is False
    assert plan(**given, grouped=True, account="nobody-of-that-name")["outlook"]["empty"] is True


@pytest.mark.parametrize(("restart", "restarts"), [("auto", True), ("now", True), ("never", False)])
def test_whether_a_server_would_restart_is_in_its_outlook(
    machine: Host, running: Callable[..., None], plan: Callable[..., Any], restart: str, restarts: bool
) -> None:
    running(OLLAMA_HOST="127.0.0.1:11998", OLLAMA_DEBUG="1")
    machine.exchanges = [("http://127.0.0.1:11998/api/version", 500, {}), ("http://127.0.0.1:11998/api/ps", 200, {"models": []})]
    outlook = plan(restart=restart)["outlook"]
    assert (outlook["comes"], outlook["restarts"], outlook["empty"]) == (False, restarts, False)


def test_what_an_earlier_play_left_behind_is_still_to_be_done(machine: Host, plan: Callable[..., Any], running: Callable[..., None], tmp_path: Path) -> None:
    machine.write("ollama.service.d/zz-keepwarm.conf", plan()["dropin"]["content"])
    version = (f"{URL}/api/version", 200, {"version": "0.32.15"})
    running(OLLAMA_HOST="127.0.0.1:11999", OLLAMA_KEEP_ALIVE="1800s", OLLAMA_MAX_LOADED_MODELS="4", OLLAMA_DEBUG="1")
    machine.exchanges = [version]
    assert plan()["due"] is False
    for what in ("dropin", "models"):
        kept = tmp_path / f"state/ollama.service.{what}.json"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("{}")
        machine.exchanges = [version]
        found = plan()
        assert (found["due"], found["restorable"]) == (True, what == "models")
        kept.unlink()


def test_a_host_that_cannot_be_looked_at_is_refused_with_the_reason(machine: Host, ask: Callable[..., Any]) -> None:
    assert ask(unit="ollama", declared=declared())["plan"]["refusals"] == ["unit 'ollama' is not the name of a service: use a name such as ollama.service"]
    machine.version = ""
    assert ask(declared=declared())["plan"]["refusals"][0].startswith("this host has no systemd")
