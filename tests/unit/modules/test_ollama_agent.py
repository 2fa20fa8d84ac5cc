# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole agent of a host through the module: check mode, run, second run, on a host in a folder."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.filter.agent_files import agent_files
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent import account, configure
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership import claiming
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_agent
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._server_entries import server_entries
from support.ansible_module import Entrance
from support.legacy_runtime import ALL, container, docker, make_legacy
from support.systemd_manager import UNITS, Systemd

TEMPLATES = str(pathlib.Path(__file__).parents[3] / "roles/ollama_warmup/templates")
COMMAND, LIBRARY = "/usr/local/bin/ollama-warmup", "/usr/local/lib/ollama-warmup"
CONFIGURATION = "/etc/ollama-warmup/default.json"
TEXTFILES = "/srv/textfiles"
FLAT = {
    "url": "", "unit": "ollama.service", "user": "ollama-warmup", "python": "/usr/bin/python3", "models": ["a"], "interval": "3m", "jitter": 7,
    "load_timeout": "10m", "ready_timeout": "2m", "gate_timeout": "1m", "metrics_directory": TEXTFILES,
}  # fmt: skip
PLAIN = [
    f"{UNITS}/ollama-cold.target",
    f"{UNITS}/ollama-warm.target",
    f"{UNITS}/ollama-warmup-wake.path",
    f"{UNITS}/ollama-warmup.service",
    f"{UNITS}/ollama-warmup.timer",
]


class Gpu(Systemd):
    """A host with Ollama's unit. `accepts`: whether the agent takes its configuration."""

    def __init__(self, root: pathlib.Path) -> None:
        super().__init__(root)
        self.accepts = True
        self.made: list[str] = []
        for folder in ("/usr/local/bin", "/var/lib", "/var/cache", TEXTFILES):
            (root / folder[1:]).mkdir(parents=True)
        self.write(f"{UNITS}/ollama.service", "[Service]\nExecStart=/usr/bin/ollama serve\n")

    def run(self, command: Sequence[str], **options: Any) -> tuple[int, str, str]:
        if command[:2] == [COMMAND, "validate"]:
            json.loads(pathlib.Path(command[2]).read_text())
            return (0, "", "") if self.accepts else (2, "", "policy: no\nmodels\n")
        if command[0] == sys.executable:
            return subprocess.run(command, check=False).returncode, "", ""
        if command[0] in ("groupadd", "useradd"):
            self.made.append(command[0])
            return 0, "", ""
        if command[1] == "is-active":
            return 3, "inactive", ""
        if command[0] == "env":
            return docker(command, [container("ollama", "nvidia", ALL)])
        return super().run(command, **options)

    def ours(self) -> list[str]:
        """Unit files and drop-ins of the role, and what else is there of it."""
        top = pathlib.Path(self.root)
        files = ["/" + str(path.relative_to(top)) for path in sorted(top.rglob("*")) if path.is_file() or path.is_symlink()]
        return [path for path in files if "ollama-warm" in path or "ollama-cold" in path or path.startswith(TEXTFILES)]


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Gpu:
    made = Gpu(tmp_path / "host")
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command, **options: made.run(command, **options))
    monkeypatch.setattr(ollama_agent, "ROOT", made.root)
    monkeypatch.setattr(account, "_user", lambda _name: os.getuid() if "useradd" in made.made else None)
    monkeypatch.setattr(account, "_group", lambda _name: os.getgid() if "groupadd" in made.made else None)
    monkeypatch.setattr(claiming, "new_users", lambda names: [name for name in names if "useradd" not in made.made])
    monkeypatch.setattr(ollama_agent, "SUPERUSER", (os.getuid(), os.getgid()))
    return made


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    return Entrance(ollama_agent.main, monkeypatch, capsys, tmp_path)


@pytest.fixture
def wanted(tmp_path: pathlib.Path) -> Callable[..., dict[str, Any]]:
    """The module's options, as the role gives them. `instances`: several servers."""
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "main.py").write_text("A = 1\n")

    def call(instances: Sequence[Any] = (), addresses: Sequence[str] = (), takeover: bool = False, **settings: Any) -> dict[str, Any]:
        around = {"unit": "ollama.service", "resident": settings.get("models", FLAT["models"])}
        found = server_entries(list(instances), "warmup", flat={**FLAT, **settings}, around=around)
        assert found["problems"] == []
        answering = {one["name"]: {"url": one["url"] or "http://127.0.0.1:11434", "container_network": False} for one in found["instances"]}
        look = {"systemd": 257, "servers": answering}
        shared = {"user": "ollama-warmup", "python": sys.executable, "notify_urls": list(addresses), "metrics_directory": TEXTFILES}
        files = agent_files(found["instances"], look, TEMPLATES, {"ollama_warmup": str(sources)}, shared)
        return {"files": files, "python": sys.executable, "notify_addresses": list(addresses), "takeover": takeover}

    return call


def thrice(agent: Entrance, host: Gpu, **options: Any) -> dict[str, Any]:
    """What a run did; check mode must have said the same, and a second run must find nothing to do."""
    before = host.ours()
    host.calls.clear()
    expected = agent.succeed(check=True, diff=True, **options)
    assert (host.ours(), host.calls, expected["changed"]) == (before, [], True)
    done = agent.succeed(diff=True, **options)
    assert (done["steps"], done["written"], done["diff"]) == (expected["steps"], expected["written"], expected["diff"])
    host.calls.clear()
    again = agent.succeed(**options)
    assert (again["changed"], again["steps"], again["diff"], host.calls) == (False, [], [], [])
    return done


def test_a_host_without_any_gets_all_of_it(agent: Entrance, host: Gpu, wanted: Any) -> None:
    done = thrice(agent, host, **wanted())
    assert [path for path in host.ours() if path.startswith(UNITS) and ".wants/" not in path] == PLAIN
    assert (done["written"], host.made) == (7, ["groupadd", "useradd"])
    assert done["steps"][:4] == ["claim", "create group ollama-warmup", "create user ollama-warmup", done["steps"][3]]
    assert done["steps"][3].startswith("install the program, version ")
    assert done["steps"][-1] == "start ollama-warmup.timer"
    assert json.loads(host.text(CONFIGURATION))["policy"]["models"][0]["name"] == "a"
    assert host.text(COMMAND).startswith(f"#!{sys.executable} -I\n")
    assert os.stat(host.root + COMMAND).st_mode & 0o777 == 0o755


def test_an_agent_whose_units_cost_a_container_its_gpu_is_refused_before_anything_is_made(agent: Entrance, host: Gpu, wanted: Any) -> None:
    make_legacy(pathlib.Path(host.root))
    before = host.ours()
    assert "the containers ollama would lose their GPU" in agent.fail(**wanted(), allow_daemon_reload=False)
    assert (host.ours(), host.made, host.calls) == (before, [], [])
    done = agent.succeed(**wanted(), allow_daemon_reload=True)
    assert [warning for warning in done["warnings"] if "may have lost their GPU: ollama" in warning]
    changed = agent.succeed(**wanted(models=["b"]), allow_daemon_reload=False)
    assert (f"write {CONFIGURATION}" in changed["steps"], "daemon-reload" in changed["steps"]) == (True, False)


def test_the_diff_shows_the_program_as_one_line(agent: Entrance, host: Gpu, wanted: Any) -> None:
    shown = agent.succeed(diff=True, **wanted())["diff"]
    (program,) = [one["after"] for one in shown if one["after"].startswith("install the program")]
    assert len(program.splitlines()) == 1
    assert any('"name": "a"' in one["after"] for one in shown)


def test_another_declaration_is_announced_and_begins_a_pass(agent: Entrance, host: Gpu, wanted: Any) -> None:
    agent.succeed(**wanted(models=[{"name": "a", "num_ctx": 256}]))
    host.set("ollama-warmup.timer", "active", "waiting", since=-3600)
    options = wanted(models=[{"name": "a", "num_ctx": 128}])
    announced = ["num_ctx of a changes from 256 to 128: it is reloaded once, if it is in memory with another context"]
    assert agent.succeed(check=True, **options)["warnings"] == announced
    done = agent.succeed(**options)
    assert (done["steps"], done["warnings"], done["written"]) == ([f"write {CONFIGURATION}", "restart ollama-warmup.timer"], announced, 1)


def test_a_configuration_that_the_agent_does_not_take_is_not_written(agent: Entrance, host: Gpu, wanted: Any) -> None:
    agent.succeed(**wanted())
    before, host.accepts = host.text(CONFIGURATION), False
    assert agent.fail(**wanted(models=["b"])) == "the agent does not accept its configuration: policy: no models"
    assert host.text(CONFIGURATION) == before


def test_units_that_systemd_does_not_take_are_not_written(agent: Entrance, host: Gpu, wanted: Any) -> None:
    host.verdict = "nonsense"
    assert agent.fail(**wanted()).startswith("systemd does not accept the units: ")
    assert [path for path in host.ours() if path.startswith(UNITS)] == []


EVERYTHING = {
    "watch": True,
    "metrics": True,
    "restart_server": "when_stuck",
    "gates": [{"unit": "my-api.service"}, {"unit": "batch.service", "mode": "want"}],
}


def test_every_feature_comes_and_goes(agent: Entrance, host: Gpu, wanted: Any) -> None:
    agent.succeed(**wanted())
    plain = host.ours()
    done = thrice(agent, host, **wanted(addresses=["json://u:secret@one.example"], **EVERYTHING))
    there = host.ours()
    link = f"{TEXTFILES}/ollama-warmup-default.prom"
    assert os.readlink(host.root + link) == "/var/cache/ollama-warmup/default/metrics.prom"
    for path in (
        f"{UNITS}/ollama-warmup-watch.service",
        f"{UNITS}/ollama-warmup-restart.path",
        f"{UNITS}/ollama-warmup-notify.path",
        f"{UNITS}/ollama-warm-gate.service",
        f"{UNITS}/ollama-warm-gate-want.service",
        f"{UNITS}/my-api.service.d/50-ollama-warm-gate.conf",
        f"{UNITS}/batch.service.d/50-ollama-warm-gate.conf",
    ):
        assert path in there
    assert done["warnings"][0].startswith("my-api.service, batch.service: no such unit on this host. Its gate is in place:")
    thrice(agent, host, **wanted())
    assert host.ours() == plain


def test_addresses_of_notifications_are_root_s_and_never_shown(agent: Entrance, host: Gpu, wanted: Any) -> None:
    done = agent.succeed(diff=True, **wanted(addresses=["json://u:secret@one.example", "mailto://two"]))
    path = "/etc/ollama-warmup/default.notify-urls"
    assert host.text(path) == "# Ansible managed (keepwarm.ollama.ollama_warmup)\njson://u:secret@one.example\nmailto://two\n"
    assert os.stat(host.root + path).st_mode & 0o777 == 0o600
    assert "secret" not in json.dumps(done)
    assert {"before_header": path, "after_header": path, "before": "", "after": "(not shown)\n"} in done["diff"]


def test_metrics_move_with_their_folder(agent: Entrance, host: Gpu, wanted: Any) -> None:
    agent.succeed(**wanted(metrics=True))
    moved = wanted(metrics=True, metrics_directory="/srv/others")
    moved["files"]["servers"][0]["metrics_directory"] = "/srv/others"
    os.mkdir(f"{host.root}/srv/others")
    thrice(agent, host, **moved)
    assert (host.exists(f"{TEXTFILES}/ollama-warmup-default.prom"), host.exists("/srv/others/ollama-warmup-default.prom")) == (False, True)


def test_a_metrics_file_that_is_there_is_left_alone(agent: Entrance, host: Gpu, wanted: Any) -> None:
    agent.succeed(**wanted(metrics=True))
    host.write("/var/cache/ollama-warmup/default/metrics.prom", "up 1\n")
    assert agent.succeed(**wanted(metrics=True))["changed"] is False
    assert host.text("/var/cache/ollama-warmup/default/metrics.prom") == "up 1\n"


TWO = [{"name": "a", "port": 11435}, {"name": "b", "port": 11436, "models": ["m"], "warmup": {"watch": True}}]


def test_servers_that_are_not_declared_any_more_lose_all_of_theirs(agent: Entrance, host: Gpu, wanted: Any) -> None:
    thrice(agent, host, **wanted(TWO))
    assert json.loads(host.text("/etc/ollama-warmup/b.json"))["url"] == "http://127.0.0.1:11436"
    assert host.exists(f"{UNITS}/ollama-warmup-watch@b.service")
    host.write("/var/lib/ollama-warmup/b/state.json", "{}")
    host.write("/var/lib/ollama-warmup/b.hold", "{}")
    host.write("/etc/ollama-warmup/mine.json", "{}")
    done = thrice(agent, host, **wanted(TWO[:1]))
    assert [path for path in host.ours() if "@b" in path or "/b" in path.replace("/bin", "")] == []
    assert done["steps"][0].startswith("stop ollama-warmup")
    assert host.text("/etc/ollama-warmup/mine.json") == "{}"
    assert host.exists(f"{UNITS}/ollama-warmup@a.timer")


def test_what_others_made_is_refused_before_anything_is_made(agent: Entrance, host: Gpu, wanted: Any) -> None:
    host.write(f"{UNITS}/ollama-warmup.timer", "[Timer]\n")
    host.write(COMMAND, "#!/bin/sh\n")
    before = host.ours()
    for check in (True, False):
        sentence = agent.fail(check=check, **wanted())
        assert f"{COMMAND} (without the role's mark)" in sentence and f"{UNITS}/ollama-warmup.timer" in sentence
    assert (host.ours(), host.made) == (before, [])


def test_a_takeover_keeps_what_others_made_aside(agent: Entrance, host: Gpu, wanted: Any) -> None:
    theirs = [COMMAND, CONFIGURATION, f"{UNITS}/ollama-warmup.timer"]
    for path in theirs:
        host.write(path, "theirs")
    done = thrice(agent, host, **wanted(takeover=True))
    assert done["steps"][0] == f"claim {' '.join(sorted(theirs, key=lambda path: (not path.endswith('.timer'), path != COMMAND)))}"
    assert [host.text(f"{path}.before-keepwarm") for path in theirs] == ["theirs"] * 3


@pytest.mark.parametrize("killed_at", ["_claim", "_install", "_serve", "_configure", "_units"])
def test_a_run_that_was_killed_is_finished_by_the_next(agent: Entrance, host: Gpu, wanted: Any, monkeypatch: pytest.MonkeyPatch, killed_at: str) -> None:
    def die(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(configure.Agent, killed_at, die)
        with pytest.raises(KeyboardInterrupt):
            agent.run(**wanted())
    thrice(agent, host, **wanted())
    assert [path for path in host.ours() if path.startswith(UNITS) and ".wants/" not in path] == PLAIN


def test_a_file_with_another_mode_gets_its_own(agent: Entrance, host: Gpu, wanted: Any) -> None:
    agent.succeed(**wanted())
    os.chmod(host.root + COMMAND, 0o700)
    host.set("ollama-warmup.timer", "active", "waiting", since=1.0)  # it began after that: only the mode is to be told
    assert agent.succeed(check=True, **wanted())["steps"] == [f"give {COMMAND} its owner and mode"]
    agent.succeed(**wanted())
    assert os.stat(host.root + COMMAND).st_mode & 0o777 == 0o755


def test_an_account_that_cannot_be_made_is_one_sentence(agent: Entrance, host: Gpu, wanted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = host.run
    answers = {"groupadd": (10, "", "groupadd: cannot open\n/etc/group\n")}
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command, **_given: answers.get(command[0]) or run(command))
    assert agent.fail(**wanted()) == "groupadd failed: groupadd: cannot open /etc/group"
