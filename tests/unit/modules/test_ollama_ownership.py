# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others made at a path of ours is refused by name, or kept and given back: through the modules, on a host in a folder."""

from __future__ import annotations

import functools
import json
import os
import pathlib
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent import on_host as agent
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent import removal as agent_removal
from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership import claiming
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal import server
from ansible_collections.keepwarm.ollama.plugins.module_utils._removal.steps import Executor
from ansible_collections.keepwarm.ollama.plugins.modules import ollama_agent
from support.ansible_module import Entrance
from support.direct import Claiming
from support.removal_host import Host

UNITS = "/etc/systemd/system"
COMMAND = "/usr/local/bin/ollama-warmup"
CONFIGURATION = "/etc/ollama-warmup/default.json"
LINK = "/srv/textfiles/ollama-warmup-default.prom"
LIBRARY = "/usr/local/lib/ollama-warmup"
MANIFEST = "/var/lib/keepwarm-ollama/ollama_warmup.json"
OURS = f"# Ansible managed {agent.MARK}\n"
THEIRS = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/bin/ollama-warmup\n"
CLAIMS = {
    "role": "ollama_warmup",
    "files": [COMMAND, f"{UNITS}/ollama-warmup.service", f"{UNITS}/ollama-warmup.timer", f"{UNITS}/my-api.service.d/50-ollama-warm-gate.conf", CONFIGURATION],
    "links": [{"path": LINK, "target": "/var/cache/ollama-warmup/"}],
    "folders": [LIBRARY],
    "command": COMMAND,
}
TEXTFILES = {"metrics_directory": "/srv/textfiles"}


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path / "host")
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, command: made.run(command))
    monkeypatch.setattr(agent, "look", functools.partial(agent.look, root=made.root))
    monkeypatch.setattr(agent_removal, "Executor", functools.partial(Executor, root=made.root))
    return made


@pytest.fixture
def ownership(host: Host) -> Claiming:
    return Claiming(host.root)


@pytest.fixture
def removal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> Entrance:
    return Entrance(ollama_agent.main, monkeypatch, capsys, tmp_path, state="absent")


def hand_made(host: Host) -> None:
    """As dozens of public repositories have it."""
    host.unit("ollama-warmup.service", THEIRS, wanted_by="multi-user.target")
    host.unit("ollama-warmup.timer", "[Timer]\nOnBootSec=1min\n", wanted_by="timers.target")
    host.write(COMMAND, "#!/bin/sh\ncurl http://localhost:11434/api/generate -d '{\"model\": \"x\"}'\n")
    host.write(f"{LIBRARY}/models.txt", "x\n")
    host.write(CONFIGURATION, '{"models": ["x"]}')
    host.link(LINK, "/srv/warmup.prom")


def install(host: Host) -> None:
    """What the role writes after its claim."""
    host.unit("ollama-warmup.service", OURS, "inactive", "ollama.service")
    host.unit("ollama-warmup.timer", OURS, wanted_by="paths.target")
    host.write(COMMAND, f"#!/usr/bin/python3 -I\n{OURS}")
    host.write(f"{LIBRARY}/abc/cli.py")
    host.write(CONFIGURATION, json.dumps({"managed_by": "keepwarm.ollama.ollama_warmup"}))
    host.link(LINK, "/var/cache/ollama-warmup/default/metrics.prom")


def contents(host: Host) -> dict[str, str]:
    """Every file, and where every link leads."""
    real = {path: pathlib.Path(host.root + path) for path in host.files()}
    return {path: os.readlink(file) if file.is_symlink() else file.read_text() for path, file in real.items() if file.is_symlink() or file.is_file()}


@pytest.mark.parametrize(
    ("path", "make", "what"),
    [
        (COMMAND, lambda host, path: host.write(path, "#!/bin/sh\n"), "without the role's mark"),
        (COMMAND, lambda host, path: host.write(path, f"#!/bin/sh\necho '{agent.MARK}'\n"), "without the role's mark"),
        (CONFIGURATION, lambda host, path: host.write(path, "{}"), "without the role's mark"),
        (CONFIGURATION, lambda host, path: host.write(path, "{"), "without the role's mark"),
        (CONFIGURATION, lambda host, path: host.write(path, '{"managed_by": "me", "policy": {}}'), "without the role's mark"),
        (f"{UNITS}/ollama-warmup.timer", lambda host, path: host.link(path, "/dev/null"), "masked"),
        (f"{UNITS}/ollama-warmup.timer", lambda host, path: host.link(path, "/srv/x.timer"), "a link to /srv/x.timer"),
        (f"{UNITS}/ollama-warmup.timer", lambda host, path: host.write(f"{path}/file"), "no regular file"),
        (f"{UNITS}/ollama-warmup.timer", lambda host, path: os.mkfifo(_parent(host, path)), "unreadable (it is no regular file)"),
        (
            f"{UNITS}/ollama-warmup.timer",
            lambda host, _path: host.write("/usr/lib/systemd/system/ollama-warmup.timer"),
            "it would hide /usr/lib/systemd/system/ollama-warmup.timer",
        ),
        (CLAIMS["files"][3], lambda host, path: host.write(path, "[Unit]\n"), "without the role's mark"),
        (LINK, lambda host, path: host.link(path, "/srv/mine"), "a link to /srv/mine"),
        (LINK, lambda host, path: host.write(path), "no link"),
        (LIBRARY, lambda host, path: host.write(f"{path}/mine"), "a folder of others"),
        (LIBRARY, lambda host, path: host.write(path), "no folder"),
    ],
)
def test_what_is_not_ours_is_refused_by_name_and_untouched(host: Host, ownership: Claiming, path: str, make: Any, what: str) -> None:
    make(host, path)
    before = host.files()
    for check in (True, False):
        message = ownership.fail(check=check, **CLAIMS)
        assert message.startswith(f"{path} ({'no regular file' if 'no regular' in what else what}): not made by the role ollama_warmup")
        assert "ollama_warmup_takeover to true" in message
    assert (host.files(), host.calls) == (before, [])


def _parent(host: Host, path: str) -> str:
    os.makedirs(os.path.dirname(host.root + path), exist_ok=True)
    return host.root + path


def test_all_of_it_is_named_at_once(host: Host, ownership: Claiming) -> None:
    hand_made(host)
    message = ownership.fail(**CLAIMS)
    theirs = [COMMAND, CONFIGURATION, LINK, LIBRARY, *(f"{UNITS}/ollama-warmup.{kind}" for kind in ("service", "timer"))]
    assert [path for path in theirs if path not in message] == []


def test_what_is_ours_or_free_is_claimed_once(host: Host, ownership: Claiming) -> None:
    assert ownership.succeed(check=True, **CLAIMS)["changed"] and MANIFEST not in host.files()
    assert ownership.succeed(**CLAIMS)["taken"] == []
    install(host)
    assert not ownership.succeed(**CLAIMS)["changed"]
    assert host.calls == []


def test_a_host_from_before_there_was_a_manifest_is_ours_by_its_command(host: Host, ownership: Claiming) -> None:
    install(host)
    host.write(CONFIGURATION, json.dumps(dict.fromkeys(["url", "unit", "policy", "deadlines", "context_reloads"])))
    ownership.succeed(**CLAIMS)
    assert json.loads(host.text(MANIFEST))["folders"] == [LIBRARY]


def test_a_takeover_and_a_removal_leave_the_host_as_it_was(host: Host, ownership: Claiming, removal: Entrance) -> None:
    hand_made(host)
    before, active = contents(host), {name: unit.active_state for name, unit in host.memory.items()}
    expected = ownership.succeed(check=True, takeover=True, **CLAIMS)
    assert (contents(host), host.calls) == (before, [])
    done = ownership.succeed(takeover=True, **CLAIMS)
    assert (done["taken"], done["changed"]) == (expected["taken"], expected["changed"])
    assert host.calls[-3:] == ["systemctl stop -- ollama-warmup.timer", "systemctl stop -- ollama-warmup.service", "systemctl daemon-reload"]
    install(host)
    assert not ownership.succeed(takeover=True, **CLAIMS)["changed"]
    predicted = removal.succeed(check=True, **TEXTFILES)
    assert removal.succeed(**TEXTFILES)["steps"] == predicted["steps"]
    assert contents(host) == before
    assert host.started == [*sorted(active)]
    assert removal.succeed()["steps"] == []


@pytest.mark.parametrize("killed_at", ["write_manifest", "_stop", "unlink", "rename"])
def test_a_takeover_that_was_killed_is_taken_up_and_still_given_back(
    host: Host, ownership: Claiming, removal: Entrance, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    hand_made(host)
    before = contents(host)
    takeover = claiming.Ownership
    place = {"write_manifest": "ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.takeover.write_manifest"}
    with monkeypatch.context() as patched:
        if killed_at == "_stop":
            patched.setattr(takeover, "_stop", _die)
        else:
            patched.setattr(place.get(killed_at, f"os.{killed_at}"), _die)
        with pytest.raises(KeyboardInterrupt):
            ownership.succeed(takeover=True, **CLAIMS)
    ownership.succeed(takeover=True, **CLAIMS)
    install(host)
    removal.succeed(**TEXTFILES)
    assert contents(host) == before


def _die(*_arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_copy_of_an_earlier_takeover_is_not_overwritten(host: Host, ownership: Claiming) -> None:
    host.write(COMMAND, "mine")
    host.write(f"{COMMAND}.before-keepwarm", "older")
    assert ownership.fail(takeover=True, **CLAIMS).startswith(f"{COMMAND}.before-keepwarm: a copy of what was taken over earlier")
    assert (host.text(COMMAND), host.text(f"{COMMAND}.before-keepwarm")) == ("mine", "older")


def test_a_manifest_that_tells_nothing_is_one_sentence(host: Host, ownership: Claiming, removal: Entrance) -> None:
    host.write(MANIFEST, '{"users": 3}')
    assert ownership.fail(**CLAIMS) == removal.fail()
    assert ownership.fail(**CLAIMS).startswith(f"{MANIFEST} is not what the role ollama_warmup wrote there")


def test_an_account_that_was_there_stays(host: Host, ownership: Claiming, removal: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its comment says: the manifest tells which one the role made."""
    host.account("ollama-warmup", 990, agent.ACCOUNT, "/home/x")
    monkeypatch.setattr(claiming, "new_users", lambda names: [name for name in names if name not in host.text("/etc/passwd")])
    ownership.succeed(users=["ollama-warmup"], **CLAIMS)
    removal.succeed()
    assert "ollama-warmup" in host.text("/etc/passwd")


def test_a_server_that_made_way_serves_again_after_the_removal(host: Host, ownership: Claiming) -> None:
    unit = f"{UNITS}/ollama.service"
    host.unit("ollama.service", "[Service]\n", wanted_by="default.target")
    before, way = contents(host), {"role": "ollama_server", "replaced": [unit]}
    assert (ownership.succeed(check=True, **way)["taken"], host.calls) == ([unit], [])
    assert ownership.succeed(**way)["taken"] == [unit]
    assert (host.memory["ollama.service"].active_state, f"{UNITS}/default.target.wants/ollama.service" in host.files()) == ("inactive", False)
    assert not ownership.succeed(**way)["changed"]
    host.unit("ollama@.service", "# (keepwarm.ollama.ollama_server)\n")
    settings = functools.partial(server.look_at_settings, host.run, host.root)
    assert settings().resumed() == ["ollama.service"]
    executor = Executor(host.run, host.root)
    executor.carry_out(settings().remove())
    executor.carry_out(settings().give_back())
    executor.carry_out(server.look_at_files("/opt/ollama", [], False, host.root).remove())
    assert (contents(host), host.started) == (before, ["ollama.service"])
