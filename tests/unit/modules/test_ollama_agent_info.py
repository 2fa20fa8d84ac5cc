# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role learns of a host in one look, and every reason to refuse it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent import look
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.server.hold_file import Hold, write_hold
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd import host as systemd_host
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_agent_info
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries
from support.ansible_module import Entrance
from support.scripted_http import Exchange, ScriptedServer

NODE_EXPORTER = "/srv/textfiles"
FLAT = {
    "url": "", "unit": "ollama.service", "user": "ollama-warmup", "python": "/usr/bin/python3", "models": [], "interval": "3m", "jitter": 7,
    "load_timeout": "10m", "ready_timeout": "2m", "gate_timeout": "1m", "metrics_directory": NODE_EXPORTER,
}  # fmt: skip
TAGS = {"models": [{"name": "tiny-a:latest", "digest": "a" * 64, "size": 1}]}


class Gpu:
    """A host below a folder. `before`: what its server is started after; `lacks`: what its Python does not import."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.load_state, self.version = "loaded", "systemd 257 (257.8-1)"
        self.before: list[str] = []
        self.lacks: list[str] = []
        self.apprise: Any = {"apprise": "1.9", "refused": []}
        self.inputs: list[str] = []
        self.source: pathlib.Path | None = None
        self.unit = self.write("etc/systemd/system/ollama.service", "[Service]\nExecStart=/bin/ollama serve\n")

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, command: Sequence[str], data: str = "", **_given: Any) -> tuple[int, str, str]:
        if command[0] == sys.executable:
            self.inputs.append(data)
            if data:
                return 0, json.dumps(self.apprise), ""
            return 0, "".join(f"{name}\n" for name in command[4:] if name in self.lacks), ""
        answers: dict[str, Callable[[], str]] = {
            "--version": lambda: self.version,
            "show": lambda: self.shown(command),
            "--json=short": lambda: '{"type":"as","data":[]}',
            "image": lambda: '["OLLAMA_HOST=0.0.0.0:11434"]',
            "list-dependencies": lambda: "\n".join(["ollama.service", *(f"  {name}" for name in self.before)]),
            "is-active": lambda: "inactive",
        }
        return 0, answers[command[1]](), ""

    def shown(self, command: Sequence[str]) -> str:
        if command[-1] == "UnitPath":
            return f"UnitPath={self.root}/etc/systemd/system\n"
        fragment = self.unit if self.load_state == "loaded" else ""
        made = f"FragmentPath=/run/systemd/generator/ollama.service\nSourcePath={self.source}" if self.source else f"FragmentPath={fragment}"
        return f"Id={command[-1]}\nNames={command[-1]}\nLoadState={self.load_state}\nActiveState=active\nSubState=running\nMainPID=0\n{made}\n"


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Gpu:
    made = Gpu(tmp_path / "host")
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command, **given: made.run(command, **given))
    monkeypatch.setattr(ollama_agent_info, "ROOT", str(made.root))
    monkeypatch.setattr(systemd_host, "_readable_environment", lambda _pid: {})
    return made


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    return Entrance(ollama_agent_info.main, monkeypatch, capsys, tmp_path, python=sys.executable, metrics_directory=NODE_EXPORTER)


def servers(instances: Sequence[Any] = (), **settings: Any) -> list[dict[str, Any]]:
    """As the role's filter gives them."""
    flat = {**FLAT, **settings}
    found = server_entries(list(instances), "warmup", flat=flat, around={"unit": "ollama.service", "resident": flat["models"]})
    assert found["problems"] == []
    entries: list[dict[str, Any]] = found["instances"]
    return entries


def problems(module: Entrance, entries: list[dict[str, Any]], **options: Any) -> list[str]:
    found = module.succeed(servers=entries, check=True, **options)
    assert (found["changed"], found["problems"]) == (False, module.succeed(servers=entries, **options)["problems"])
    return list(found["problems"])


def test_a_host_in_order_has_no_problems(host: Gpu, module: Entrance) -> None:
    host.write("etc/systemd/system/ollama.service.d/mine.conf", "[Service]\nEnvironment=OLLAMA_HOST=0.0.0.0:12000\n")
    found = module.succeed(servers=servers())
    there = {"default": {"url": "http://127.0.0.1:12000", "container_network": False}}
    expected = {"held": [], "hold": "", "problems": [], "servers": there, "systemd": 257, "missing_libraries": []}
    assert {key: found[key] for key in expected} == expected
    assert host.inputs == [], "nothing is asked of the interpreter that no setting needs"


def test_each_server_has_its_address(host: Gpu, module: Entrance) -> None:
    two = [{"name": "a", "port": 11435}, {"name": "b", "port": 11436}]
    found = module.succeed(servers=servers(two))["servers"]
    assert {name: told["url"] for name, told in found.items()} == {"a": "http://127.0.0.1:11435", "b": "http://127.0.0.1:11436"}


@pytest.mark.parametrize(
    ("lines", "has_own"),
    [
        ("PublishPort=127.0.0.1:11434:11434", True),
        ("Network=host", False),
        ("Network=host\nNetwork=\nNetwork=llm.network", True),
        ("Network=llm.network\n[Service]\nNetwork=host", True),
    ],
)
def test_a_port_that_a_unit_of_podmans_passes_on_leads_into_another_network(host: Gpu, module: Entrance, lines: str, has_own: bool) -> None:
    """Of others: the role's own has the host's network."""
    host.source = host.write("etc/containers/systemd/ollama.container", f"[Container]\nImage=ollama/ollama\n{lines}\n")
    assert module.succeed(servers=servers())["servers"]["default"]["container_network"] is has_own


def test_load_balancers_are_not_answered_at_the_port_of_a_server(host: Gpu, module: Entrance) -> None:
    two = [{"name": "a", "port": 11435, "warmup": {"ready_listen": [11436]}}, {"name": "b", "port": 11436}]
    assert problems(module, servers(two)) == [
        "Load balancers of ollama@a.service would be answered at 0.0.0.0:11436, which is the port of the server at http://127.0.0.1:11436: give them another"
    ]
    assert len(problems(module, servers(ready_agent_listen=["127.0.0.1:11434"]))) == 1
    assert problems(module, servers(url="http://10.0.0.9:7", ready_listen=[7, 11434])) == []


def test_an_address_that_is_given_or_expected_comes_first(host: Gpu, module: Entrance) -> None:
    expected = {"expected_urls": {"ollama.service": "http://127.0.0.1:7"}}
    assert module.succeed(servers=servers(), **expected)["servers"]["default"]["url"] == "http://127.0.0.1:7"
    assert module.succeed(servers=servers(url="http://10.0.0.9:1"), **expected)["servers"]["default"]["url"] == "http://10.0.0.9:1"


def test_a_unit_that_is_not_there_is_refused_once_it_has_to_be(host: Gpu, module: Entrance) -> None:
    host.load_state = "not-found"
    sentence = "This host has no unit ollama.service: install Ollama, name its unit in ollama_warmup_unit, or give the server's address in ollama_warmup_url"
    assert problems(module, servers()) == []
    assert problems(module, servers(), unit_required=True) == [sentence]
    assert problems(module, servers(watch=True), unit_required=True) == [sentence]
    assert problems(module, servers(watch=True, url="http://127.0.0.1:9"), unit_required=True) == []
    assert problems(module, servers(), unit_required=True, expected_urls={"ollama.service": "http://127.0.0.1:7"}) == []
    assert problems(module, servers(url="http://10.0.0.9:1"), unit_required=True) == []


def test_a_watch_that_sees_nothing_says_so(host: Gpu, module: Entrance) -> None:
    """As before the container is there whose server is declared by its address."""
    host.load_state = "not-found"
    sentence = (
        "ollama_warmup_watch has nothing to watch at present: neither ollama.service nor a container of this host has a process of the server at"
        " http://127.0.0.1:9"
    )
    without, with_watch = (module.succeed(servers=servers(watch=watch, url="http://127.0.0.1:9")).get("warnings", []) for watch in (False, True))
    assert (sentence in without, sentence in with_watch) == (False, True)


def test_metrics_that_nobody_would_read_are_refused(host: Gpu, module: Entrance) -> None:
    (sentence,) = problems(module, servers(metrics=True))
    assert sentence.startswith(f"ollama_warmup_metrics_directory {NODE_EXPORTER} is no folder of this host: install node_exporter first")
    (host.root / NODE_EXPORTER[1:]).mkdir(parents=True)
    assert problems(module, servers(metrics=True)) == []


def test_an_interpreter_that_is_not_there_is_refused(host: Gpu, module: Entrance) -> None:
    sentence = "ollama_warmup_python /nowhere/python is no program on this host: give the path of a Python interpreter"
    assert problems(module, servers(), python="/nowhere/python", notify_addresses=["json://x"]) == [sentence]


@pytest.mark.parametrize(
    ("watch", "url", "own", "goes_on"),
    [
        (True, "http://192.168.1.7:11434", True, True),
        (True, "http://10.0.0.7:11434", False, False),
        (False, "http://10.0.0.7:11434", False, True),
        (True, "", False, True),
    ],
)
def test_another_machines_processes_cannot_be_watched(
    host: Gpu, module: Entrance, monkeypatch: pytest.MonkeyPatch, watch: bool, url: str, own: bool, goes_on: bool
) -> None:
    monkeypatch.setattr(look, "names_this_host", lambda _url: own)
    found = problems(module, servers(watch=watch, url=url))
    assert (found == []) is goes_on
    assert goes_on or "no address of it" in found[0]


def test_a_gate_at_which_the_server_would_wait_for_itself_is_refused(host: Gpu, module: Entrance) -> None:
    host.before = ["db.service", "network.target"]
    assert problems(module, servers(gates=[{"unit": "db.service"}, {"unit": "api.service"}])) == [
        "gates: ollama.service is itself started after db.service, so that each would wait for the other: take them off ollama_warmup_gates"
    ]


def test_what_others_made_is_refused_unless_it_is_to_be_taken_over(host: Gpu, module: Entrance) -> None:
    host.write("usr/local/bin/ollama-warmup", "#!/bin/sh\n")
    (sentence,) = problems(module, servers())
    assert sentence.startswith("/usr/local/bin/ollama-warmup (without the role's mark): not made by the role ollama_warmup")
    assert problems(module, servers(), takeover=True) == []


def test_a_model_that_nobody_installs_is_refused(host: Gpu, module: Entrance, server: ScriptedServer) -> None:
    entries = servers(url=server.url, models=["tiny-a", "missing:7b", {"name": "gone", "required": False}])
    server.expect(*[Exchange("GET /api/tags", None, 200, TAGS)] * 6)
    sentence = "not warm: missing:7b is not installed on the server: pull or create it first (ollama_model, or ollama pull missing:7b)"
    assert problems(module, entries) == [sentence]
    assert problems(module, entries, to_come=[{"name": "missing:7b"}]) == []
    assert problems(module, entries, to_come="other:1b, missing:7b") == []
    assert problems(module, entries, to_come=["*"]) == []


@pytest.mark.parametrize(("status", "said"), [(500, {"error": "x"}), (200, {"models": 3}), (200, [])])
def test_a_server_that_does_not_tell_its_models_is_not_refused(host: Gpu, module: Entrance, server: ScriptedServer, status: int, said: Any) -> None:
    server.expect(*[Exchange("GET /api/tags", None, status, said)] * 2)
    assert problems(module, servers(url=server.url, models=["missing:7b"])) == []


def test_libraries_that_settings_need_are_looked_for(host: Gpu, module: Entrance) -> None:
    (host.root / NODE_EXPORTER[1:]).mkdir(parents=True)
    host.lacks, host.apprise = ["apprise", "prometheus_client"], {"apprise": None, "refused": []}
    found = module.succeed(servers=servers(metrics=True), notify_addresses=["json://one.example"])
    assert found["missing_libraries"] == ["prometheus_client", "apprise"]
    host.lacks = []
    assert module.succeed(servers=servers(metrics=True))["missing_libraries"] == []


def test_the_interpreter_really_imports_what_it_is_asked_for(host: Gpu, module: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the program itself, which the fake host above only pretends to run."""

    def run(_module: Any, command: Sequence[str], **given: Any) -> tuple[int, str, str]:
        if command[0] != sys.executable or given.get("data"):
            return host.run(command, **given)
        done = subprocess.run([*command, "json", "no_such_library"], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    monkeypatch.setattr(AnsibleModule, "run_command", run)
    (host.root / NODE_EXPORTER[1:]).mkdir(parents=True)
    found = module.succeed(servers=servers(metrics=True))["missing_libraries"]
    assert "no_such_library" in found and "json" not in found


def test_addresses_that_apprise_does_not_understand_are_refused_by_their_places(host: Gpu, module: Entrance) -> None:
    host.apprise = {"apprise": "1.9", "refused": [0, 2]}
    addresses = ["junk://hunter2", "json://two.example", "junk://hunter3"]
    (sentence,) = problems(module, servers(), notify_addresses=addresses)
    assert sentence.startswith("Apprise 1.9 on this host does not understand ollama_warmup_notify_urls[0], ollama_warmup_notify_urls[2]: write it as")
    assert host.inputs[0] == "\n".join(addresses)
    assert "hunter" not in json.dumps(module.succeed(servers=servers(), notify_addresses=addresses))


def test_addresses_may_be_one_text_and_none_of_it_is_shown(host: Gpu, module: Entrance) -> None:
    host.apprise = {"apprise": "1.9", "refused": []}
    found = module.succeed(servers=servers(), notify_addresses="json://hunter2,mailto://a@x?to=b,c  json://hunter3")
    assert host.inputs[0] == "json://hunter2\nmailto://a@x?to=b,c\njson://hunter3"
    assert "hunter" not in json.dumps(found)


def test_a_server_that_waits_longer_for_a_load_is_warned_about(host: Gpu, module: Entrance) -> None:
    host.write("etc/systemd/system/ollama.service.d/mine.conf", "[Service]\nEnvironment=OLLAMA_LOAD_TIMEOUT=30m\n")
    assert module.succeed(servers=servers())["warnings"][0].startswith("OLLAMA_LOAD_TIMEOUT (30m, ollama_server_load_timeout) is longer")
    expected = {"ollama.service": {"OLLAMA_LOAD_TIMEOUT": "5m"}}
    assert module.succeed(servers=servers(), expected_environments=expected)["warnings"] == []


def test_a_systemd_that_is_too_old_is_one_sentence(host: Gpu, module: Entrance) -> None:
    host.version = "systemd 246"
    assert module.fail(servers=servers()) == "this host has systemd 246, but 247 is the oldest supported"


def hold(host: Gpu, name: str, seconds: float = 60, **said: str) -> None:
    now = time.time()
    write_hold(str(host.root / f"var/lib/ollama-warmup/{name}.hold"), Hold(until=now + seconds, since=now - 60, **said))


def test_a_host_on_hold_is_told_before_anything_else(host: Gpu, module: Entrance) -> None:
    host.load_state = "not-found"
    hold(host, "default", reason="new GPU", by="alice")
    found = module.succeed(servers=servers(), unit_required=True)
    assert (found["held"], found["problems"], found["servers"]) == (["default"], [], {})
    assert found["hold"].startswith("This host is on hold until 20")
    assert found["hold"].endswith(" by alice: new GPU. Wait, run 'ollama-warmup release' on it, or set ollama_warmup_override_hold.")
    overridden = module.succeed(servers=servers(), unit_required=True, override_hold=True)
    assert (overridden["held"], overridden["hold"]) == (["default"], "")
    assert overridden["problems"][0].startswith("This host has no unit ollama.service")


def test_the_servers_on_hold_are_named(host: Gpu, module: Entrance) -> None:
    two = servers([{"name": "a", "port": 11435}, {"name": "b", "port": 11436}, {"name": "c", "port": 11437}])
    for name in ("a", "c"):
        hold(host, name)
    hold(host, "other")
    assert module.succeed(servers=two, hold_only=True)["hold"].startswith("Instance a and c of this host is on hold until ")


def test_a_hold_is_looked_at_without_any_server(host: Gpu, module: Entrance) -> None:
    """Settings that cannot be read declare none."""
    hold(host, "default")
    assert module.succeed(servers=[], hold_only=True)["held"] == ["default"]


def test_a_hold_that_is_over_is_none(host: Gpu, module: Entrance) -> None:
    hold(host, "default", seconds=-1)
    assert module.succeed(servers=[], hold_only=True)["held"] == []


def test_garbage_is_no_hold_and_a_warning(host: Gpu, module: Entrance) -> None:
    host.write("var/lib/ollama-warmup/default.hold", "garbage")
    found = module.succeed(servers=[], hold_only=True)
    assert found["held"] == []
    assert "tells no hold" in found["warnings"][0]
